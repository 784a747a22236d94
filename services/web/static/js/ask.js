import { paths } from "./page.js";

const NO_ANSWER = 20_000; // milliseconds until a question is given up

/** fetch() of JSON that gives up; null stands for an answer that is none of the gallery's. */
export async function ask(address, options = {}, signal) {
  const control = new AbortController();
  const stop = () => control.abort(signal.reason);
  signal?.addEventListener("abort", stop);
  const timer = setTimeout(() => control.abort(), NO_ANSWER);
  try {
    const response = await fetch(address, { ...options, signal: control.signal });
    const json = response.headers.get("content-type")?.includes("json");
    return { response, answer: json ? await response.json().catch(() => null) : null };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * What the API tells of uploads, by id; throws where it does not answer. It takes no ids that are too
 * far apart, but each half of them.
 */
export async function askAbout(ids) {
  const { response, answer } = await ask(`${paths.photos}?ids=${ids.join(",")}`);
  if (response.status === 422 && ids.length > 1) {
    const sorted = [...ids].sort(); // as they are listed: neighbours cost the least
    const middle = ids.length >> 1;
    return [...(await askAbout(sorted.slice(0, middle))), ...(await askAbout(sorted.slice(middle)))];
  }
  if (!response.ok || !answer?.photos) throw new Error(`uploads: ${response.status}`);
  return answer.photos;
}
