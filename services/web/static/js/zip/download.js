// Downloading many photos as one ZIP, which this page makes of what S3 sends it.
import { makeZip } from "client-zip";
import { show } from "../actions.js";
import { grid, tiles } from "../grid.js";
import { element, icon } from "../page.js";
import { selectionStyle } from "../selection/style.js";
import { inBytes, t } from "../selection/words.js";
import { filesOf } from "./files.js";
import { safeStem } from "./names.js";
import { Progress } from "./progress.js";
import { allPhotos, countPhotos, ofName, somePhotos } from "./photos.js";
import { canShare, shareFiles } from "./share.js";
import { needsMemory, openSink } from "./sink.js";

const BYTES_A_PIXEL = 0.25; // of a photograph as JPEG; only to warn by
const UNCOUNTED = 10_000; // photos, and more: the API counts no further
const HOPELESS = 8; // photos lost before any came: storage is out of reach, or another site to the browser
const HEAVY = 300e6; // bytes from which on memory is worth a word

/** About how many bytes so many photos have, judged by those on the page. */
function estimated(count) {
  const sides = tiles().flatMap((tile) => tile.querySelector("a[data-width]")?.dataset ?? []);
  const pixels = sides.reduce((sum, { width, height }) => sum + width * height, 0);
  return sides.length ? (count * BYTES_A_PIXEL * pixels) / sides.length : 0;
}

const zipName = () => {
  const title = document.querySelector(".about h1") ?? document.querySelector(".brand span");
  return `${safeStem(title.textContent, t("photos"))}.zip`;
};

function headingOf(count) {
  if (count !== null) return t("download_count", { count });
  return ofName() ? t("download_by", { name: ofName() }) : t("download_many");
}

/** Asks how; resolves to `zip`, `share`, or nothing, and whether originals are wanted. */
async function asked(count, hasOriginals) {
  const about = estimated(count ?? UNCOUNTED);
  const form = element("form", { method: "dialog" });
  if (hasOriginals) form.append(kinds(about));
  else if (count) form.append(element("p", {}, t("about_size", { size: inBytes(about) })));
  if (needsMemory && (hasOriginals || about > HEAVY)) {
    form.append(element("p", { class: "warning" }, t("in_memory")));
  }
  const actions = element("div", { class: "actions" });
  actions.append(element("button", { class: "button", value: "" }, t("cancel")));
  if (count && canShare(count, about)) {
    const share = element("button", { class: "button", value: "share" });
    share.append(icon("share"), t("share_files"));
    actions.append(share);
  }
  const zip = element("button", { class: "button main", value: "zip", autofocus: true });
  zip.append(icon("download"), t("save_zip"));
  actions.append(zip);
  form.append(actions);
  const heading = element("h2", { id: "zip-title" }, headingOf(count));
  const how = await show(element("dialog", { "aria-labelledby": "zip-title" }, heading, form));
  return { how, original: form.elements.kind?.value === "original" };
}

function kinds(about) {
  const choice = (value, checked) => {
    const input = element("input", { type: "radio", name: "kind", value, checked });
    return element("label", { class: "check" }, input, t(`kind_${value}`, { size: inBytes(about) }));
  };
  const legend = element("legend", {}, t("kind"));
  return element("fieldset", {}, legend, choice("original", true), choice("web"));
}

async function save(source, count, original) {
  const progress = new Progress(count);
  const sink = await openSink(zipName(), () => progress.cancel());
  if (!sink) return false;
  zip(source, original, progress, sink);
  return true;
}

async function zip(source, original, progress, sink) {
  const { signal } = progress;
  progress.show();
  const lost = [];
  let written = 0;
  const files = filesOf(source(signal), {
    original,
    signal,
    lost: (photo) => {
      lost.push(photo.id);
      if (!written && lost.length === Math.min(HOPELESS, progress.count)) throw new Error("nothing came");
      progress.leftOut(lost.length);
    },
  });
  async function* inputs() {
    for await (const { name, lastModified, parts, bytes } of files) {
      yield { name, lastModified, input: (async function* () { yield* parts; })() };
      written += 1;
      progress.file(bytes);
    }
    if (!written) throw new Error("nothing came"); // many programs take an empty ZIP for a broken one
  }
  try {
    await makeZip(inputs()).pipeTo(sink, { signal });
    progress.end(lost.length, () => save((signal_) => somePhotos(lost, signal_), lost.length, original));
  } catch (error) {
    if (signal.aborted) progress.remove();
    else progress.fail(error);
  }
}

async function download(source, count, hasOriginals) {
  await selectionStyle();
  const { how, original } = await asked(count, hasOriginals);
  if (how === "zip") return save(source, count, original);
  if (how === "share") return shareFiles(source, count, original);
  return false;
}

const keepsOriginals = () => Boolean(grid.querySelector("[data-original]"));

/** Downloads every photo of the album; resolves to whether it has begun. */
export async function downloadAll() {
  // Photos of one name are not counted.
  const counted = ofName() ? null : await countPhotos(new AbortController().signal);
  if (counted === 0) return false;
  return download(allPhotos, counted, keepsOriginals());
}

/** Downloads these photos; resolves to whether it has begun. */
export async function downloadSome(ids) {
  return download((signal) => somePhotos(ids, signal), ids.length, keepsOriginals());
}
