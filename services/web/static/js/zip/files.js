// Photos to files: a few are fetched at once, ahead of the one that is being written, and no more
// than memory bears.
import { uniqueNames } from "./names.js";
import { photoAnew } from "./photos.js";
import { fetchWhole } from "./whole.js";

const AHEAD = 4; // files
const MOST_BYTES = 48e6; // of files that wait to be written, beyond the one that comes next

/** What of a photo is saved: as it was uploaded where that is wanted and kept, else the largest variant. */
export function sourceOf(photo, original) {
  if (original && photo.original) return { ...photo.original, url: photo.original.path };
  return photo.variants?.at(-1);
}

/** When it was taken, or else came: a ZIP knows no time before 1980. */
function momentOf({ taken_at: taken, uploaded_at: uploaded }) {
  const moment = new Date(taken ?? uploaded);
  return moment.getFullYear() < 1980 ? new Date(uploaded) : moment;
}

const extensionOf = ({ type }) => (type === "image/jpeg" ? "jpg" : type.split("/")[1]);

async function fetched(photo, original, signal) {
  const source = sourceOf(photo, original);
  // Deleted since, or only just on its way.
  if (!source) throw new Error(photo.state);
  const anew = async () => sourceOf((await photoAnew(photo.id, signal)) ?? {}, original)?.url;
  return { photo, source, parts: await fetchWhole(source.url, anew, signal) };
}

/**
 * Yields `{name, type, lastModified, parts, bytes}` of each photo, in order. `lost(photo, error)` hears of
 * those that could not be fetched, which are left out.
 */
export async function* filesOf(photos, { original, lost, signal }) {
  const nameOf = uniqueNames();
  const coming = [];
  let waiting = 0;
  let more = true;
  const fill = async () => {
    while (more && coming.length < AHEAD && (!coming.length || waiting < MOST_BYTES)) {
      const { value: photo, done } = await photos.next();
      if (done) more = false;
      else coming.push(begin(photo));
    }
  };
  const begin = (photo) =>
    fetched(photo, original, signal).then(
      (file) => {
        file.bytes = file.parts.reduce((sum, part) => sum + part.byteLength, 0);
        waiting += file.bytes;
        return file;
      },
      (error) => ({ photo, error }),
    );
  for (await fill(); coming.length; await fill()) {
    const { photo, source, parts, bytes, error } = await coming.shift();
    signal.throwIfAborted();
    if (error) {
      lost(photo, error);
      continue;
    }
    waiting -= bytes;
    const name = nameOf(photo.name ?? "", extensionOf(source), photo.id);
    yield { name, type: source.type, lastModified: momentOf(photo), parts, bytes };
  }
}
