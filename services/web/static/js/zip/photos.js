// The album's photos from the API, page by page: their names and addresses as they are now.
import { ask, byHalves, refused } from "../ask.js";
import { paths } from "../page.js";

const A_PAGE = 100; // photos; what the API takes by their ids at once, too

async function get(query, signal) {
  for (let wait = 500; ; wait *= 2) {
    try {
      const { response, answer } = await ask(`${paths.photos}${query}`, {}, signal);
      if (response.ok && answer) return answer;
      // An album that is gone stays gone.
      if (response.status < 500 && response.status !== 429) throw refused();
    } catch (error) {
      if (signal.aborted || error.name === "NotFoundError") throw error;
    }
    if (wait > 16_000) throw new Error(`${paths.photos} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
  }
}

/** The name whose photos alone the page shows, or nothing. */
export const ofName = () => new URLSearchParams(location.search).get("by")?.trim() ?? "";

async function* pages(limit, signal) {
  let after = "";
  const by = ofName() && `&by=${encodeURIComponent(ofName())}`;
  do {
    const page = await get(`?limit=${limit}${by}${after && `&after=${encodeURIComponent(after)}`}`, signal);
    yield page.photos;
    after = page.next;
  } while (after);
}

/** Yields the ids of all photos that the page shows or will, a thousand at a time. */
export async function* listIds(signal) {
  for await (const photos of pages(1000, signal)) yield photos.map(({ id }) => id);
}

/** Yields all photos that the page shows or will, newest first. */
export async function* allPhotos(signal) {
  for await (const photos of pages(A_PAGE, signal)) yield* photos;
}

/** Yields these photos, newest first; one that is not there any more is yielded without variants. */
export async function* somePhotos(ids, signal) {
  const sorted = [...ids].sort(); // as they are listed: neighbours cost the least
  for (let at = 0; at < sorted.length; at += A_PAGE) {
    yield* await byHalves(sorted.slice(at, at + A_PAGE), (query) => get(query, signal));
  }
}

/** The photo with addresses that are valid again; null where it was deleted. */
export async function photoAnew(id, signal) {
  const [photo] = (await get(`?ids=${id}`, signal)).photos;
  return photo?.state === "ready" ? photo : null;
}

/** How many photos there are; null where nobody counted that far. */
export async function countPhotos(signal) {
  return (await get("/count", signal)).count;
}
