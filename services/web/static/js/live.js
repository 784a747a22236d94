// Asks whether there are new photos, or photos that wait, for as long as the page is seen: soon after
// some came, and less and less often while none do.
import { ask } from "./ask.js";
import { paths } from "./page.js";
import { isPending } from "./uploads/pending.js";

const SHORTEST = 5000; // milliseconds between two questions
const LONGEST = 60_000; // the same, unless somebody wants it shorter
const SLOWER = 1.3;

let tag = null; // of the last answer: the cursor
let delay = SHORTEST;
let timer;
let asking = null;
let wanted = {};

function schedule(wait) {
  clearTimeout(timer);
  // Not in step with the other pages that were opened when the speech ended.
  timer = setTimeout(question, wait * (0.85 + 0.3 * Math.random()));
}

/**
 * Calls `news(ids, whole)` with the ids of the newest photos each time that they are others, and
 * whether there are no older ones; it returns whether any is news. Uploads of this browser that are
 * under way are left out unless `own`. The first question comes after `first` milliseconds. `of` is
 * which photos: "newest", or "pending" for those that wait for approval.
 */
export function watchNewest(news, { longest = LONGEST, own = false, first = SHORTEST, of = "newest" } = {}) {
  wanted = { news, longest, own, of };
  const look = () => {
    clearTimeout(timer);
    delay = SHORTEST;
    if (!document.hidden) question();
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  if (!document.hidden) schedule(first);
}

function question() {
  asking ??= next().finally(() => (asking = null));
}

async function next() {
  const headers = tag ? { "If-None-Match": tag } : {};
  const known = navigator.onLine ? await ask(`${paths.photos}/${wanted.of}`, { headers }).catch(() => null) : null;
  const { response, answer } = known ?? {};
  if (response?.status === 404) return; // the reader may not see the album any more
  if (answer?.ids && response.ok) {
    tag = response.headers.get("etag");
    // What is under way comes by the panel; what an owner published later, by nothing else.
    const ids = answer.ids.filter((id) => wanted.own || !isPending(id));
    if (wanted.news(ids, answer.whole)) delay = SHORTEST;
  } else {
    delay = Math.min(delay * (response ? SLOWER : 2), wanted.longest);
  }
  if (!document.hidden) schedule(delay);
}
