// Which files are pictures, by what their first bytes say, and the files in dropped folders.
import { page } from "../page.js";

const START = 512; // bytes that are read of a file to know its format
// Brands of ISO base media files (ISO/IEC 23008-12, AVIF 1.1); other `ftyp` files are videos.
const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx"];
const AVIF = ["avif", "avis"];
// What systems put into folders by themselves: nobody chose it, nobody needs to hear of it.
const LITTER = /^(\.|thumbs\.db$|desktop\.ini$)/i;

export const isLitter = (file) => LITTER.test(file.name);

function typeOf(bytes) {
  const text = String.fromCharCode(...bytes);
  if (text.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (/^GIF8[79]a/.test(text)) return "image/gif";
  if (/^RIFF[^]{4}WEBP/.test(text)) return "image/webp";
  if (text.slice(4, 8) !== "ftyp") return "";
  const end = bytes[2] * 256 + bytes[3]; // no ftyp box is longer
  const brands = [text.slice(8, 12)];
  for (let at = 16; at < end; at += 4) brands.push(text.slice(at, at + 4));
  if (brands.some((brand) => AVIF.includes(brand))) return "image/avif";
  return brands.some((brand) => HEIC.includes(brand)) ? "image/heic" : "";
}

/**
 * What is known of a file before it is sent: `{type}`, or `{reason}` why it is refused. Its name
 * and declared type have no say.
 */
export async function examine(file) {
  if (file.size === 0) return { reason: "empty" };
  let bytes;
  try {
    bytes = new Uint8Array(await file.slice(0, START).arrayBuffer());
  } catch {
    return { reason: "unreadable" };
  }
  const type = typeOf(bytes);
  if (!type) return { reason: "unsupported_format" };
  if (file.size > page.maxBytes) return { reason: "too_large" };
  return { type };
}

const END = 16_384;

/**
 * What tells one file from any other for all that matters here: a hash of its size, beginning and
 * end. Throws where the file cannot be read any more.
 */
export async function fingerprint(file) {
  const parts = new Blob([file.slice(0, END), file.slice(-END), String(file.size)]);
  const bytes = await parts.arrayBuffer();
  // Without HTTPS there is no crypto.subtle, and a file is told by what the system says of it.
  if (!crypto.subtle) return [file.name, file.size, file.lastModified].join("/");
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).subarray(0, 12);
  return btoa(String.fromCharCode(...hash));
}

const entriesOf = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** Yields the files of an entry, and null for each file or folder that cannot be read. */
async function* walk(entry) {
  try {
    if (entry.isFile) {
      yield await fileOf(entry);
      return;
    }
    const reader = entry.createReader();
    // A reader hands out a hundred at a time, until it hands out none.
    for (let some = await entriesOf(reader); some.length; some = await entriesOf(reader)) {
      for (const each of some) yield* walk(each);
    }
  } catch {
    yield null;
  }
}

/** Yields the files of a drop, and null for what cannot be read; `folder` where it was in one. */
export async function* filesOf(entries, plain) {
  if (!entries.some((entry) => entry?.isDirectory)) {
    for (const file of plain) yield { file };
    return;
  }
  for (const entry of entries) {
    if (!entry) continue;
    for await (const file of walk(entry)) yield { file, folder: entry.isDirectory };
  }
}
