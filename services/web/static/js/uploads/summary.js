// The panel's frame: how many uploads there are and how many failed, and what to do about all.
import { element, icon, inBytes, t } from "../page.js";
import { isHere } from "./card.js";

const ROW = 4.5; // height of a card, see uploads.css

export class Summary {
  /** `panel` has `cards`, `left` and `coming`, and does what the buttons ask. */
  constructor(panel) {
    this.panel = panel;
    this.total = element("span", { class: "uploads-total" });
    this.note = element("p", { class: "unseen", role: "status" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": t("uploads") });
    this.list = element("ul");
    const heading = element("h2", { id: "uploads-title" }, t("uploads"), this.total);
    this.folder = this.button("fold", () => this.fold());
    this.folder.setAttribute("aria-expanded", "true");
    this.closer = this.button("close", () => panel.close());
    const head = element("div", { class: "uploads-head" }, heading, this.folder, this.closer);
    this.retry = element("button", { class: "button", type: "button" }, t("retry_all"));
    this.dismiss = element("button", { class: "button", type: "button" }, t("dismiss_all"));
    this.retry.addEventListener("click", () => panel.retryAll());
    this.dismiss.addEventListener("click", () => panel.dismissAll());
    const all = { class: "uploads-failures", hidden: true };
    this.failures = element("div", all, this.retry, this.dismiss);
    const names = { class: "uploads", "aria-labelledby": "uploads-title", hidden: true };
    const parts = [head, this.bar, this.failures, this.note, this.list];
    this.element = element("section", names, ...parts);
    // After the bar and before the photos, so that it is one Tab from the button that opened it.
    document.querySelector(".bar").after(this.element);
  }

  button(name, onclick) {
    const label = t(name);
    const names = { class: `round ${name}`, type: "button", "aria-label": label };
    const made = element("button", { ...names, onclick });
    made.append(icon(name));
    return made;
  }

  fold() {
    const folded = this.element.classList.toggle("folded");
    this.folder.setAttribute("aria-expanded", String(!folded));
  }

  say(text) {
    this.note.textContent = text;
  }

  /** Moves focus to what stands nearest to a card that has gone. */
  focus(next) {
    (next?.querySelector("button") ?? (this.closer.classList.contains("idle") ? this.folder : this.closer)).focus();
  }

  update() {
    const { cards, left, coming } = this.panel;
    const all = [...cards];
    const failures = all.filter((card) => card.failed);
    const counted = all.filter((card) => !card.failed && !isHere(card));
    const known = all.length - failures.length - counted.length;
    const done = counted.filter(({ state }) => ["ready", "pending"].includes(state)).length;
    const busy = coming > 0 || counted.some((card) => card.open);
    const size = counted.reduce((sum, card) => sum + card.size, 0);
    const sent = counted.reduce((sum, card) => sum + card.size * card.share, 0);
    const count = counted.length + coming;
    const words = [];
    if (busy) words.push(t("total", { done, count, sent: inBytes(sent), size: inBytes(size) }));
    else if (done) words.push(t("all_done", { count: done }));
    if (failures.length) words.push(t("not_uploaded", { count: failures.length }));
    if (known) words.push(t("already", { count: known }));
    if (left.twice) words.push(t("twice", { count: left.twice }));
    if (left.out) words.push(t("left_out", { count: left.out }));
    if (left.unreadable) words.push(t("left_unreadable", { count: left.unreadable }));
    const text = words.join(" · ");
    if (!busy && this.total.textContent !== text) this.say(text);
    this.total.textContent = text;
    this.bar.value = size ? sent / size : 0;
    this.bar.classList.toggle("idle", !busy);
    this.failures.hidden = failures.length < 2;
    this.retry.hidden = !failures.some(({ state }) => state === "failed");
    this.closer.classList.toggle("idle", busy);
    // As high at once as it is going to be.
    this.list.style.minHeight = `${Math.min(all.length + coming, 12) * ROW}rem`;
    this.element.hidden = !all.length && !coming && !words.length;
  }
}
