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
