// One upload in the panel: thumbnail, name, what is happening to it, and what can be done.
import { element, icon, inBytes, inPercent, t } from "../page.js";

// state → which buttons it has
const BUTTONS = {
  queued: ["cancel"],
  sending: ["cancel"],
  processing: [],
  ready: ["dismiss"],
  pending: ["dismiss"],
  known: ["again", "dismiss"],
  duplicate: ["dismiss"],
  refused: ["dismiss"],
  failed: ["retry", "dismiss"],
  cut: ["choose", "dismiss"],
};
const ICONS = { retry: "retry", again: "retry", choose: "upload" };

/** States of an upload that will not become a photo unless the person does something. */
export const FAILURES = ["refused", "failed", "cut"];
export const OPEN = ["queued", "sending", "processing"];

/** Whether the gallery had the picture before: this browser knew, or the album takes each only once. */
export const isHere = ({ state }) => state === "known" || state === "duplicate";

/** The card of `{name, size}`; `actions` are functions by button name. */
export class Card {
  constructor({ name, size }, actions) {
    this.name = name || t("untitled");
    this.size = size;
    this.state = "queued";
    this.share = 0;
    this.thumb = element("div", { class: "upload-thumb" }, icon("picture"));
    this.line = element("p", { class: "upload-state" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": this.name });
    this.buttons = element("div", { class: "upload-buttons" });
    this.actions = actions;
    const title = element("p", { class: "upload-name", title: this.name, dir: "auto" }, this.name);
    const text = element("div", { class: "upload-text" }, title, this.line, this.bar);
    this.element = element("li", {}, this.thumb, text, this.buttons);
    this.wait();
  }

  get failed() {
    return FAILURES.includes(this.state);
  }

  get open() {
    return OPEN.includes(this.state);
  }

  /** Shows a state and the sentence that belongs to it. */
  set(state, sentence) {
    this.line.textContent = sentence;
    this.bar.classList.toggle("idle", state !== "sending"); // its place stays: nothing moves
    if (state === this.state && this.buttons.childElementCount) return;
    this.state = state;
    this.element.className = `upload ${state}`;
    const held = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(
      ...BUTTONS[state].map((name) => {
        const label = t(name === "again" ? "again_label" : name, { name: this.name });
        const onclick = () => this.actions[name]();
        const names = { class: "round", type: "button", "aria-label": label, title: label };
        const button = element("button", { ...names, onclick });
        button.append(icon(ICONS[name] ?? "close"));
        return button;
      }),
    );
    if (held) this.buttons.querySelector("button")?.focus();
  }

  wait() {
    this.share = 0;
    this.set("queued", t("queued", { size: inBytes(this.size) }));
  }

  /** Shows how much has been sent, 0 to 1. */
  progress(share) {
    this.share = share;
    this.bar.value = share;
    const sentence = t("sending", { percent: inPercent(share), size: inBytes(this.size) });
    this.set("sending", sentence);
  }

  preview(canvas) {
    if (canvas && !this.thumb.querySelector("a")) this.thumb.replaceChildren(canvas);
  }

  /**
   * Turns into the picture, which leads to its page; a preview that is there is not fetched. Who may
   * add pictures and not see them has no page to go to.
   */
  show(photo, state = "ready") {
    const known = photo.state === "pending" ? "known_pending" : "known";
    this.set(state, t(isHere({ state }) ? known : state));
    if (!photo.page) return;
    const attributes = { alt: "", width: 104, height: 104, loading: "lazy" };
    const picture =
      this.thumb.querySelector("canvas") ??
      (photo.variants
        ? element("img", { ...attributes, src: photo.variants[0].url })
        : icon("picture"));
    const label = t("show", { name: this.name });
    this.thumb.replaceChildren(element("a", { href: photo.page, "aria-label": label }, picture));
  }
}
