// What an owner decided about uploads that wait for approval: asked for now and then while any is
// shown, and when the tab comes back.
import { askAbout } from "../ask.js";

const EVERY = 60_000; // milliseconds
const AT_ONCE = 100; // the API's own limit

/**
 * Calls `told(upload, photo)` with what is known of each of the uploads that `waiting()` returns, and
 * returns a function that asks at once.
 */
export function watchDecisions(waiting, told) {
  const look = async () => {
    const uploads = new Map(waiting().slice(0, AT_ONCE).map((upload) => [upload.id, upload]));
    if (document.hidden || !uploads.size) return;
    for (const photo of await askAbout([...uploads.keys()])) {
      const upload = uploads.get(photo.id);
      if (upload?.state === "pending") told(upload, photo);
    }
  };
  const quietly = () => look().catch(() => {}); // without a network the next question will do
  setInterval(quietly, EVERY);
  document.addEventListener("visibilitychange", quietly);
  return quietly;
}
