// Fetches one file whole, from S3 or the CDN itself: where the connection breaks it goes on behind
// the last byte, and where the address has expired with a new one.
import pRetry, { AbortError } from "p-retry";

const NO_PROGRESS = 30_000; // milliseconds until bytes that do not come are given up

/** The file is not there any more. */
export class Gone extends Error {}

export function online(signal) {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve, reject) => {
    window.addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What has arrived of a file. */
class Received {
  parts = [];
  bytes = 0;
  etag = null;

  /** What to ask for: the rest, of the same file. */
  get headers() {
    if (!this.bytes) return {};
    return { Range: `bytes=${this.bytes}-`, ...(this.etag && { "If-Match": this.etag }) };
  }

  clear() {
    Object.assign(this, { parts: [], bytes: 0, etag: null });
  }
}

async function read(response, received, signal, alive) {
  const reader = response.body.getReader();
  const rest = Number(response.headers.get("content-length")) || null;
  const from = received.bytes;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    alive();
    received.parts.push(value);
    received.bytes += value.byteLength;
  }
  signal.throwIfAborted();
  if (rest !== null && received.bytes - from < rest) throw new Error("cut short");
}

/** One attempt; returns whether the file is whole, or "expired". */
async function attempt(address, received, signal) {
  const control = new AbortController();
  const stop = () => control.abort(signal.reason);
  signal.addEventListener("abort", stop);
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(), NO_PROGRESS);
  };
  alive();
  try {
    const response = await fetch(address, {
      signal: control.signal,
      headers: received.headers,
      // An original's path is the gallery's own, and leads to S3. What an <img> has put into the cache was asked for without an Origin, and may not be read.
      cache: "no-store",
    });
    if (response.status === 404 || response.status === 410) throw new Gone();
    if ([400, 401, 403].includes(response.status)) return "expired";
    if (response.status === 412 || response.status === 416) received.clear();
    if (!response.ok) throw new Error(`answered ${response.status}`);
    if (response.status !== 206) received.clear();
    received.etag = response.headers.get("etag");
    await read(response, received, control.signal, alive);
    return "whole";
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Resolves to the parts of a file, Uint8Arrays. `anew` gives the address again once it has expired,
 * or null where there is none any more. Throws Gone where the file was deleted, the signal's reason
 * where it was cancelled, else an error after about half a minute of attempts that brought no byte;
 * waiting for the network counts for none.
 */
export async function fetchWhole(address, anew, signal) {
  const received = new Received();
  let expired = 0;
  let before = 0;
  const go = async () => {
    await online(signal);
    before = received.bytes;
    const outcome = await attempt(address, received, signal).catch((error) => {
      if (signal.aborted || error instanceof Gone) throw new AbortError(error);
      throw error instanceof TypeError ? new Error(error.message) : error;
    });
    if (outcome === "whole") return;
    if ((expired += 1) > 3) throw new AbortError(new Error("refused"));
    address = await anew();
    if (!address) throw new AbortError(new Gone());
    throw new Error("expired");
  };
  await pRetry(go, {
    retries: 6,
    minTimeout: 250,
    maxTimeout: 8000,
    randomize: true,
    signal,
    // Bytes that came, and an address that had only expired, were no failure.
    shouldConsumeRetry: () => navigator.onLine && received.bytes === before,
  });
  return received.parts;
}
