// One upload in the panel: thumbnail, name, what is happening to it, and what can be done.
import { element, icon, inBytes, inPercent, t } from "../page.js";

// state → which buttons it has
const BUTTONS = {
  queued: ["cancel"],
  sending: ["cancel"],
  processing: [],
  ready: ["dismiss"],
  refused: ["dismiss"],
  failed: ["retry", "dismiss"],
};

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
    const title = element("p", { class: "upload-name", title: this.name }, this.name);
    const text = element("div", { class: "upload-text" }, title, this.bar, this.line);
    this.element = element("li", {}, this.thumb, text, this.buttons);
    this.set("queued", t("queued", { size: inBytes(size) }));
  }

  /** Shows a state and the sentence that belongs to it. */
  set(state, sentence) {
    this.state = state;
    this.element.className = `upload ${state}`;
    this.line.textContent = sentence;
    this.bar.hidden = state !== "sending";
    const held = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(
      ...BUTTONS[state].map((name) => {
        const label = t(name, { name: this.name });
        const onclick = () => this.actions[name]();
        const button = element("button", { class: "round", type: "button", "aria-label": label, onclick });
        button.append(icon(name === "retry" ? "retry" : "close"));
        return button;
      }),
    );
    if (held) this.buttons.querySelector("button")?.focus();
  }

  /** Shows how much has been sent, 0 to 1. */
  progress(share) {
    if (this.state !== "sending") this.set("sending", "");
    this.share = share;
    this.bar.value = share;
    this.line.textContent = t("sending", { percent: inPercent(share), size: inBytes(this.size) });
  }

  preview(canvas) {
    if (canvas && !this.thumb.querySelector("a")) this.thumb.replaceChildren(canvas);
  }

  /** Turns into the picture, which leads to its page. */
  show(photo) {
    const { url } = photo.variants[0];
    const { page } = photo;
    const picture = element("img", { src: url, alt: "", width: 104, height: 104 });
    const label = t("show", { name: this.name });
    this.thumb.replaceChildren(element("a", { href: page, "aria-label": label }, picture));
    this.set("ready", t("ready"));
  }
}
