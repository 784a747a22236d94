// The bar at the bottom while photos are chosen: how many, and what can be done with them.
import { element, icon, toast } from "../page.js";
import { mayTidy, removable, run } from "./deeds.js";
import { chooseCover, chooseTarget, confirmDeletion } from "./dialogs.js";
import { chooseAll, chosenIds, isSelecting, onChosen, release, stop } from "./chosen.js";
import { dock } from "./dock.js";
import { listIds } from "../zip/photos.js";
import { t } from "./words.js";

const count = element("span", { role: "status" });
const progress = element("progress", { "aria-label": "", hidden: true });
let working = null; // an AbortController while something is being done

function button(name, onclick, { danger = false, symbol } = {}) {
  const made = element("button", { class: `button${danger ? " danger" : ""}`, type: "button", onclick });
  made.append(...(symbol ? [icon(symbol)] : []), t(name));
  return made;
}

/** Does it step by step with a bar; what fails stays chosen. */
async function work(steps) {
  working = new AbortController();
  update();
  try {
    return await steps(working.signal, (done, of) => {
      Object.assign(progress, { max: of, value: done });
      count.textContent = t("progress", { done, count: of });
    });
  } finally {
    working = null;
    update();
  }
}

async function act(action, ids, to = "") {
  const { done, failed } = await work((signal, told) => run({ action, ids, to }, signal, told));
  release(done);
  if (!chosenIds().length) stop();
  if (failed) count.textContent = t("failed", { count: failed });
}

async function download() {
  const ids = chosenIds();
  if (!ids.length) return;
  try {
    const { downloadSome } = await import("../zip/download.js");
    if (await downloadSome(ids)) stop();
  } catch {
    count.textContent = t("download_failed");
  }
}

async function remove() {
  const ids = chosenIds();
  const own = removable(ids);
  if (!own.length) return;
  if (await confirmDeletion(own.length, ids.length - own.length)) await act("delete", own);
}

async function move() {
  const ids = chosenIds();
  if (!ids.length) return;
  try {
    const to = await chooseTarget(ids[0]);
    if (to === null) count.textContent = t("nowhere");
    else if (to) await act("move", ids, to);
  } catch {
    count.textContent = t("failed", { count: ids.length });
  }
}

async function cover() {
  const [id, ...more] = chosenIds();
  if (!id || more.length) return void (count.textContent = t("one_cover"));
  if (!(await chooseCover(id))) return void (count.textContent = t("cover_failed"));
  stop();
  toast(t("cover_set")); // the bar is gone
}

/** Chooses every photo of the album, those of pages not loaded too. */
async function all() {
  try {
    await work(async (signal) => {
      progress.removeAttribute("value");
      for await (const ids of listIds(signal)) {
        chooseAll(ids);
        count.textContent = t("selected", { count: chosenIds().length });
      }
    });
  } catch {
    count.textContent = t("not_all", { count: chosenIds().length });
  }
}

const deeds = [
  button("all", all),
  button("download", download, { symbol: "download" }),
  ...(mayTidy() ? [button("hide", () => act("hide", chosenIds())), button("move", move)] : []),
];
const ending = button("cancel", () => (working ? working.abort() : stop()));
let deleting;
let bar;
let starter;

function update() {
  bar.hidden = !isSelecting();
  document.body.classList.toggle("selecting", isSelecting());
  starter.setAttribute("aria-pressed", isSelecting());
  progress.hidden = !working;
  for (const deed of [...deeds, deleting]) deed.disabled = Boolean(working);
  ending.textContent = t(working ? "halt" : "cancel");
  if (!isSelecting() || working) return;
  const ids = chosenIds();
  count.textContent = t("selected", { count: ids.length });
  deleting.hidden = !mayTidy() && !removable(ids).length;
}

/** Shows the bar whenever photos are being chosen. */
export function showBar(button_) {
  starter = button_;
  deleting = button("delete", remove, { danger: true, symbol: "delete" });
  if ("cover" in starter.dataset) deeds.push(button("cover", cover));
  progress.setAttribute("aria-label", t("working"));
  bar = element(
    "div",
    { class: "selection", role: "toolbar", "aria-label": t("select"), hidden: true },
    ...[count, progress, ...deeds, deleting, ending],
  );
  dock().append(bar);
  onChosen(update);
}
