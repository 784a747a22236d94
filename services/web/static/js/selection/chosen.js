// Which photos are chosen, and how their tiles show it. Photos of pages that are not loaded yet may
// be chosen too; their tiles show it once they are there.
import { grid, tileOf, tiles } from "../grid.js";

const chosen = new Set();
const listeners = new Set();
let selecting = false;
let anchor = null; // where a range begins
let before = new Set(); // what was chosen when it began
let reached = new Set(); // what the range has added

/** Calls `listener` at each change. */
export const onChosen = (listener) => listeners.add(listener);
export const isSelecting = () => selecting;
export const chosenIds = () => [...chosen];
export const isChosen = (id) => chosen.has(id);

function paint(tile) {
  const link = tile.querySelector("a");
  const is = chosen.has(tile.dataset.id);
  tile.classList.toggle("chosen", is);
  if (selecting) {
    link.setAttribute("role", "checkbox");
    link.setAttribute("aria-checked", is);
  } else {
    link.removeAttribute("role");
    link.removeAttribute("aria-checked");
  }
}
function put(id, is) {
  if (chosen.has(id) === is) return;
  if (is) chosen.add(id);
  else chosen.delete(id);
  const tile = tileOf(id);
  if (tile) paint(tile);
}
const told = () => listeners.forEach((listener) => listener());

function startRange(id) {
  anchor = id;
  before = new Set(chosen);
  reached = new Set();
}

export function begin() {
  if (selecting) return;
  selecting = true;
  grid.classList.add("selecting");
  tiles().forEach(paint);
  told();
}

export function stop() {
  if (!selecting) return;
  selecting = false;
  grid.classList.remove("selecting");
  chosen.clear();
  startRange(null);
  tiles().forEach(paint);
  told();
}

/** Chooses a photo, or no longer. */
export function toggle(id) {
  begin();
  put(id, !chosen.has(id));
  startRange(id);
  told();
}

/** Chooses all between where the last choice was and this photo; a shorter range gives others back. */
export function extend(id) {
  const ids = tiles().map((tile) => tile.dataset.id);
  const from = anchor === null ? -1 : ids.indexOf(anchor);
  if (from < 0) return toggle(id);
  begin();
  const to = ids.indexOf(id);
  const range = new Set(ids.slice(Math.min(from, to), Math.max(from, to) + 1));
  for (const one of reached) if (!range.has(one) && !before.has(one)) put(one, false);
  for (const one of range) put(one, true);
  reached = range;
  told();
}

export function chooseAll(ids) {
  begin();
  for (const id of ids) put(id, true);
  startRange(anchor); // one that is made shorter gives back nothing of this
  told();
}

/** Leaves chosen what is not among these. */
export function release(ids) {
  for (const id of ids) put(id, false);
  told();
}

grid.addEventListener("change", () => selecting && tiles().forEach(paint));
