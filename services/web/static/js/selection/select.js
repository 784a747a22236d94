// Choosing many photos: by their check marks, by Shift, by keyboard; begin.js has how it begins.
import { selectionStyle } from "./style.js";
import { grid, tiles } from "../grid.js";
import { showBar } from "./bar.js";
import { begin, chooseAll, extend, isSelecting, stop, toggle } from "./chosen.js";

const CHECK_MARK = 44; // the side of its square in the tile's corner, in CSS pixels
const hovers = window.matchMedia("(hover: hover)");

const onCheckMark = (tile, { clientX, clientY }) => {
  const { left, top } = tile.getBoundingClientRect();
  return hovers.matches && clientX - left < CHECK_MARK && clientY - top < CHECK_MARK;
};

function choose(tile, range) {
  if (range) extend(tile.dataset.id);
  else toggle(tile.dataset.id);
}

/** Before the viewer's own listener: while photos are chosen, a click chooses. */
function byClick() {
  grid.addEventListener(
    "click",
    (event) => {
      const tile = event.target.closest(".tile");
      if (!tile) return;
      // A keyboard's click has no place.
      const marked = event.detail > 0 && onCheckMark(tile, event);
      if (!isSelecting() && !marked) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      choose(tile, event.shiftKey);
    },
    { capture: true },
  );
}

/** The tile that an arrow key leads to: in the next row, the one that is nearest. */
function neighbour(tile, key) {
  const all = tiles().filter((one) => one.offsetParent);
  const at = all.indexOf(tile);
  if (key === "ArrowLeft" || key === "ArrowRight") return all[at + (key === "ArrowLeft" ? -1 : 1)];
  const step = key === "ArrowUp" ? -1 : 1;
  const middle = (one) => one.offsetLeft + one.offsetWidth / 2;
  let next = at;
  while (all[next]?.offsetTop === tile.offsetTop) next += step;
  let best = all[next];
  for (; all[next] && all[next].offsetTop === best.offsetTop; next += step) {
    const nearer = (one) => Math.abs(middle(one) - middle(tile));
    if (nearer(all[next]) < nearer(best)) best = all[next];
  }
  return best;
}

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

function byKeyboard() {
  grid.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " || event.key.toLowerCase() === "x") {
      event.preventDefault();
      choose(tile, event.shiftKey);
    } else if (ARROWS.includes(event.key) && (isSelecting() || event.shiftKey)) {
      const next = neighbour(tile, event.key);
      if (!next) return;
      event.preventDefault();
      if (event.shiftKey && !isSelecting()) toggle(tile.dataset.id);
      if (event.shiftKey) extend(next.dataset.id);
      next.querySelector("a").focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!isSelecting() || event.target.closest("dialog, input, select, textarea, .pswp")) return;
    if (event.key === "Escape") stop();
    else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      chooseAll(tiles().map((one) => one.dataset.id));
    }
  });
}

/** Makes the tiles choosable once the marks have their style; returns what the page's gestures do. */
export async function startSelecting(starter) {
  await selectionStyle();
  byClick();
  byKeyboard();
  showBar(starter);
  grid.classList.add("selectable");
  return { choose, turn: () => (isSelecting() ? stop() : begin()) };
}
