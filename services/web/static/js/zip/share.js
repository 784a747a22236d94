// A phone's share sheet takes files: it saves them among the phone's own photos, or sends them on.
import { show } from "../actions.js";
import { element } from "../page.js";
import { t } from "../selection/words.js";
import { filesOf } from "./files.js";
import { Progress } from "./progress.js";

const MOST_FILES = 20;
const MOST_BYTES = 60e6;

const takesFiles = () =>
  Boolean(navigator.canShare?.({ files: [new File(["."], "a.jpg", { type: "image/jpeg" })] }));

/** Whether so many photos of about so many bytes may go to the share sheet of this device. */
export function canShare(count, bytes) {
  const phone = window.matchMedia("(pointer: coarse)").matches;
  return phone && count <= MOST_FILES && bytes <= MOST_BYTES && takesFiles();
}

/**
 * Fetches the photos and hands them to the share sheet; resolves to whether it took them. `instead`
 * says that they stand for originals that it does not take.
 */
export async function shareFiles(source, count, original, instead = false) {
  const progress = new Progress(count);
  const { signal } = progress;
  let lost = 0;
  const files = [];
  progress.show();
  try {
    const options = { original, signal, lost: () => progress.leftOut((lost += 1)) };
    for await (const { name, type, lastModified, parts, bytes } of filesOf(source(signal), options)) {
      files.push(new File(parts, name, { type, lastModified }));
      progress.file(bytes);
    }
  } catch (error) {
    if (!signal.aborted) progress.fail(error);
    return false;
  }
  progress.remove();
  if (!files.length) return false;
  // Browsers share no files of some kinds: Chrome, for one, no HEIC.
  if (original && !navigator.canShare({ files })) return shareFiles(source, count, false, true);
  return handOver(files, instead);
}

/** A sheet opens only at a tap, and the one before is long past. */
async function handOver(files, instead) {
  const no = element("button", { class: "button", value: "" }, t("cancel"));
  const yes = element("button", { class: "button main", value: "yes", autofocus: true }, t("share_now"));
  const form = element("form", { method: "dialog" }, element("div", { class: "actions" }, no, yes));
  const heading = element("h2", { id: "share-title" }, t("share_ready", { count: files.length }));
  const dialog = element("dialog", { "aria-labelledby": "share-title" }, heading);
  if (instead) dialog.append(element("p", {}, t("share_web")));
  dialog.append(form);
  if (!(await show(dialog))) return false;
  try {
    await navigator.share({ files });
    return true;
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    return false;
  }
}
