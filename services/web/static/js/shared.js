// Pictures that the system's share sheet gave to the album, kept until they are uploaded: by the
// worker, which receives them, and by the page, which sends them. A form on any other site can send
// files to the same path, and the worker cannot tell; the server can, and names to the page what the
// share sheet gave. Nothing else is sent.
const STORE = "shared";
const KEPT = 86_400_000; // milliseconds; what nobody came for in a day goes

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("contact-sheet", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Runs `work(store)` in a transaction; resolves to what the request that it returns found. */
async function within(mode, work) {
  const database = await opened();
  try {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    return request?.result;
  } finally {
    database.close();
  }
}

/** Keeps files for the album at `to`, all of them or none; `share` names them. */
export function keepShared(to, files, share) {
  return within("readwrite", (store) => {
    for (const file of files) store.add({ to, file, share, since: Date.now() });
  });
}

/** The files for the album at `to` that the page may send: `{file, key}` each, those named `share`
 * from now on. Those of long ago are removed. */
export async function sharedFor(to, share) {
  const found = [];
  await within("readwrite", (store) => {
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      const kept = cursor.value;
      const named = kept.to === to && kept.share === share;
      if (Date.now() - kept.since > KEPT) cursor.delete();
      else if (named && !kept.named) cursor.update({ ...kept, named });
      if (kept.to === to && (named || kept.named)) found.push({ file: kept.file, key: cursor.primaryKey });
      cursor.continue();
    };
  });
  return found;
}

/** Lets go of a file that needs to be kept no more. */
export function dropShared(key) {
  return within("readwrite", (store) => store.delete(key));
}
