// What became of the uploads: one question for all that are open, asked less and less often.
import { askAbout } from "../ask.js";

const FIRST = 200; // milliseconds
const CROWDED = 500; // where many are open, an answer tells of several
const LONGEST = 6000;
const AT_ONCE = 100; // the API's own limit
const UNKNOWN_FOR = 10_000; // until "unknown" is believed

const open = new Map();
const shortest = () => (open.size > 10 ? CROWDED : FIRST);
let delay = FIRST;
let due = Infinity;
let asking = false;
let timer;
let silent = 0; // questions in a row that nobody answered

/** Asks after `wait` milliseconds or sooner: what is due is never put off. */
function schedule(wait) {
  const at = performance.now() + wait;
  if (asking || at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(question, wait);
}

/**
 * Calls `done(state)` once the upload `id` is ready, rejected, deleted or not to be found, and
 * `silence(count)` for each question about it that was not answered.
 */
export function follow(id, { done, silence, patience = UNKNOWN_FOR }) {
  open.set(id, { done, silence, patience, since: performance.now() });
  delay = shortest();
  schedule(delay);
}

export function unfollow(id) {
  open.delete(id);
}

/** Calls `beat()` after each answer that told of anything new. */
export const beats = new EventTarget();

async function question() {
  due = Infinity;
  if (!open.size) return;
  asking = true;
  const ids = [...open.keys()].slice(0, AT_ONCE);
  const states = await askAbout(ids).catch(() => null);
  asking = false;
  silent = states ? 0 : silent + 1;
  // Those that stay open go behind the others, where more are open than one question takes.
  for (const id of ids) {
    const watched = open.get(id);
    if (!watched) continue;
    open.delete(id);
    open.set(id, watched);
    if (!states) watched.silence(silent);
  }
  const told = states?.filter(take).length;
  if (told) beats.dispatchEvent(new Event("beat"));
  delay = told ? shortest() : Math.min(delay * 1.4, LONGEST);
  schedule(delay);
}

/** Returns whether the state is news. */
function take(state) {
  const watched = open.get(state.id);
  if (!watched || state.state === "waiting") return false;
  if (state.state === "unknown" && performance.now() - watched.since < watched.patience) return false;
  open.delete(state.id);
  watched.done(state);
  return true;
}

// A tab that comes back to the front, or a network that does, asks at once.
for (const event of ["visibilitychange", "online"]) {
  (event === "online" ? window : document).addEventListener(event, () => schedule(0));
}
