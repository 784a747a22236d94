// Choosing many photos, by click, Shift, long press or keyboard, and what is done with them.
import { element, post, t } from "./words.js";

const AT_ONCE = 25; // what the server takes in one request
const LONG_PRESS = 500;

export function startSelecting(grid) {
  const api = document.body.dataset.photos.replace(/photos$/, "tidy");
  const chosen = new Set();
  let selecting = false;
  let last = null;
  let timer;

  const tiles = () => [...grid.querySelectorAll(".tile")];
  const count = element("span", { role: "status" });
  const bar = element(
    "div",
    { class: "selection", role: "toolbar", "aria-label": t("select"), hidden: "" },
    count,
    element("button", { class: "button", type: "button", click: () => act("hide") }, t("hide")),
    element("button", { class: "button", type: "button", click: move }, t("move")),
    element("button", { class: "button danger", type: "button", click: remove }, t("delete")),
    element("button", { class: "button", type: "button", click: stop }, t("cancel")),
  );
  const start = element("button", { class: "button", type: "button" }, t("select"));
  start.addEventListener("click", () => (selecting ? stop() : begin()));
  document.querySelector(".bar").append(start);
  document.body.append(bar);

  function show() {
    for (const tile of tiles()) {
      const is = chosen.has(tile.dataset.id);
      tile.classList.toggle("chosen", is);
      const link = tile.querySelector("a");
      if (selecting) link.setAttribute("aria-pressed", is);
      else link.removeAttribute("aria-pressed");
      if (selecting) link.setAttribute("role", "button");
      else link.removeAttribute("role");
    }
    grid.classList.toggle("selecting", selecting);
    bar.hidden = !selecting;
    start.setAttribute("aria-pressed", selecting);
    if (selecting) count.textContent = t("selected", { count: chosen.size });
  }
  function begin() {
    selecting = true;
    show();
  }
  function stop() {
    selecting = false;
    chosen.clear();
    last = null;
    show();
  }
  function toggle(tile, range) {
    const all = tiles();
    const from = range && last ? all.findIndex((one) => one.dataset.id === last) : -1;
    const to = all.indexOf(tile);
    if (from >= 0) {
      for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        chosen.add(one.dataset.id);
      }
    } else if (!chosen.delete(tile.dataset.id)) {
      chosen.add(tile.dataset.id);
    }
    last = tile.dataset.id;
    show();
  }

  async function act(action, to = "") {
    const ids = [...chosen];
    let done = 0;
    for (const button of bar.querySelectorAll("button")) button.disabled = true;
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const some = ids.slice(at, at + AT_ONCE);
      try {
        const { outcomes } = await post(api, { action, ids: some, to });
        for (const id of Object.keys(outcomes)) {
          chosen.delete(id); // done, or gone already
          grid.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
        }
      } catch {
        // These stay selected, and the others are tried all the same.
      }
      done += some.length;
      count.textContent = t("progress", { done, count: ids.length });
    }
    for (const button of bar.querySelectorAll("button")) button.disabled = false;
    grid.dispatchEvent(new Event("change"));
    if (!chosen.size) return stop();
    show();
    count.textContent = t("failed", { count: chosen.size });
  }
  function remove() {
    if (chosen.size && confirm(t("sure", { count: chosen.size }))) act("delete");
  }
  function move() {
    const to = chosen.size && prompt(t("move"));
    if (to) act("move", to.trim().replace(/^.*\/albums\//, ""));
  }

  // Before the viewer's own listeners: while photos are chosen, a click chooses.
  grid.addEventListener(
    "click",
    (event) => {
      const tile = event.target.closest(".tile");
      if (!selecting || !tile) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      toggle(tile, event.shiftKey);
    },
    { capture: true },
  );
  grid.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || (event.key !== "x" && !(selecting && event.key === " "))) return;
    event.preventDefault();
    selecting = true;
    toggle(tile, event.shiftKey);
  });
  document.addEventListener("keydown", (event) => {
    if (selecting && event.key === "Escape") stop();
  });
  grid.addEventListener("pointerdown", (event) => {
    const tile = event.pointerType === "touch" && event.target.closest(".tile");
    clearTimeout(timer);
    if (!tile || selecting) return;
    timer = setTimeout(() => {
      selecting = true;
      toggle(tile, false);
      // The finger's own click would take it back.
      grid.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => grid.removeEventListener("click", swallow, { capture: true }), 1000);
    }, LONG_PRESS);
  });
  const swallow = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  for (const name of ["pointerup", "pointercancel", "pointermove"]) {
    grid.addEventListener(name, () => clearTimeout(timer));
  }
  grid.addEventListener("contextmenu", (event) => selecting && event.preventDefault());
}
