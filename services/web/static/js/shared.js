// Pictures that the system's share sheet gave to the album, kept until they are uploaded: by the
// worker, which receives them, and by the page, which sends them.
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

/** Keeps files for the album at `to`, all of them or none. */
export function keepShared(to, files) {
  return within("readwrite", (store) => {
    for (const file of files) store.add({ to, file, since: Date.now() });
  });
}

/** The files for the album at `to`: `{file, key}` each; those of long ago are removed. */
export async function sharedFor(to) {
  const found = [];
  await within("readwrite", (store) => {
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      const { to: album, file, since } = cursor.value;
      if (Date.now() - since > KEPT) cursor.delete();
      else if (album === to) found.push({ file, key: cursor.primaryKey });
      cursor.continue();
    };
  });
  return found;
}

/** Lets go of a file that needs to be kept no more. */
export function dropShared(key) {
  return within("readwrite", (store) => store.delete(key));
}
