// Choosing many photos, by click, Shift, long press or keyboard, and what is done with them.
import { show as showDialog } from "../js/actions.js";
import { element, fetchPage, paths } from "../js/page.js";
import { post, t } from "./words.js";

const AT_ONCE = 25; // what the server takes in one request
const LONG_PRESS = 500;

export function startSelecting(grid) {
  const chosen = new Set();
  let selecting = false;
  let last = null;
  let timer;
  let pressed = false; // for long: the click that ends it chooses nothing

  const tiles = () => [...grid.querySelectorAll(".tile")];
  const count = element("span", { role: "status" });
  const bar = element(
    "div",
    { class: "selection", role: "toolbar", "aria-label": t("select"), hidden: true },
    count,
    element("button", { class: "button", type: "button", onclick: () => act("hide") }, t("hide")),
    element("button", { class: "button", type: "button", onclick: move }, t("move")),
    element("button", { class: "button danger", type: "button", onclick: remove }, t("delete")),
    element("button", { class: "button", type: "button", onclick: stop }, t("cancel")),
  );
  const start = document.querySelector("[data-select]");
  start.addEventListener("click", () => (selecting ? stop() : begin()));
  document.querySelector("main").append(bar);

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
        const { outcomes } = await post(paths.tidy, { action, ids: some, to });
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
  async function move() {
    const link = tiles().find(({ dataset }) => chosen.has(dataset.id))?.querySelector("a");
    if (!link) return;
    try {
      // A photo's page has the list of albums that it may go to.
      const albums = (await fetchPage(link.href)).querySelector("select[name=to]");
      if (!albums) return void (count.textContent = t("nowhere"));
      albums.setAttribute("aria-label", t("move"));
      const no = element("button", { class: "button", value: "" }, t("cancel"));
      const yes = element("button", { class: "button main", value: "yes" }, t("move_now"));
      const form = element("form", { method: "dialog" }, albums);
      form.append(element("div", { class: "actions" }, no, yes));
      const names = { "aria-labelledby": "move-title" };
      const heading = element("h2", { id: "move-title" }, t("move"));
      if (await showDialog(element("dialog", names, heading, form))) await act("move", albums.value);
    } catch {
      count.textContent = t("failed", { count: chosen.size });
    }
  }

  // Before the viewer's own listeners: while photos are chosen, a click chooses.
  grid.addEventListener(
    "click",
    (event) => {
      const tile = event.target.closest(".tile");
      if (!selecting || !tile) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!pressed) toggle(tile, event.shiftKey);
      pressed = false;
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
    pressed = false;
    if (!tile || selecting) return;
    timer = setTimeout(() => {
      selecting = pressed = true;
      toggle(tile, false);
    }, LONG_PRESS);
  });
  for (const name of ["pointerup", "pointercancel", "pointermove"]) {
    grid.addEventListener(name, () => clearTimeout(timer));
  }
  // A long press chooses, and opens no menu beside it.
  grid.addEventListener("contextmenu", (event) => {
    if (selecting || event.pointerType === "touch") event.preventDefault();
  });
}
