// The grid of tiles, where the page has one; ranks sort newest first. All markup comes from the
// server's own pages, so there is one template for a tile. In an album that is ordered by time each
// day's tiles follow its heading.
import { paintPlaceholders } from "./placeholders.js";

export const grid = document.getElementById("grid");
export const older = document.getElementById("older");

/** Whether the page begins with the newest photo. */
export const atHead = () => "newest" in grid.dataset;
export const tiles = () => [...grid.querySelectorAll(".tile")];

/** What a tile's place goes by: when the photo was taken where the album is so ordered, or its id. */
export const rankOf = ({ dataset }) => dataset.rank ?? dataset.id;
const isDay = (item) => Boolean(item) && item.classList.contains("day");
export const tileOf = (id) => grid.querySelector(`[data-id="${CSS.escape(id)}"]`);

/** Tells those who follow the grid, such as the viewer, that other photos are in it. */
const changed = () => grid.dispatchEvent(new Event("change"));

/**
 * Keeps an unfinished last row out of the page while more is to come: its pictures would grow once
 * the line is full, and nothing that is seen may move.
 */
export function holdLastRow() {
  grid.classList.remove("holding");
  for (const item of grid.querySelectorAll(".held")) item.classList.remove("held");
  const all = tiles();
  const more = older.querySelector("a[rel=next]") && !older.classList.contains("failed");
  if (!more || !all.length) return;
  const last = all.at(-1).offsetTop;
  let first = all.length - 1;
  while (first > 0 && all[first - 1].offsetTop === last) first -= 1;
  if (!first) return;
  grid.classList.add("holding");
  const rest = all.slice(first);
  const before = rest[0].previousElementSibling; // a day of which no other tile is seen
  for (const item of isDay(before) ? [before, ...rest] : rest) item.classList.add("held");
}

/** Puts a tile before another or at the end, and the heading of its day before it if it has none. */
function place(tile, next) {
  const { day } = tile.dataset;
  const other = day && next?.dataset.day !== day && next?.previousElementSibling;
  const before = isDay(other) ? other : (next ?? null);
  grid.insertBefore(tile, before);
  if (!day || document.getElementById(`day-${day}`)) return;
  if (tile.heading) grid.insertBefore(tile.heading, tile);
}

/** Takes away the headings of days without photos. */
function forgetDays() {
  for (const day of grid.querySelectorAll(".day")) {
    const next = day.nextElementSibling;
    if (!next || isDay(next)) day.remove();
  }
}
grid?.addEventListener("change", forgetDays);

/** Adds tiles, each at its place; those of pages still to come are left out. */
export function insert(some) {
  const all = tiles();
  const more = older.querySelector("a[rel=next]");
  for (const tile of some.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))) {
    if (tileOf(tile.dataset.id)) continue;
    const next = all.find((other) => rankOf(other) > rankOf(tile));
    if (!next && more) continue;
    place(tile, next);
    paintPlaceholders(tile);
  }
  if (grid.children.length) document.getElementById("empty")?.remove();
  holdLastRow();
  changed();
}

/** Adds the tiles of the next page, and the headings of their days. */
export function append(some) {
  const fresh = some.filter((item) =>
    isDay(item) ? !document.getElementById(item.id) : !tileOf(item.dataset.id),
  );
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
