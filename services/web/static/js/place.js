// Where the reader is: `/?at=<id>` names the photo at the top, and leads back to it on reload, by
// Back, by a link, and after the screen has turned.
import { leaveAddress, replaceAddress } from "./address.js";
import { atHead, grid, holdLastRow, tileOf, tiles } from "./grid.js";
import { paths } from "./page.js";

const BAR = 72; // pixels that the page's bar covers
const SETTLED = 150; // milliseconds without scrolling
const AT_TOP = 200; // scrolled less than this, the page is at its beginning

let anchor = null; // {id, top}: the photo at the top of the window, and where its tile begins
let timer;
// A page of some guest's photos keeps its address: a place is one among all photos.
const filtered = new URLSearchParams(location.search).has("by");

function topTile() {
  const all = tiles();
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    // A tile that is held back has no box, and stands at the end.
    const { bottom, height } = all[middle].getBoundingClientRect();
    if (bottom > BAR + 8 || !height) high = middle;
    else low = middle + 1;
  }
  return all[low];
}

function look() {
  if (window.scrollY < AT_TOP && atHead()) {
    anchor = null;
    return;
  }
  const first = topTile();
  if (!first) return;
  // Of a row's photos the one that was named before stays the one that is named.
  const named = anchor && tileOf(anchor.id);
  const tile = named?.offsetTop === first.offsetTop ? named : first;
  anchor = { id: tile.dataset.id, top: Math.round(tile.getBoundingClientRect().top) };
}

/** Writes the place into the address; the viewer's own address is left alone. */
export function namePlace() {
  clearTimeout(timer);
  if (filtered) return;
  if (!grid.children.length || history.state?.lightbox) return;
  look();
  const address = anchor ? `${paths.gallery}?at=${anchor.id}` : paths.gallery;
  replaceAddress(anchor, address);
}

function goTo({ id, top }) {
  const tile = tileOf(id);
  if (!tile) return;
  const y = window.scrollY + tile.getBoundingClientRect().top - top;
  window.scrollTo({ top: y, behavior: "instant" });
}

/** Goes to the place that the address names, and from then on keeps address and place together. */
export function keepPlace() {
  const id = new URLSearchParams(location.search).get("at");
  history.scrollRestoration = "manual"; // the browser's own knows only the first page's height
  if (id) {
    anchor = { id, top: history.state?.id === id ? history.state.top : BAR };
    goTo(anchor);
  }
  window.addEventListener("pagehide", () => leaveAddress());
  window.addEventListener(
    "scroll",
    () => {
      clearTimeout(timer);
      timer = setTimeout(namePlace, SETTLED);
    },
    { passive: true },
  );
  let width = grid.clientWidth;
  new ResizeObserver(() => {
    if (grid.clientWidth === width) return;
    width = grid.clientWidth;
    clearTimeout(timer);
    holdLastRow();
    if (anchor) goTo(anchor);
  }).observe(grid);
}
