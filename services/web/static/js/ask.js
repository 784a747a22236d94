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

/** What was asked for is not there, or its ids are too far apart for one question. */
export const refused = () => new DOMException("", "NotFoundError");

/** The photos of these ids; the API takes no ids that are too far apart, but each half of them. */
export async function byHalves(ids, question) {
  try {
    return (await question(`?ids=${ids.join(",")}`)).photos;
  } catch (error) {
    if (error.name !== "NotFoundError" || ids.length === 1) throw error;
    const sorted = [...ids].sort(); // as they are listed: neighbours cost the least
    const middle = ids.length >> 1;
    return [
      ...(await byHalves(sorted.slice(0, middle), question)),
      ...(await byHalves(sorted.slice(middle), question)),
    ];
  }
}

/** What the API tells of uploads, by id; throws where it does not answer. */
export const askAbout = (ids) =>
  byHalves(ids, async (query) => {
    const { response, answer } = await ask(`${paths.photos}${query}`);
    if (response.status === 422) throw refused();
    if (!response.ok || !answer?.photos) throw new Error(`uploads: ${response.status}`);
    return answer;
  });
