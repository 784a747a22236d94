// File names for a ZIP that can be unpacked on Windows, macOS and Linux, each of them once.

const MOST_BYTES = 180; // of a name without its ending: systems take 255 bytes, and old Windows a path of 260

// What Windows forbids, and what no file name should hold: controls, marks that turn the direction of
// text around to hide an ending, invisible spaces, half of a surrogate pair.
const FORBIDDEN =
  /[<>:"/\\|?*\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}|\p{Noncharacter_Code_Point}/gu;
// Windows takes these for devices, whatever comes after a dot.
// Source: Microsoft, "Naming Files, Paths, and Namespaces".
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i;
const PICTURE = /\.(jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|hif)$/i;

const encoder = new TextEncoder();

function bounded(text) {
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > MOST_BYTES) break;
    kept += character;
  }
  return kept;
}

/** A name without an ending that is safe everywhere; `instead` where nothing is left of it. */
export function safeStem(name, instead) {
  let stem = name.normalize("NFC").replace(FORBIDDEN, "_").trim();
  // A dot in front hides a file; Windows drops dots and spaces at the end.
  stem = bounded(stem).replace(/^[.\s]+|[.\s]+$/g, "");
  if (DEVICE.test(stem)) stem = `_${stem}`;
  return stem || instead;
}

/** What names that a file system takes for the same have in common: case, and how accents are written. */
const folded = (name) => name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");

/** Returns a function that gives each file a name of its own, such as `beach (2).jpg`. */
export function uniqueNames() {
  const taken = new Set();
  const last = new Map();
  return (name, extension, instead) => {
    const stem = safeStem(name.replace(PICTURE, ""), instead);
    const kind = folded(`${stem}.${extension}`);
    for (let number = last.get(kind) ?? 1; ; number += 1) {
      const unique = number === 1 ? `${stem}.${extension}` : `${stem} (${number}).${extension}`;
      if (taken.has(folded(unique))) continue;
      taken.add(folded(unique));
      last.set(kind, number + 1);
      return unique;
    }
  };
}
