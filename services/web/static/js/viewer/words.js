// What stands below a photo in the viewer: its caption, or its name, and who it is from.
import { ask } from "../ask.js";
import { paths } from "../page.js";

const captions = new Map(); // id → text, of the photos that were looked at

async function captionOf(id) {
  if (!("captions" in paths)) return "";
  if (!captions.has(id)) {
    const { answer } = await ask(`${paths.photos}/${id}`).catch(() => ({}));
    if (answer?.id !== id) return "";
    captions.set(id, answer.caption ?? "");
  }
  return captions.get(id);
}

/** Writes the words of the slide that `current()` is; those of another come too late for it. */
export async function write(part, current) {
  const { id, alt, from } = current();
  const words = (first) => [first, from].filter(Boolean).join(" · ");
  part.textContent = words(alt);
  const caption = await captionOf(id);
  if (caption && current()?.id === id) part.textContent = words(caption);
}
