// One file's way to S3: a presigned POST, sent with progress, again with backoff where it is lost.
import pRetry, { AbortError } from "p-retry";
import { page } from "../page.js";
import { typeOf } from "./files.js";

/** The upload cannot succeed; `message` is the sentence that says why. */
export class Refused extends Error {}

class Lost extends Error {}

const S3_REASONS = { EntityTooLarge: "too_large", EntityTooSmall: "empty" };

async function presign(file, signal) {
  const response = await fetch("/api/uploads", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ filename: file.name, type: typeOf(file), size: file.size }),
    signal,
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status >= 500 || response.status === 429) throw new Lost();
  throw new Refused(page.strings.reason[answer.reason] ?? answer.detail ?? page.strings.failed);
}

// fetch() tells nothing of the bytes sent; XMLHttpRequest does.
function post({ url, fields }, file, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", file); // S3 ignores what comes after the file
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.onprogress = ({ loaded, total }) => onProgress(Math.min(1, loaded / total));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      const code = /<Code>(\w+)<\/Code>/.exec(request.responseText)?.[1];
      if (code in S3_REASONS) return reject(new Refused(page.strings.reason[S3_REASONS[code]]));
      const worthAnother = request.status >= 500 || [403, 408, 429].includes(request.status);
      return reject(worthAnother ? new Lost(code) : new Refused(page.strings.failed));
    };
    request.onerror = () => reject(new Lost());
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

function online(signal) {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve, reject) => {
    window.addEventListener("online", resolve, { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * Sends one file and returns its ticket `{id, delete_token, page}`.
 *
 * `told` hears `ticket(ticket)`, `progress(share)`, `offline()` and `again()`. Throws Refused where
 * trying again is no use, the signal's reason where it was cancelled, else an error after about a
 * minute of attempts. Waiting for the network to come back counts for none.
 */
export async function send(file, signal, told) {
  let ticket;
  const attempt = async () => {
    if (!navigator.onLine) told.offline();
    await online(signal);
    try {
      if (!ticket || Date.parse(ticket.upload.expires_at) - Date.now() < 10_000) {
        ticket = await presign(file, signal);
        told.ticket(ticket);
      }
      await post(ticket.upload, file, signal, told.progress);
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw new AbortError(error);
      if (error.message === "AccessDenied") ticket = null; // the policy expired under way
      throw error instanceof Lost ? error : new Lost(error.message);
    }
    return ticket;
  };
  return pRetry(attempt, {
    retries: 7,
    minTimeout: 500,
    maxTimeout: 16_000,
    randomize: true,
    signal,
    onFailedAttempt: () => told.again(),
  });
}
