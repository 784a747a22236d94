// What is asked before it is done: deleting, and where to move.
import { show } from "../actions.js";
import { element, fetchPage, paths } from "../page.js";
import { t } from "./words.js";

/** A dialog of two buttons; resolves to whether it was confirmed. */
async function asked(heading, content, yes, kind = "") {
  const no = element("button", { class: "button", value: "", autofocus: true }, t("keep"));
  const button = element("button", { class: `button main ${kind}`, value: "yes" }, yes);
  const form = element("form", { method: "dialog" }, ...content);
  form.append(element("div", { class: "actions" }, no, button));
  const title = element("h2", { id: "asked-title" }, heading);
  return (await show(element("dialog", { "aria-labelledby": "asked-title" }, title, form))) === "yes";
}

export function confirmDeletion(count, others) {
  const text = [element("p", {}, t("delete_text"))];
  if (others) text.push(element("p", {}, t("others_stay", { count: others })));
  return asked(t("sure", { count }), text, t("delete_yes"), "danger");
}

const photoPath = (id) => `${paths.gallery.replace(/\/$/, "")}/photos/${id}`;

/** The album to move to; empty where it was called off, null where there is none. */
export async function chooseTarget(id) {
  // A photo's page has the list of albums that it may go to.
  const albums = (await fetchPage(photoPath(id))).querySelector("select[name=to]");
  if (!albums) return null;
  albums.setAttribute("aria-label", t("move"));
  return (await asked(t("move"), [albums], t("move_now"))) ? albums.value : "";
}

/** Lets a photo stand for its album; resolves to whether it does. */
export async function chooseCover(id) {
  const response = await fetch(`${photoPath(id)}/cover`, { method: "POST" }).catch(() => null);
  return Boolean(response?.ok);
}
