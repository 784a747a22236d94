// Writes the address bar and the history's entry. Safari takes 100 of these calls in 30 seconds and
// throws at the next: what is shown never depends on one.
const LATER = 5000;
let timer;

/** Replaces the entry; where the browser refuses, it is tried again later. */
export function replaceAddress(state, url) {
  clearTimeout(timer);
  try {
    history.replaceState(state, "", url);
  } catch {
    timer = setTimeout(() => replaceAddress(state, url), LATER);
  }
}

/** Adds an entry; returns whether the browser took it. */
export function pushAddress(state, url) {
  clearTimeout(timer);
  try {
    history.pushState(state, "", url);
    return true;
  } catch {
    return false;
  }
}

/** Forgets what was to be tried again. */
export function leaveAddress() {
  clearTimeout(timer);
}
