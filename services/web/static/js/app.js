// What every page loads: small, and the larger parts come on first use.
import { startGallery, takeInNewest } from "./gallery.js";
import { page } from "./page.js";
import { localiseTimes, startPhoto, startWaiting } from "./photo.js";
import { paintPlaceholders } from "./placeholders.js";
import { hasPending } from "./uploads/pending.js";

paintPlaceholders(document);
localiseTimes();
startGallery();

const photo = document.querySelector("[data-photo]");
if (photo) startPhoto(photo);
const waiting = document.querySelector("[data-waiting]");
if (waiting) startWaiting(waiting);

const uploader = async () => (await import("./uploads/panel.js")).panel(takeInNewest);

// Choose. The input is made once, so that a click leads to it without waiting for anything.
const input = Object.assign(document.createElement("input"), {
  type: "file",
  multiple: true,
  accept: page.accept,
  hidden: true,
});
input.dataset.chooser = "";
document.body.append(input);
input.addEventListener("change", async () => {
  const files = [...input.files];
  input.value = "";
  (await uploader()).add(files);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-choose]")) return;
  event.preventDefault();
  input.click();
});
document.querySelector("[data-upload-form]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = event.target.querySelector("input[type=file]");
  const files = [...field.files];
  field.value = "";
  (await uploader()).add(files);
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
document.addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  mark(0);
  // The transfer is emptied once this handler returns: its entries are taken before any await.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  const plain = [...event.dataTransfer.files];
  const { filesOf } = await import("./uploads/files.js");
  const { files, leftOut } = await filesOf(entries, plain);
  (await uploader()).add(files, leftOut);
});

// Paste.
document.addEventListener("paste", async (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  (await uploader()).add(files);
});

// Uploads that outlived a reload are picked up again.
hasPending().then(async (pending) => pending && (await uploader()).resume());
