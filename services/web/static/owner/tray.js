// The tray of photos that wait for approval: keyboard, swipe, and no page load for each decision.
import { toast } from "../js/page.js";
import { watchTray } from "./incoming.js";
import { post, t } from "./words.js";

const FAR = 80; // pixels of a swipe that decides

export function startTray(section) {
  const list = section.querySelector(".tray");
  const count = section.querySelector("[data-count]");
  const keys = section.querySelector("[data-keys]");
  const cards = () => [...list.children].filter(({ inert }) => !inert);
  const following = section.querySelector("a[href*='after=']"); // the next page of what waits
  const decided = new Set(); // ids, which an answer that was under way may still name

  const current = () => document.activeElement?.closest?.(".tray > li");
  function go(card) {
    if (!card) return;
    for (const one of cards()) one.tabIndex = one === card ? 0 : -1;
    card.focus();
    card.scrollIntoView({ block: "nearest" });
  }

  /** Says what there is to decide. */
  function tell() {
    const left = cards();
    for (const card of left) recount(card, left);
    if (!left.length) list.replaceChildren();
    if (left.length && !left.some(({ tabIndex }) => tabIndex === 0)) left[0].tabIndex = 0;
    keys.hidden = !left.length;
    const some = following ? "waiting_more" : "waiting";
    const text = t(left.length ? some : "nothing_waits", { count: left.length });
    if (count.textContent !== text) count.textContent = text;
  }

  async function decide(some, action, note = "") {
    const all = cards();
    const held = some.includes(current());
    const after = all.slice(all.indexOf(some[0])).find((card) => !some.includes(card));
    for (const card of some) card.classList.add("going");
    try {
      for (let at = 0; at < some.length; at += 25) {
        const ids = some.slice(at, at + 25).map(({ dataset }) => dataset.id);
        const { outcomes } = await post(section.dataset.tray, { action, ids, note });
        for (const card of some) {
          if (!(card.dataset.id in outcomes)) continue;
          decided.add(card.dataset.id);
          card.remove();
        }
      }
      toast(t(action === "show" ? "published" : "rejected", { count: some.length }));
    } catch {
      toast(t("undecided"));
    }
    for (const card of some) card.classList.remove("going");
    tell();
    if (held) go(after?.isConnected ? after : cards().at(-1));
    if (!cards().length) following ? location.reload() : takeIn();
  }

  /** Says how many of the same sender are left, and offers to do them together only where some are. */
  function recount(card, left) {
    const form = card.querySelector("form:has([name=sender])");
    const same = left.filter(({ dataset }) => dataset.sender === card.dataset.sender).length;
    if (same < 2) form?.parentElement.remove();
    else if (form) form.previousElementSibling.textContent = t("same_sender", { count: same });
  }

  /** What waits no longer stays in its place, under whose finger it may be, and can not be decided. */
  function past(some) {
    const all = cards();
    const held = some.includes(current());
    const after = all.slice(all.indexOf(current())).find((card) => !some.includes(card));
    for (const card of some) {
      card.inert = true;
      card.classList.add("going");
    }
    tell();
    if (held) go(after ?? cards().at(-1));
  }

  const takeIn = watchTray(list, { decided, end: following, changed: tell, go, past });
  tell();

  const reject = (card) => {
    const details = card.querySelector("details");
    details.open = true;
    details.querySelector("input[name=note]").focus();
  };

  list.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const card = form.closest("li");
    const { sender, note } = form.elements;
    const some = sender ? cards().filter(({ dataset }) => dataset.sender === sender.value) : [card];
    decide(some, event.submitter.value, note?.value.trim());
  });

  section.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "Escape") go(event.target.closest("li"));
      return;
    }
    const all = cards();
    const at = all.indexOf(current());
    const back = document.dir === "rtl" ? 1 : -1;
    const to = { ArrowLeft: at + back, ArrowUp: at - 1, ArrowRight: at - back, ArrowDown: at + 1 };
    if (event.key in to) go(all[Math.max(0, Math.min(all.length - 1, to[event.key]))]);
    else if (event.key.toLowerCase() === "p" && at >= 0) decide([all[at]], "show");
    else if (event.key.toLowerCase() === "r" && at >= 0) reject(all[at]);
    else return;
    event.preventDefault();
  });
  // Before any card has the focus the keys lead to the first.
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body && event.key.startsWith("Arrow")) {
      event.preventDefault();
      go(cards()[0]);
    }
  });

  // A finger's swipe to the right publishes, one to the left asks why not.
  let swipe = null;
  list.addEventListener("pointerdown", (event) => {
    const card = event.pointerType === "touch" && event.target.closest(".tray > li");
    swipe = card && !event.target.closest("form, summary") ? { card, x: event.clientX } : null;
  });
  list.addEventListener("pointermove", (event) => {
    if (!swipe) return;
    swipe.card.classList.toggle("to-publish", event.clientX - swipe.x > FAR);
    swipe.card.classList.toggle("to-reject", swipe.x - event.clientX > FAR);
  });
  const end = (event) => {
    if (!swipe) return;
    const { card, x } = swipe;
    swipe = null;
    card.classList.remove("to-publish", "to-reject");
    if (event.type !== "pointerup") return;
    if (event.clientX - x > FAR) decide([card], "show");
    else if (x - event.clientX > FAR) reject(card);
  };
  list.addEventListener("pointerup", end);
  list.addEventListener("pointercancel", end);
}
