// Where the bytes of a ZIP go: to a file of the person's choice; else through a service worker into the
// browser's own downloads; else to the browser's private disk, and from there; else into memory.
const KEEP_ALIVE = 10_000; // milliseconds; browsers end a worker that hears nothing for half a minute
const NOT_BEGUN = 8000; // milliseconds until a worker that is asked for nothing is given up

const AN_HOUR = 3_600_000;

const canPick = "showSaveFilePicker" in window;
// Service workers are there over HTTPS and on localhost alone. WebKit, which alone has GestureEvent, asks
// the server instead of the worker once a response turns out to be a download.
const canStream = "serviceWorker" in navigator && !("GestureEvent" in window);
const canKeep = "createWritable" in (window.FileSystemFileHandle?.prototype ?? {});

/** Whether a ZIP has to stand in memory until it is whole. */
export const needsMemory = !canPick && !canStream && !canKeep;

/** Opens the sink; null where the person thought better of it. `cancelled` is called where they end it. */
export async function openSink(name, cancelled) {
  if (canPick) return pickedFile(name);
  // Not every private window has what it says it has.
  const stream = canStream && (await streamedDownload(name, cancelled).catch(() => null));
  return stream || (canKeep && (await privateFile(name).catch(() => null))) || inMemory(name);
}

function saveAs(blob, name) {
  const href = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), AN_HOUR);
}

/** Asks for a place on the disk; null where the person thought better of it. */
async function pickedFile(name) {
  let handle;
  try {
    const types = [{ accept: { "application/zip": [".zip"] } }];
    handle = await window.showSaveFilePicker({ suggestedName: name, types });
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw error;
  }
  const file = await handle.createWritable();
  return new WritableStream({
    write: (chunk) => file.write(chunk),
    close: () => file.close(),
    // What was written so far goes, and the empty file that the dialog made.
    abort: () => Promise.allSettled([file.abort(), handle.remove?.()]),
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function workerOf() {
  const registration = await navigator.serviceWorker.register(`/static/${ZIP_WORKER}`);
  // One of an earlier release makes way for it, and would be asked for nothing any more.
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker.state !== "activated") {
    await new Promise((resolve, reject) => {
      worker.addEventListener("statechange", () => {
        if (worker.state === "activated") resolve();
        else if (worker.state === "redundant") reject(new Error("no worker"));
      });
    });
  }
  return worker;
}

/** One message of the worker's. */
const heard = (port, wanted) =>
  new Promise((resolve) => {
    const listener = ({ data }) => {
      if (data !== wanted) return;
      port.removeEventListener("message", listener);
      resolve();
    };
    port.addEventListener("message", listener);
  });

/**
 * The browser's own downloads, fed through a worker as fast as they are written; `cancelled` is called
 * where the person ends it there.
 */
async function streamedDownload(name, cancelled) {
  const worker = await workerOf();
  const { port1: port, port2 } = new MessageChannel();
  const id = crypto.randomUUID();
  port.start();
  port.addEventListener("message", ({ data }) => data === "cancel" && cancelled());
  const ready = heard(port, "ready");
  worker.postMessage({ id, name, port: port2 }, [port2]);
  await ready;
  let pulled = heard(port, "pull");
  const alive = setInterval(() => worker.postMessage("alive"), KEEP_ALIVE);
  // In a frame: to lead the page itself there would ask whether uploads shall be left.
  const frame = Object.assign(document.createElement("iframe"), { src: `/static/zip/${id}`, hidden: true });
  document.body.append(frame);
  const end = (word) => {
    clearInterval(alive);
    frame.remove();
    port.postMessage(word);
    port.close();
  };
  const begun = await Promise.race([pulled.then(() => true), pause(NOT_BEGUN)]);
  if (!begun) {
    end("abort");
    throw new Error("the worker was not asked");
  }
  return new WritableStream({
    async write(chunk) {
      await pulled;
      pulled = heard(port, "pull");
      port.postMessage(chunk);
    },
    close: () => end("close"),
    abort: () => end("abort"),
  });
}

/** The browser's private disk, whose file is saved once it is whole. Nobody else sees it there. */
async function privateFile(name) {
  const folder = await navigator.storage.getDirectory();
  // Of a download nothing says when the browser has copied it: what is left goes with a later one.
  for await (const left of folder.keys()) {
    const [kind, begun] = left.split("-");
    if (kind === "zip" && begun < Date.now() - AN_HOUR) await folder.removeEntry(left).catch(() => {});
  }
  const place = `zip-${Date.now()}-${crypto.randomUUID()}`;
  const handle = await folder.getFileHandle(place, { create: true });
  const file = await handle.createWritable();
  const remove = () => folder.removeEntry(place).catch(() => {});
  return new WritableStream({
    write: (chunk) => file.write(chunk),
    async close() {
      await file.close();
      saveAs(await handle.getFile(), name);
      setTimeout(remove, AN_HOUR);
    },
    abort: () => file.abort().finally(remove),
  });
}

/** A sink that keeps everything until it is whole, and saves it then. */
function inMemory(name) {
  let parts = [];
  return new WritableStream({
    write(chunk) {
      parts.push(chunk);
      // Browsers move what a Blob holds to the disk where memory is short.
      if (parts.length > 500) parts = [new Blob(parts)];
    },
    close() {
      saveAs(new Blob(parts, { type: "application/zip" }), name);
      parts = [];
    },
    abort() {
      parts = [];
    },
  });
}
