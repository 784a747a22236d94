// Which files are pictures, and the files in dropped folders.
import { page } from "../page.js";

/** The declared type of a file: the browser's, or what its extension says; "" if neither knows. */
export function typeOf(file) {
  if (file.type) return file.type;
  const name = file.name.toLowerCase();
  const known = Object.entries(page.types).find(([, ends]) => ends.some((end) => name.endsWith(end)));
  return known?.[0] ?? "";
}

/** Why a file is refused before a byte of it is sent, as a reason's code, or null. */
export function refusal(file) {
  if (file.size === 0) return "empty";
  if (!(typeOf(file) in page.types)) return "unsupported_format";
  if (file.size > page.maxBytes) return "too_large";
  return null;
}

const entriesOf = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function* walk(entry) {
  if (entry.isFile) {
    yield await fileOf(entry);
    return;
  }
  const reader = entry.createReader();
  // A reader hands out a hundred at a time, until it hands out none.
  for (let some = await entriesOf(reader); some.length; some = await entriesOf(reader)) {
    for (const each of some) yield* walk(each);
  }
}

/** The files of a drop. What is no picture inside a folder is left out and counted. */
export async function filesOf(entries, plain) {
  if (!entries.some((entry) => entry?.isDirectory)) return { files: plain, leftOut: 0 };
  const files = [];
  let leftOut = 0;
  for (const entry of entries) {
    if (!entry) continue;
    for await (const file of walk(entry)) {
      if (entry.isFile || typeOf(file) in page.types) files.push(file);
      else if (!file.name.startsWith(".")) leftOut += 1;
    }
  }
  return { files, leftOut };
}
