// The grid of tiles, where the page has one; ids sort newest first. All markup comes from the
// server's own pages, so there is one template for a tile.
import { paintPlaceholders } from "./placeholders.js";

export const grid = document.getElementById("grid");
export const older = document.getElementById("older");

/** Whether the page begins with the newest photo. */
export const atHead = () => "newest" in grid.dataset;
export const tiles = () => [...grid.children];
export const tileOf = (id) => grid.querySelector(`[data-id="${CSS.escape(id)}"]`);

/** Tells those who follow the grid, such as the viewer, that other photos are in it. */
const changed = () => grid.dispatchEvent(new Event("change"));

/**
 * Keeps an unfinished last row out of the page while more is to come: its pictures would grow once
 * the line is full, and nothing that is seen may move.
 */
export function holdLastRow() {
  grid.classList.remove("holding");
  for (const tile of grid.querySelectorAll(".held")) tile.classList.remove("held");
  const all = tiles();
  const more = older.querySelector("a[rel=next]") && !older.classList.contains("failed");
  if (!more || !all.length) return;
  const last = all.at(-1).offsetTop;
  let first = all.length - 1;
  while (first > 0 && all[first - 1].offsetTop === last) first -= 1;
  if (!first) return;
  grid.classList.add("holding");
  for (const tile of all.slice(first)) tile.classList.add("held");
}

/** Adds tiles, each at its place; those of pages still to come are left out. */
export function insert(some) {
  const all = tiles();
  const more = older.querySelector("a[rel=next]");
  for (const tile of some.toSorted((a, b) => (a.dataset.id < b.dataset.id ? -1 : 1))) {
    const { id } = tile.dataset;
    if (tileOf(id)) continue;
    const place = all.find((other) => other.dataset.id > id);
    if (!place && more) continue;
    grid.insertBefore(tile, place ?? null);
    paintPlaceholders(tile);
  }
  if (grid.children.length) document.getElementById("empty")?.remove();
  holdLastRow();
  changed();
}

/** Adds the tiles of the next page. */
export function append(some) {
  const fresh = some.filter((tile) => !tileOf(tile.dataset.id));
  grid.append(...fresh);
  for (const tile of fresh) paintPlaceholders(tile);
  changed();
}

/** Takes away a photo that was deleted. */
export function forget(id) {
  if (!grid) return;
  tileOf(id)?.remove();
  holdLastRow();
  changed();
}
