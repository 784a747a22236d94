// What became of the uploads: one question for all that are open, asked less and less often.
const FIRST = 200;
const LONGEST = 6000;
const AT_ONCE = 100; // the API's own limit
const PATIENCE = 8; // answers of "unknown" before it is believed

const open = new Map();
let delay = FIRST;
let timer;

/** Calls `done(state)` once the upload `id` is ready, rejected, deleted or not to be found. */
export function follow(id, done, patience = PATIENCE) {
  open.set(id, { done, patience });
  delay = FIRST;
  clearTimeout(timer);
  timer = setTimeout(ask, delay);
}

export function unfollow(id) {
  open.delete(id);
}

async function ask() {
  if (!open.size) return;
  const ids = [...open.keys()].slice(0, AT_ONCE);
  try {
    const response = await fetch(`/api/photos?ids=${ids.join(",")}`);
    if (response.ok) for (const state of (await response.json()).photos) take(state);
  } catch {
    // The network is away; the uploads are not.
  }
  delay = Math.min(delay * 1.4, LONGEST);
  clearTimeout(timer);
  timer = setTimeout(ask, delay);
}

function take(state) {
  const watched = open.get(state.id);
  if (!watched || state.state === "waiting") return;
  if (state.state === "unknown" && (watched.patience -= 1) > 0) {
    open.delete(state.id);
    open.set(state.id, watched); // behind the others, where more are open than one question takes
    return;
  }
  open.delete(state.id);
  delay = FIRST;
  watched.done(state);
}
