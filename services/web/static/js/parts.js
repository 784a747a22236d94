// Parts of the page that come later: on first use, or before it in an idle moment.

/** Returns a function that loads a part once; after a failure the next call tries again. */
export function part(load) {
  let loading;
  return () =>
    (loading ??= load().catch((error) => {
      loading = null;
      throw error;
    }));
}

/** Loads a part however long it takes; `told` is called at each failure. */
export async function insist(load, told) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    try {
      return await load();
    } catch {
      told();
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
        window.addEventListener("online", resolve, { once: true });
      });
    }
  }
}

const loaded = new Promise((resolve) => {
  if (document.readyState === "complete") resolve();
  else window.addEventListener("load", resolve, { once: true });
});

/** Loads parts one after the other once the page stands and nothing else is to be done. */
export async function loadAtIdle(...loads) {
  if (navigator.connection?.saveData) return;
  await loaded;
  for (const load of loads) {
    await new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(() => resolve()));
    await load().catch(() => {}); // it is asked for again on first use
  }
}
