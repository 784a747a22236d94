// The gestures that begin choosing, heard from the first moment: what chooses comes in an idle moment,
// and whoever is quicker has chosen all the same once it is there.
import { grid } from "../grid.js";
import { t, toast } from "../page.js";
import { part } from "../parts.js";

const LONG_PRESS = 500; // milliseconds

const starter = document.querySelector("[data-select]");

/** What chooses many photos. */
const selecting = part(async () => {
  const { startSelecting } = await import("./select.js");
  return startSelecting(starter);
});

let waiting = 0; // gestures whose part is still loading
let pressed = false; // for long: the click that ends it chooses nothing

async function choosing(act) {
  waiting += 1;
  starter.classList.add("busy");
  try {
    act(await selecting());
  } catch {
    toast(t("load_failed"));
  } finally {
    waiting -= 1;
    starter.classList.toggle("busy", waiting > 0);
  }
}

const isSelecting = () => grid.classList.contains("selecting");

function byLongPress() {
  let timer;
  let start;
  grid.addEventListener("pointerdown", (event) => {
    const tile = event.pointerType === "touch" && event.target.closest(".tile");
    clearTimeout(timer);
    pressed = false;
    if (!tile || isSelecting()) return;
    start = event;
    timer = setTimeout(() => {
      pressed = true;
      navigator.vibrate?.(10);
      choosing(({ choose }) => choose(tile));
    }, LONG_PRESS);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    grid.addEventListener(name, () => clearTimeout(timer));
  }
  grid.addEventListener("pointermove", ({ clientX, clientY }) => {
    // A finger is never quite still.
    if (start && Math.hypot(clientX - start.clientX, clientY - start.clientY) > 10) clearTimeout(timer);
  });
  // A long press chooses, and opens no menu beside it.
  grid.addEventListener("contextmenu", (event) => {
    if (isSelecting() || event.pointerType === "touch") event.preventDefault();
  });
}

/** Before the viewer's own listener: what is clicked after Select is chosen, and opens nothing. */
function byClick() {
  const listener = (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || !(pressed || waiting)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!pressed) choosing(({ choose }) => choose(tile, event.shiftKey));
    pressed = false;
  };
  grid.addEventListener("click", listener, { capture: true });
}

/** Lets the page's Select button and a long press begin; returns what loads the rest at idle, or null. */
export function listenForChoice() {
  if (!grid || !starter) return null;
  starter.addEventListener("click", () => choosing(({ turn }) => turn()));
  byClick();
  byLongPress();
  return selecting;
}
