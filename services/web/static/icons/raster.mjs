// Draws the gallery's mark as PNG for home screens, which take no SVG. The one source is favicon.svg:
// a square of rounded rectangles.
import { deflateSync } from "node:zlib";

const NUMBER = /([a-z]+)="([^"]*)"/g;
const SAMPLES = 4; // a side, for each pixel

function rectangles(svg) {
  return [...svg.matchAll(/<rect [^>]*>/g)].map(([tag]) => {
    const said = Object.fromEntries([...tag.matchAll(NUMBER)].map(([, name, value]) => [name, value]));
    const [x, y, width, height, r] = ["x", "y", "width", "height", "rx"].map((k) => Number(said[k] ?? 0));
    const colour = [1, 3, 5].map((at) => Number.parseInt(said.fill.slice(at, at + 2), 16));
    return { x, y, width, height, r, colour };
  });
}

function covers({ x, y, width, height, r }, px, py) {
  const dx = Math.max(x + r - px, px - (x + width - r), 0);
  const dy = Math.max(y + r - py, py - (y + height - r), 0);
  const inside = px >= x && px <= x + width && py >= y && py <= y + height;
  return inside && (r === 0 || dx * dx + dy * dy <= r * r);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/**
 * The mark as a PNG of `side` pixels. A `maskable` one fills the square and keeps the mark within the
 * middle four fifths, as systems cut it to their own shape (W3C, Web Application Manifest, "masks").
 */
export function png(svg, side, { maskable = false } = {}) {
  const [ground, ...marks] = rectangles(svg);
  const scale = ground.width * (maskable ? 1.25 : 1);
  const inset = (scale - ground.width) / 2;
  const rows = Buffer.alloc(side * (1 + 4 * side)); // a filter byte before each row, RGBA
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES ** 2; sample++) {
        const px = ((x + ((sample % SAMPLES) + 0.5) / SAMPLES) / side) * scale - inset;
        const py = ((y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / side) * scale - inset;
        const mark = marks.find((one) => covers(one, px, py));
        const colour = mark?.colour ?? (maskable || covers(ground, px, py) ? ground.colour : null);
        if (!colour) continue;
        for (let at = 0; at < 3; at++) sum[at] += colour[at];
        sum[3] += 1;
      }
      const at = y * (1 + 4 * side) + 1 + 4 * x;
      for (let part = 0; part < 3; part++) rows[at + part] = sum[3] ? Math.round(sum[part] / sum[3]) : 0;
      rows[at + 3] = Math.round((255 * sum[3]) / SAMPLES ** 2);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits, RGBA (PNG, 11.2.1)
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
