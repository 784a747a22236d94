// Sharp, answering one JSON line for each on standard input: {works: [...]} → [{cpu_ms, wall_ms}].
// "sharp" is its documented way, clone() for each output; "sharp-best" decodes once to raw pixels and
// makes each size from the next larger one.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const QUALITY = 80;

function encoded(image, format) {
  if (format === "webp") return image.webp({ quality: QUALITY, effort: 4 });
  if (format === "png") return image.png({ compressionLevel: 6 });
  return image.jpeg({ quality: QUALITY, chromaSubsampling: "4:2:0" });
}

// Like ours: only the smallest size may enlarge.
function fit(size, work) {
  return { fit: "inside", withoutEnlargement: size !== work.sizes[0] };
}

async function cloned(data, work) {
  const source = sharp(data, { pages: work.animated ? -1 : 1 }).autoOrient();
  const outputs = [];
  for (const size of work.sizes) {
    const image = source.clone().resize(size, size, fit(size, work));
    for (const format of work.formats) {
      outputs.push(await encoded(image.clone(), format).toBuffer());
    }
  }
  return outputs;
}

async function best(data, work) {
  const outputs = [];
  let source = sharp(data).autoOrient();
  for (const size of [...work.sizes].reverse()) {
    const { data: pixels, info } = await source
      .resize(size, size, fit(size, work))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const made = [];
    for (const format of work.formats) {
      made.push(await encoded(sharp(pixels, { raw }), format).toBuffer());
    }
    outputs.unshift(...made);
    source = sharp(pixels, { raw });
  }
  return outputs;
}

for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line);
  const data = readFileSync(work.path);
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  const outputs = await (work.engine === "sharp-best" ? best : cloned)(data, work);
  const spent = process.cpuUsage(cpu);
  const answer = {
    cpu_ms: (spent.user + spent.system) / 1000,
    wall_ms: Number(process.hrtime.bigint() - wall) / 1e6,
    peak_mib: Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024,
    bytes: outputs.map((output) => output.length),
  };
  if (work.keep) outputs.forEach((output, index) => writeFileSync(`${work.keep}-${index}`, output));
  console.log(JSON.stringify(answer));
}
