// One file's way to S3: a presigned POST, sent with progress, again with backoff where it is lost.
import pRetry, { AbortError } from "p-retry";
import { ask } from "../ask.js";
import { page, paths } from "../page.js";

/** The upload cannot succeed; `message` is the sentence that says why. */
export class Refused extends Error {}

// An attempt that another may follow. `why` is the string that tells of it; `fresh` asks for a new
// form; `wait` in milliseconds was asked for by the server, and counts for no attempt.
class Lost extends Error {
  constructor(why = "again", { fresh = false, wait = 0 } = {}) {
    super(why);
    Object.assign(this, { why, fresh, wait });
  }
}

const S3_REASONS = { EntityTooLarge: "too_large", EntityTooSmall: "empty" };
// The form is what died: its policy, or the credentials that signed it.
const DEAD_FORM = [
  ...["AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "InvalidPolicyDocument"],
  ...["RequestTimeTooSkewed", "SignatureDoesNotMatch", "TokenRefreshRequired"],
];
// S3's own failures that come with a status below 500.
const PASSING = ["BadDigest", "IncompleteBody", "OperationAborted", "RequestTimeout", "SlowDown"];

const NO_PROGRESS = 30_000; // milliseconds until bytes that do not move are given up
const NO_RECEIPT = 60_000; // until S3 has acknowledged what was sent

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Asks for a grant for a file: `{id, delete_token, page, upload}`. */
export async function presign(file, type, signal) {
  const { response, answer } = await ask(
    paths.uploads,
    {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ filename: file.name, type, size: file.size }),
    },
    signal,
  );
  if (response.ok && answer?.id && answer.upload?.url && answer.upload.fields) return answer;
  // No use in waiting here: the day, or the whole gallery, is full.
  if (answer?.reason && !response.ok) throw new Refused(page.strings.reason[answer.reason] ?? answer.detail);
  if (response.status === 429 || (response.status === 503 && response.headers.has("retry-after"))) {
    const seconds = Number(response.headers.get("retry-after")) || 2 + Math.random() * 4;
    throw new Lost("busy", { wait: seconds * 1000 });
  }
  if (response.status >= 500) throw new Lost();
  // A hotel's or a venue's network answers in the gallery's place until one has signed in.
  if (!answer || response.ok) throw new Lost("stranger");
  throw new Refused(page.strings.reason[answer.reason] ?? answer.detail ?? page.strings.failed);
}

function failureOf(request) {
  const code = /<Code>(\w+)<\/Code>/.exec(request.responseText)?.[1];
  if (code in S3_REASONS) return new Refused(page.strings.reason[S3_REASONS[code]]);
  if (DEAD_FORM.includes(code)) return new Lost("again", { fresh: true });
  if (PASSING.includes(code) || request.status >= 500) return new Lost();
  if ([408, 429].includes(request.status)) return new Lost();
  if (!code) return new Lost("stranger");
  return new AbortError(code);
}

/** The form that S3 takes. */
export function formOf({ fields }, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file); // S3 ignores what comes after the file
  return form;
}

// fetch() tells nothing of the bytes sent; XMLHttpRequest does.
function post(upload, file, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const cancel = () => request.abort();
    let timer;
    let complete = false;
    const patience = (milliseconds) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), milliseconds);
    };
    const end = (settle, value) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      settle(value);
    };
    request.open("POST", upload.url);
    request.upload.onprogress = ({ loaded, total }) => {
      patience(NO_PROGRESS);
      onProgress(Math.min(1, loaded / total));
    };
    request.upload.onload = () => {
      complete = true;
      patience(NO_RECEIPT);
    };
    request.onload = () => {
      // Only the status that the form asks for is S3's word that it has the file.
      if (request.status === Number(upload.fields.success_action_status)) end(resolve);
      else end(reject, failureOf(request));
    };
    const lost = (why) => Object.assign(new Lost(why), { complete });
    request.onerror = () => end(reject, lost("again"));
    request.onabort = () => end(reject, signal.aborted ? signal.reason : lost("stalled"));
    signal.addEventListener("abort", cancel);
    patience(NO_PROGRESS);
    request.send(formOf(upload, file));
  });
}

function online(signal) {
  if (navigator.onLine) return Promise.resolve();
  return new Promise((resolve, reject) => {
    window.addEventListener("online", resolve, { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Whether S3 has the file although its receipt was lost: it is not sent twice for that. */
async function arrived(id) {
  const { answer } = await ask(`${paths.photos}?ids=${id}`).catch(() => ({}));
  const ended = ["ready", "pending", "stored", "duplicate", "rejected"];
  return ["waiting", ...ended].includes(answer?.photos?.[0]?.state);
}

/**
 * Sends one file of the content type `type` and returns its grant `{id, delete_token, page}`.
 *
 * `told` hears `begun(grant)`, `progress(share)`, `offline()` and `again(why, wait)`. Throws Refused
 * where trying again is no use, the signal's reason where it was cancelled, else an error after
 * about a minute of attempts. Waiting for the network or for the server's leave counts for none.
 */
export async function send(file, type, signal, told) {
  let grant;
  const attempt = async () => {
    if (!navigator.onLine) told.offline();
    await online(signal);
    try {
      if (!grant || Date.parse(grant.upload.expires_at) - Date.now() < 10_000) {
        grant = await presign(file, type, signal);
        told.begun(grant);
      }
      await post(grant.upload, file, signal, told.progress);
    } catch (error) {
      if (error instanceof AbortError) throw error;
      if (signal.aborted || error instanceof Refused) throw new AbortError(error);
      if (error.fresh) grant = null;
      else if (error.complete && (await arrived(grant.id))) return grant;
      throw error instanceof Lost ? error : new Lost();
    }
    return grant;
  };
  return pRetry(attempt, {
    retries: 7,
    minTimeout: 500,
    maxTimeout: 16_000,
    randomize: true,
    signal,
    shouldConsumeRetry: ({ error }) => !error.wait,
    onFailedAttempt: async ({ error }) => {
      told.again(error.why, error.wait);
      await pause(error.wait ?? 0);
    },
  });
}
