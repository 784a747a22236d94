// What every page loads: small; the larger parts come in an idle moment or on first use.
import { live, startGallery, takeIn, viewer } from "./gallery.js";
import { notice, page, t } from "./page.js";
import { insist, loadAtIdle, part } from "./parts.js";
import { localiseTimes, startPhoto, startWaiting } from "./photo.js";
import { paintPlaceholders } from "./placeholders.js";
import { listenForChoice } from "./selection/begin.js";
import { awaited, hasPending } from "./uploads/pending.js";

paintPlaceholders(document);
localiseTimes();
const choosing = listenForChoice(); // before the gallery hears of clicks
startGallery();

const photo = document.querySelector("[data-photo]");
if (photo) startPhoto(photo);
const waiting = document.querySelector("[data-waiting]");
if (waiting) startWaiting(waiting);

const uploader = part(() => import("./uploads/panel.js"));

/** Gives files to the panel; until that is there, says so at once and keeps them. */
async function upload(take) {
  document.dispatchEvent(new Event("uploads")); // the viewer makes way
  let said = null;
  const say = (text) => {
    said?.remove();
    said = notice(text);
  };
  const slow = setTimeout(() => say(t("preparing")), 100);
  const failed = () => {
    clearTimeout(slow);
    say(t(navigator.onLine ? "uploader_failed" : "offline"));
  };
  const module = await insist(uploader, failed);
  const panel = await insist(() => module.panel(takeIn), failed);
  clearTimeout(slow);
  said?.remove();
  take(panel, module);
}
const add = (files) => files.length && upload((panel) => panel.add(files));

// Choose. The input is made once, so that a click leads to it without waiting for anything.
const input = Object.assign(document.createElement("input"), {
  type: "file",
  multiple: true,
  accept: page.accept,
  hidden: true,
});
input.dataset.chooser = "";
document.body.append(input);
input.addEventListener("change", () => {
  const files = [...input.files];
  input.value = "";
  add(files);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-choose]")) return;
  event.preventDefault();
  input.click();
});
// A form is good for one picture; one that the browser kept with the page is spent.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted && document.querySelector("[data-upload-form]")) location.reload();
});
const form = document.querySelector("[data-upload-form]");
const field = form?.querySelector("input[type=file]");
if (field) field.multiple = true;
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const files = [...field.files];
  field.value = "";
  add(files);
});

// Drop, anywhere on the page.
let depth = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
const mark = (change) => {
  depth = change ? Math.max(0, depth + change) : 0;
  document.body.classList.toggle("dropping", depth > 0);
};
document.addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
document.addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  mark(0);
  // The transfer is emptied once this handler returns: its entries are taken before any await.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  const plain = [...event.dataTransfer.files];
  upload((panel, { filesOf }) => panel.add(filesOf(entries, plain)));
});

// Paste.
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  add(files);
});

// Uploads that outlived a reload are picked up again.
hasPending().then((pending) => pending && upload((panel) => panel.resume()));

// What awaits the owner's approval, or was not published; who has none of it loads nothing.
const own = document.querySelector("[data-own]");
async function tellOwn() {
  if (own && (!own.hidden || awaited().length)) (await import("./own.js")).tell(own);
}
document.addEventListener("awaited", tellOwn);
tellOwn();

// What the share sheet gave to the installed gallery; see worker/worker.js. The address names it.
const [, share] = location.hash.match(/^#shared=(.+)/) ?? [];
const installed = part(async () => {
  const module = await import("./install.js");
  await module.watchInstalled();
  return module;
});
async function sendShared() {
  const { takeShared } = await insist(installed, () => {});
  const shared = await takeShared(share);
  if (shared.length) upload((panel) => panel.add(shared));
}
const apps = document.body.dataset.share ? [installed] : [];
const isApp = matchMedia("(display-mode: standalone)").matches;
if (apps.length && (isApp || share)) sendShared();

const photos = document.getElementById("grid") ? [viewer, live] : [];
loadAtIdle(uploader, ...photos, ...(choosing ? [choosing] : []), ...apps);
