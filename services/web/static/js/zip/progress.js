// The progress of a download, beside which the page goes on.
import { element } from "../page.js";
import { dock } from "../selection/dock.js";
import { inBytes, t } from "../selection/words.js";

const warn = (event) => event.preventDefault();
const running = new Set(); // leaving the page ends each of these

export class Progress {
  #control = new AbortController();
  #files = 0;
  #bytes = 0;
  #count;
  #timer;
  #line = element("span", { class: "zip-line" });
  #said = element("span", { role: "status" });
  #bar = element("progress", {});
  #button = element("button", { class: "button", type: "button", onclick: () => this.cancel() });
  #box = element("section", { class: "selection zip", "aria-label": t("download") });

  /** `count` is how many files are to come, or null. */
  constructor(count) {
    this.#count = count;
    this.#bar.setAttribute("aria-label", t("download"));
    if (count) this.#bar.max = count;
    this.#button.textContent = t("cancel");
    this.#box.append(this.#said, this.#line, this.#bar, this.#button);
  }

  /** How many files are to come, as far as it is known. */
  get count() {
    return this.#count ?? Infinity;
  }

  get signal() {
    return this.#control.signal;
  }

  show() {
    dock().append(this.#box);
    running.add(this);
    window.addEventListener("beforeunload", warn);
    this.#said.textContent = t("zipping");
    this.#update();
  }

  /** One more file is in. */
  file(bytes) {
    this.#files += 1;
    this.#bytes += bytes;
    this.#timer ??= setTimeout(() => this.#update(), 200);
  }

  leftOut(count) {
    this.#said.textContent = t("left_out", { count });
  }

  #update() {
    this.#timer = null;
    if (this.#count) this.#bar.value = this.#files;
    const done = this.#files;
    const size = inBytes(this.#bytes);
    this.#line.textContent = this.#count
      ? t("zip_progress", { done, count: this.#count, size })
      : t("zip_so_far", { done, size });
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    running.delete(this);
    if (!running.size) window.removeEventListener("beforeunload", warn);
    this.#bar.hidden = true;
  }

  /** It is whole, but for what was left out, which `again` tries once more. */
  end(lost, again) {
    this.#stop();
    this.#said.textContent = lost
      ? t("zip_without", { count: lost })
      : t("zip_done", { count: this.#files, size: inBytes(this.#bytes) });
    this.#line.textContent = "";
    this.#button.textContent = t("close");
    if (!lost) return;
    const onclick = () => {
      this.remove();
      again();
    };
    this.#button.before(element("button", { class: "button", type: "button", onclick }, t("again")));
  }

  fail(error) {
    this.#control.abort(); // what was fetched ahead of the writing
    this.#stop();
    this.#line.textContent = "";
    this.#said.textContent = t(error.name === "QuotaExceededError" ? "disk_full" : "zip_failed");
    this.#button.textContent = t("close");
  }

  cancel() {
    this.#control.abort();
    this.remove();
  }

  remove() {
    this.#stop();
    this.#box.remove();
  }
}
