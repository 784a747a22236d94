// What is done with chosen photos: by the owner's request for many, or a guest's for each of theirs.
import { forget } from "../grid.js";
import { paths } from "../page.js";
import { dropToken, ownIds, tokenOf } from "../tokens.js";

const AT_ONCE = 25; // what the server takes in one request

/** Whether the owner's requests are open to this browser. */
export const mayTidy = () => "tidy" in paths;

/** Those of the photos that this browser may delete. */
export function removable(ids) {
  if (mayTidy()) return ids;
  const own = ownIds();
  return ids.filter((id) => own.has(id));
}

async function tidy(action, ids, to, signal) {
  const response = await fetch(paths.tidy, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ action, ids, to }),
    signal,
  });
  if (!response.ok) throw new Error(`${action}: ${response.status}`);
  return Object.keys((await response.json()).outcomes); // done, or gone already
}

async function removeMine([id], signal) {
  const headers = { "X-Delete-Token": tokenOf(id) };
  const response = await fetch(`${paths.photos}/${id}`, { method: "DELETE", headers, signal });
  if (!response.ok && ![404, 410].includes(response.status)) {
    throw new Error(`delete: ${response.status}`);
  }
  dropToken(id);
  return [id];
}

/** Does something to photos, and returns which are done and how many are not. */
export async function run({ action, ids, to }, signal, told) {
  const done = [];
  const step = mayTidy() ? AT_ONCE : 1;
  for (let at = 0; at < ids.length && !signal.aborted; at += step) {
    const some = ids.slice(at, at + step);
    try {
      const gone = await (mayTidy() ? tidy(action, some, to, signal) : removeMine(some, signal));
      gone.forEach(forget);
      done.push(...gone);
    } catch {
      // These stay chosen, and the others are tried all the same.
    }
    told(Math.min(at + step, ids.length), ids.length);
  }
  return { done, failed: signal.aborted ? 0 : ids.length - done.length };
}
