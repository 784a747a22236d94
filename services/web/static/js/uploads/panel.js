// The panel of uploads: takes files, sends three at a time, follows each until it is a photo.
import PQueue from "p-queue";
import { element, icon, inBytes, page, t } from "../page.js";
import { loadStyle } from "../styles.js";
import { keepToken } from "../tokens.js";
import { Card } from "./card.js";
import { refusal } from "./files.js";
import { adopt, forgetPending, remember } from "./pending.js";
import { Refused, send } from "./send.js";
import { thumbnail } from "./thumbnail.js";
import { follow, unfollow } from "./verdicts.js";

const AT_A_TIME = 3;
const OPEN = ["queued", "sending", "processing"];

class Panel {
  constructor(onPhoto) {
    this.onPhoto = onPhoto;
    this.cards = new Set();
    this.queue = new PQueue({ concurrency: AT_A_TIME });
    this.leftOut = 0;
    this.total = element("span", { class: "uploads-total" });
    this.note = element("p", { class: "unseen", role: "status" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": t("uploads") });
    this.list = element("ul");
    const heading = element("h2", { id: "uploads-title" }, t("uploads"), this.total);
    const fold = this.button("fold", "fold", () => this.fold());
    const close = this.button("close", "close", () => this.close());
    this.closeButton = close;
    const head = element("div", { class: "uploads-head" }, heading, fold, close);
    this.element = element(
      "section",
      { class: "uploads", "aria-labelledby": "uploads-title", hidden: true },
      head,
      this.bar,
      this.note,
      this.list,
    );
    document.body.append(this.element);
    this.warn = (event) => event.preventDefault();
  }

  button(name, picture, onclick) {
    const made = element("button", { class: `round ${name}`, type: "button", onclick });
    made.setAttribute("aria-label", t(name));
    if (name === "fold") made.setAttribute("aria-expanded", "true");
    made.append(icon(picture));
    return made;
  }

  fold() {
    const folded = this.element.classList.toggle("folded");
    this.element.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
  }

  close() {
    for (const card of this.cards) this.drop(card);
    this.element.hidden = true;
    this.leftOut = 0;
  }

  /** Takes files and sends them, or says why not. */
  add(files, leftOut = 0) {
    this.leftOut += leftOut;
    for (const file of files) this.start(file);
    this.element.hidden = !this.cards.size && !this.leftOut;
    this.update();
  }

  start(file) {
    const card = this.card(file);
    const reason = refusal(file);
    if (reason) {
      card.set("refused", page.strings.reason[reason]);
      return;
    }
    thumbnail(file, card.controller.signal).then((canvas) => card.preview(canvas));
    card.actions.retry = () => {
      card.controller = new AbortController();
      card.share = 0;
      card.set("queued", t("queued", { size: inBytes(file.size) }));
      this.send(card, file);
    };
    this.send(card, file);
  }

  card(file) {
    const card = new Card(file, {
      cancel: () => this.drop(card),
      dismiss: () => this.drop(card),
    });
    card.controller = new AbortController();
    this.cards.add(card);
    this.list.append(card.element);
    return card;
  }

  async send(card, file) {
    const { signal } = card.controller;
    this.update();
    try {
      const ticket = await this.queue.add(
        () => {
          card.progress(0);
          return send(file, signal, {
            ticket: ({ id }) => {
              if (card.id) forgetPending(card.id);
              card.id = id;
              remember({ id, name: file.name, size: file.size, sent: false });
            },
            progress: (share) => {
              card.progress(share);
              this.update();
            },
            offline: () => card.set("sending", t("offline")),
            again: () => card.set("sending", t(navigator.onLine ? "again" : "offline")),
          });
        },
        { signal },
      );
      keepToken(ticket.id, ticket.delete_token);
      remember({ id: ticket.id, name: file.name, size: file.size, sent: true });
      this.process(card);
    } catch (error) {
      if (signal.aborted) return;
      if (card.id) forgetPending(card.id);
      if (error instanceof Refused) card.set("refused", error.message);
      else card.set("failed", t("failed"));
      this.say(`${card.name}: ${card.line.textContent}`);
      this.update();
    }
  }

  /** All bytes are there: waits for the verdict. */
  process(card, patience) {
    card.share = 1;
    card.set("processing", t("processing"));
    this.update();
    follow(
      card.id,
      (verdict) => {
        forgetPending(card.id);
        this.end(card, verdict);
        this.update();
      },
      patience,
    );
  }

  end(card, { state, reason, message, ...photo }) {
    if (state === "ready") {
      card.show(photo);
      this.onPhoto();
    } else if (state === "rejected") {
      card.set("refused", page.strings.reason[reason] ?? message);
      this.say(`${card.name}: ${card.line.textContent}`);
    } else {
      card.set("refused", t(state === "deleted" ? "gone" : "interrupted"));
    }
  }

  /** Picks up what an earlier page left under way. */
  async resume() {
    for (const upload of await adopt()) {
      const card = this.card(upload);
      card.id = upload.id;
      // Bytes that were not all sent went with the page that held the file.
      this.process(card, upload.sent ? undefined : 1);
    }
    this.element.hidden = !this.cards.size;
    this.update();
  }

  drop(card) {
    const held = card.element.contains(document.activeElement);
    card.controller.abort();
    if (card.id) {
      unfollow(card.id);
      forgetPending(card.id);
    }
    card.element.remove();
    this.cards.delete(card);
    if (!this.cards.size) this.element.hidden = true;
    else if (held) this.closeButton.focus();
    this.update();
  }

  say(text) {
    this.note.textContent = text;
  }

  /** Brings the total line, and the warning on leaving, up to date. */
  update() {
    const counted = [...this.cards].filter(({ state }) => state !== "refused");
    const size = counted.reduce((sum, card) => sum + card.size, 0);
    const sent = counted.reduce((sum, card) => sum + card.size * card.share, 0);
    const done = counted.filter(({ state }) => state === "ready").length;
    const count = counted.length;
    const busy = counted.some(({ state }) => OPEN.includes(state));
    const left = this.leftOut ? ` · ${t("left_out", { count: this.leftOut })}` : "";
    const words = busy
      ? t("total", { done, count, sent: inBytes(sent), size: inBytes(size) })
      : t("all_done", { count: done });
    if (!busy && done && this.total.textContent !== words + left) this.say(words);
    this.total.textContent = (count ? words : "") + left;
    this.bar.value = size ? sent / size : 0;
    this.bar.hidden = !busy;
    this.closeButton.hidden = busy;
    const sending = counted.some(({ state }) => ["queued", "sending"].includes(state));
    if (sending) window.addEventListener("beforeunload", this.warn);
    else window.removeEventListener("beforeunload", this.warn);
  }
}

let only;

/** The page's one panel; `onPhoto` is called whenever an upload has become a photo. */
export async function panel(onPhoto) {
  await loadStyle(UPLOADS_CSS);
  only ??= new Panel(onPhoto);
  return only;
}
