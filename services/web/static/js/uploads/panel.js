// The panel of uploads: takes files, sends three at a time, follows each until it is a photo.
import PQueue from "p-queue";
import { page, paths, reasonOf, t } from "../page.js";
import { dropShared } from "../shared.js";
import { loadStyle } from "../styles.js";
import { keepToken } from "../tokens.js";
import { ended, goOn, grantsFor, prepare } from "./background.js";
import { Card, isHere } from "./card.js";
import { watchDecisions } from "./decisions.js";
import { examine, filesOf, fingerprint, isLitter } from "./files.js";
import { askName } from "./name.js";
import { adopt, forgetPending, remember } from "./pending.js";
import { Refused, send } from "./send.js";
import { keepSent, photoOf } from "./sent.js";
import { Summary } from "./summary.js";
import { thumbnail } from "./thumbnail.js";
import { beats, follow, unfollow } from "./verdicts.js";

const AT_A_TIME = 3;

class Panel {
  /** `takeIn` is called with the ids of uploads that have become photos, and how many are open. */
  constructor(takeIn) {
    this.cards = new Set();
    this.queue = new PQueue({ concurrency: AT_A_TIME });
    this.left = { out: 0, unreadable: 0, twice: 0 };
    this.coming = 0; // files that are not examined yet
    this.fresh = [];
    this.summary = new Summary(this);
    beats.addEventListener("beat", () => {
      const ids = this.fresh.splice(0);
      if (ids.length) takeIn(ids, [...this.cards].filter((card) => card.open).length);
    });
    this.warn = (event) => event.preventDefault();
    // Previews are for those who look: a list that is scrolled past decodes nothing.
    this.seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.decode(target);
    });
    window.addEventListener("online", () => this.retryAll());
    watchDecisions(
      () => [...this.cards].filter(({ state }) => state === "pending"),
      (card, photo) => {
        if (photo.state === "pending") return;
        this.end(card, photo);
        beats.dispatchEvent(new Event("beat"));
        this.changed();
      },
    );
    document.addEventListener("visibilitychange", () => document.hidden && this.handOver());
    prepare();
  }

  close() {
    for (const card of this.cards) this.drop(card);
    this.left = { out: 0, unreadable: 0, twice: 0 };
    this.summary.update();
    tellAwaited();
  }

  /** Takes files, or what `filesOf` yields, one after the other, and sends them or says why not. */
  async add(files) {
    this.askName();
    if (Array.isArray(files)) this.coming += files.length;
    this.summary.update();
    for await (const each of files) {
      const found = each instanceof File ? { file: each } : each;
      if (Array.isArray(files)) this.coming -= 1;
      if (!found.file) this.left.unreadable += 1;
      else if (!isLitter(found.file)) await this.start(found);
      this.changed();
    }
    this.changed();
  }

  /** Where the album shows names, asks for one before anything is sent. */
  askName() {
    if (!("askName" in paths) || this.queue.isPaused) return;
    this.queue.pause();
    const form = askName(() => this.queue.start());
    this.summary.list.before(form);
    this.summary.element.hidden = false;
    form.querySelector("input").focus();
  }

  /** `key` names a file that is kept until it needs no sending any more; see shared.js. */
  async start({ file, folder: inFolder, key }) {
    const { type, reason } = await examine(file);
    if (reason === "unsupported_format" && inFolder) {
      this.left.out += 1;
      return;
    }
    for (const other of this.cards) {
      const same = other.name === file.name && other.size === file.size;
      if (other.state === "cut" && same) this.drop(other);
    }
    const card = this.card(file);
    card.file = file;
    card.key = key;
    if (reason) {
      this.fail(card, "refused", page.strings.reason[reason] ?? t(reason));
      return;
    }
    card.type = type;
    this.seen.observe(card.element);
    this.send(card);
  }

  card(file) {
    const card = new Card(file, {
      cancel: () => this.drop(card),
      dismiss: () => {
        this.drop(card);
        tellAwaited();
      },
      retry: () => this.retry(card),
      again: () => this.retry(card, { twin: true }),
      choose: () => document.querySelector("[data-chooser]").click(),
    });
    card.controller = new AbortController();
    card.element.card = card;
    this.cards.add(card);
    this.summary.list.append(card.element);
    return card;
  }

  async decode(element) {
    this.seen.unobserve(element);
    const { card } = element;
    const ended = () => ["ready", "pending"].includes(card.state);
    card.preview(await thumbnail(card.file, () => this.cards.has(card) && !ended()));
  }

  retry(card, { twin = false } = {}) {
    card.controller = new AbortController();
    card.twin = twin;
    card.wait();
    this.send(card);
  }

  retryAll() {
    for (const card of this.cards) if (card.state === "failed") this.retry(card);
  }

  dismissAll() {
    for (const card of this.cards) if (card.failed) this.drop(card);
  }

  async send(card) {
    const { file } = card;
    const { signal } = card.controller;
    this.changed();
    try {
      await this.queue.add(() => this.transfer(card, file, signal), { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (card.id) forgetPending(card.id);
      if (error instanceof Refused) this.fail(card, "refused", error.message);
      else this.fail(card, "failed", t(error.name === "NotReadableError" ? "unreadable" : "failed"));
    }
  }

  async transfer(card, file, signal) {
    card.print ??= await fingerprint(file).catch(() => {
      throw new Refused(t("unreadable"));
    });
    if (!card.twin && (await this.isTwin(card))) return;
    if (signal.aborted) return;
    card.progress(0);
    const grant = await send(file, card.type, signal, {
      begun: ({ id }) => {
        if (card.id) forgetPending(card.id);
        card.id = id;
        remember({ id, name: file.name, size: file.size, sent: false });
      },
      progress: (share) => {
        card.progress(share);
        this.changed();
      },
      offline: () => card.set("sending", t("offline")),
      again: (why, wait) => {
        const seconds = Math.ceil((wait ?? 0) / 1000);
        card.set("sending", t(navigator.onLine ? why : "offline", { seconds }));
      },
    });
    keepToken(grant.id, grant.delete_token);
    keepSent(card.print, grant.id);
    this.letGo(card);
    remember({ id: grant.id, name: file.name, size: file.size, sent: true });
    this.process(card);
  }

  /** Lets the browser go on with what is not sent, should the page end; see background.js. */
  async handOver() {
    const unsent = [...this.cards].filter(
      ({ state, type, share }) => type && (state === "queued" || (state === "sending" && share < 1)),
    );
    const grants = unsent.length ? await grantsFor(unsent) : [];
    const handed = grants.map((grant, at) => ({ card: unsent[at], file: unsent[at].file, grant }));
    const uploads = handed.filter(({ card, grant }) => grant && card.open && card.share < 1);
    if (!uploads.length) return;
    for (const { card } of uploads) card.controller.abort();
    let background;
    try {
      background = await goOn(uploads);
    } catch {
      for (const { card } of uploads) this.retry(card);
      return;
    }
    for (const { card, file, grant } of uploads) {
      if (card.id) forgetPending(card.id);
      card.id = grant.id;
      keepToken(grant.id, grant.delete_token);
      remember({ id: grant.id, name: file.name, size: file.size, sent: true, background });
      if (card.print) keepSent(card.print, grant.id);
      this.waitFor(card, background);
    }
  }

  /** Waits for the browser, and then for the verdict. */
  async waitFor(card, background) {
    this.process(card, Infinity);
    card.set("processing", t("background"));
    await ended(background).catch(() => {});
    unfollow(card.id);
    if (this.cards.has(card) && card.open) this.process(card);
  }

  /** Whether the same file is under way, or is a photo already. */
  async isTwin(card) {
    const others = [...this.cards].filter((other) => other !== card && !other.failed);
    if (others.some((other) => other.print === card.print && !isHere(other))) {
      this.left.twice += 1;
      this.drop(card);
      return true;
    }
    const photo = await photoOf(card.print);
    if (photo) {
      card.show(photo, "known");
      this.letGo(card);
    }
    this.changed();
    return Boolean(photo);
  }

  /** All bytes are there: waits for the verdict. */
  process(card, patience) {
    card.share = 1;
    card.set("processing", t("processing"));
    this.changed();
    follow(card.id, {
      patience,
      silence: (count) => count > 2 && card.set("processing", t("no_verdict")),
      done: (verdict) => {
        this.end(card, verdict);
        this.changed();
      },
    });
  }

  end(card, { state, reason, message, ...photo }) {
    const { id, name, size } = card;
    if (state === "pending") remember({ id, name, size, sent: true, awaited: true });
    else if (card.state !== "pending" || state !== "rejected") forgetPending(id);
    if (state === "ready" || state === "stored") {
      card.show(photo);
      this.letGo(card);
      if (photo.page) this.fresh.push(card.id);
    } else if (state === "duplicate") {
      card.show(photo, "duplicate"); // whose page is that of the photo which stands
      if (card.print) keepSent(card.print, photo.of);
      this.letGo(card);
    } else if (state === "pending") {
      card.show(photo, state);
    } else if (state === "rejected") {
      this.fail(card, "refused", reasonOf(reason, message, photo.note));
    } else if (state === "deleted") {
      this.fail(card, "refused", t("gone"));
    } else if (card.file) {
      this.fail(card, "failed", t("not_arrived"));
    } else {
      this.fail(card, "cut", t("interrupted"));
    }
  }

  /** Failures stand first, and are said. */
  fail(card, state, sentence) {
    const held = card.element.contains(document.activeElement);
    card.set(state, sentence);
    if (state === "refused") this.letGo(card);
    const first = [...this.summary.list.children].find((other) => !other.card.failed);
    this.summary.list.insertBefore(card.element, first ?? null);
    if (held) card.buttons.querySelector("button").focus();
    this.summary.say(`${card.name}: ${sentence}`);
    this.changed();
  }

  /** Picks up what an earlier page left under way. */
  async resume() {
    for (const upload of await adopt()) {
      const card = this.card(upload);
      card.id = upload.id;
      // Bytes that were not all sent went with the page that held the file.
      if (upload.background) this.waitFor(card, upload.background);
      else this.process(card, upload.sent ? undefined : 0);
    }
    this.changed();
  }

  /** What was shared is kept no longer than it needs sending. */
  letGo(card) {
    if (card.key !== undefined) dropShared(card.key).catch(() => {});
    card.key = undefined;
  }

  drop(card) {
    this.letGo(card);
    const held = card.element.contains(document.activeElement);
    const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
    card.controller.abort();
    if (card.id) {
      unfollow(card.id);
      if (card.state !== "pending") forgetPending(card.id);
    }
    this.seen.unobserve(card.element);
    card.element.remove();
    this.cards.delete(card);
    if (held) this.summary.focus(next);
    this.changed();
  }

  /** Brings the summary up to date soon: not once for each of a thousand cards. */
  changed() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.summary.update();
      const sending = [...this.cards].some(({ state }) => ["queued", "sending"].includes(state));
      if (sending || this.coming) window.addEventListener("beforeunload", this.warn);
      else window.removeEventListener("beforeunload", this.warn);
    });
  }
}

/** What the panel showed of uploads that wait for approval, the page shows from now on. */
const tellAwaited = () => document.dispatchEvent(new Event("awaited"));

export { filesOf };

loadStyle(UPLOADS_CSS).catch(() => {}); // beforehand; `panel` waits for it

let only;

/** The page's one panel; see Panel. */
export async function panel(takeIn) {
  await loadStyle(UPLOADS_CSS);
  only ??= new Panel(takeIn);
  return only;
}
