// Which files this browser has sent, by fingerprint, so that a file chosen again can be asked about.
import { ask } from "../ask.js";
import { paths } from "../page.js";

const KEY = "contact-sheet:sent";
const MOST = 3000;

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // storage is forbidden, or holds something else
  }
}

// The same file may go to more than one gallery.
const keyOf = (print) => `${paths.uploads} ${print}`;

export function keepSent(print, id) {
  const { [keyOf(print)]: _, ...rest } = read();
  try {
    const entries = [...Object.entries(rest), [keyOf(print), id]].slice(-MOST);
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(entries)));
  } catch {
    // Without storage a file that is chosen again after a reload becomes a second photo.
  }
}

/** The photo that the file became, where it still stands. */
export async function photoOf(print) {
  const id = read()[keyOf(print)];
  if (!id) return null;
  const { answer } = await ask(`${paths.photos}?ids=${id}`).catch(() => ({}));
  const photo = answer?.photos?.[0];
  return ["ready", "pending", "stored"].includes(photo?.state) ? photo : null;
}
