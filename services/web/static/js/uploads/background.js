// Uploads that go on without the page. Phones end the tabs of whoever turns to something else; where
// the browser has Background Fetch, it takes over what is not sent by then, and goes on after the tab
// is gone. Source: WICG, Background Fetch.
import { registerWorker } from "../install.js";
import { paths, t } from "../page.js";
import { formOf, presign } from "./send.js";

const MOST = 30; // files at once: a form lives for minutes
const AROUND = 4096; // bytes of a form besides the file, at most about

const phone = matchMedia("(pointer: coarse)");

/** Whether the browser can; on a desktop a tab behind others goes on by itself. */
const can = () => phone.matches && "BackgroundFetchManager" in window && Boolean(paths.share);

const worker = () => navigator.serviceWorker.getRegistration(paths.share);

/** Makes ready for it, when uploads begin. */
export function prepare() {
  if (can()) registerWorker();
}

/** Resolves to a grant for each of the first files, or null where it is not to be had now. */
export async function grantsFor(files) {
  if (!can() || !(await worker())?.active) return [];
  const some = files.slice(0, MOST);
  return Promise.all(some.map(({ file, type }) => presign(file, type).catch(() => null)));
}

/** Hands files over, each with its grant; resolves to what the browser calls it. */
export async function goOn(uploads) {
  const id = crypto.randomUUID();
  const requests = uploads.map(
    ({ file, grant }) => new Request(grant.upload.url, { method: "POST", body: formOf(grant.upload, file) }),
  );
  const uploadTotal = uploads.reduce((sum, { file }) => sum + file.size + AROUND, 0);
  await (await worker()).backgroundFetch.fetch(id, requests, { title: t("uploads"), uploadTotal });
  return id;
}

/** Resolves once the browser has ended what it was handed over, however that went. */
export async function ended(id) {
  const under = can() && (await (await worker())?.backgroundFetch.get(id));
  if (!under) return;
  await new Promise((resolve) => {
    const look = () => under.result && resolve();
    under.addEventListener("progress", look);
    look();
  });
}
