// What an installed gallery has beyond the page: the worker that takes what is shared to it.
import { paths } from "./page.js";
import { sharedFor } from "./shared.js";

const installed = matchMedia("(display-mode: standalone)");

/** Registers the service worker of the album. */
export async function registerWorker() {
  // No wider than the one path that it answers: no page waits for it.
  await navigator.serviceWorker?.register("/worker.js", { scope: paths.share }).catch(() => {});
}

/** Registers the worker where the gallery is installed, or as soon as it is. */
export async function watchInstalled() {
  if (installed.matches || location.pathname === paths.share) await registerWorker();
  window.addEventListener("appinstalled", registerWorker);
}

/** What was shared to this album and is not sent yet, that named `share` too: `{file, key}` each. */
export function takeShared(share) {
  return sharedFor(paths.share, share).catch(() => []);
}
