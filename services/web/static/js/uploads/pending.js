// The uploads that are under way, kept where a reload does not reach. Each tab has its own; those
// of a tab that is gone are taken over. A tab is known to live by the lock that it holds. Those that
// await the owner's approval are kept with them, for every tab, until their uploader has read the end.
import { paths } from "../page.js";

const KEY = "contact-sheet:pending";
const LOCK = "contact-sheet:tab:";
const MOST = 3000;
const tab = crypto.randomUUID?.() ?? String(Math.random());

navigator.locks?.request(LOCK + tab, () => new Promise(() => {}));

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

function write(uploads) {
  try {
    localStorage.setItem(KEY, JSON.stringify(uploads.slice(-MOST)));
  } catch {
    // Without storage a reload forgets them; the photos appear in the gallery all the same.
  }
}

/**
 * Remembers an upload: `{id, name, size, sent, awaited}`; `sent` says whether all its bytes arrived,
 * `awaited` that it awaits approval.
 */
export function remember(upload) {
  const to = paths.uploads; // each album follows its own
  write([...read().filter(({ id }) => id !== upload.id), { ...upload, tab, to }]);
}

/** Whether this browser still follows an upload. */
export const isPending = (id) => read().some((upload) => upload.id === id && !upload.awaited);

const here = () => read().filter(({ to }) => to === paths.uploads);

/** The uploads to this album that awaited approval when they were last asked about. */
export const awaited = () => here().filter((upload) => upload.awaited);

export function forgetPending(id) {
  write(read().filter((upload) => upload.id !== id));
}

async function orphans() {
  const uploads = here().filter((upload) => !upload.awaited);
  if (!uploads.length || !navigator.locks) return uploads;
  const { held } = await navigator.locks.query();
  const living = new Set(held.map(({ name }) => name));
  return uploads.filter((upload) => !living.has(LOCK + upload.tab));
}

export async function hasPending() {
  return (await orphans()).length > 0;
}

/** The uploads of tabs that are gone; from now on they are this tab's. */
export async function adopt() {
  const uploads = await orphans();
  for (const upload of uploads) remember(upload);
  return uploads;
}
