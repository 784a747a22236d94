// What can be done with a photo: copy a link, share, delete. Dialogs are the browser's own.
import { element, fetchPage, icon, paths, t, toast } from "./page.js";
import { dropToken, tokenOf } from "./tokens.js";

export async function copy(text, within) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"), within);
  } catch {
    toast(t("copy_failed"), within);
  }
}

export const canShare = "share" in navigator;

export async function share(title, url) {
  try {
    await navigator.share({ title, url });
  } catch (error) {
    if (error.name !== "AbortError") throw error; // the person changed their mind
  }
}

/** Makes the copy buttons in `root` work. */
export function enableCopying(root, within) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    const field = root.querySelector(`#${button.dataset.copy}`);
    button.hidden = false;
    button.addEventListener("click", () => {
      field.select();
      copy(field.value, within);
    });
  }
}

/** Shows a dialog, and resolves to the value of the button that closed it. */
export function show(dialog, within = document.body) {
  within.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("");
  });
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    }),
  );
}

/** Shows the links to a photo for copying, taken from the photo's own page. */
export async function showLinks(path, title, within = document.body) {
  const parts = (await fetchPage(path)).querySelector(".codes-parts");
  const close = element("button", { class: "button", value: "" }, t("cancel_dialog"));
  const actions = element("div", { class: "actions" }, close);
  if (canShare) {
    const onclick = () => share(title, new URL(path, location.origin).href).catch(() => {});
    const button = element("button", { class: "button", type: "button", onclick });
    button.append(icon("share"), t("share_sheet"));
    actions.prepend(button);
  }
  const form = element("form", { method: "dialog" }, actions);
  const heading = element("h2", { id: "links-title" }, t("share"));
  const dialog = element("dialog", { "aria-labelledby": "links-title" }, heading, parts, form);
  enableCopying(dialog, dialog);
  dialog.querySelector("[data-copy]").autofocus = true;
  await show(dialog, within);
}

/** Offers the original, by a label that says how large it is, and the picture that the page shows. */
export async function chooseDownload(path, original, within) {
  const link = (href, label) => {
    const onclick = () => dialog.close("");
    const button = element("a", { class: "button", href, download: "", onclick });
    button.append(icon("download"), label);
    return button;
  };
  const close = element("button", { class: "button", value: "" }, t("cancel_dialog"));
  const links = [link(`${path}/original`, original), link(path, t("web"))];
  const form = element("form", { method: "dialog", class: "actions" }, ...links, close);
  const heading = element("h2", { id: "download-title" }, t("download"));
  const dialog = element("dialog", { "aria-labelledby": "download-title" }, heading, form);
  await show(dialog, within);
}

/** Whether this browser may delete the photo: it uploaded it, or is the owner's. */
export const mayRemove = (id) => "tidy" in paths || Boolean(tokenOf(id));

/** Lets who uploaded the photo, or its owner, write its caption without leaving the page. */
export function enableCaption(form, shown, id) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const response = await fetch(`${paths.photos}/${id}/caption`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "X-Delete-Token": tokenOf(id) ?? "" },
        body: JSON.stringify({ text: form.elements.text.value }),
      });
      if (!response.ok) throw new Error(`the caption was answered ${response.status}`);
      shown.textContent = (await response.json()).text;
      toast(t("caption_kept"));
    } catch {
      toast(t("caption_failed"));
    }
  });
}

/** Asks, deletes, and resolves to whether the photo is gone. */
export async function remove(id, within = document.body) {
  const heading = element("h2", { id: "delete-title" }, t("delete_question"));
  const text = element("p", { id: "delete-text" }, t("delete_text"));
  const no = element("button", { class: "button", value: "", autofocus: true }, t("delete_no"));
  const yes = element("button", { class: "button danger main", value: "yes" }, t("delete_yes"));
  const form = element("form", { method: "dialog", class: "actions" }, no, yes);
  const names = { "aria-labelledby": "delete-title", "aria-describedby": "delete-text" };
  const answer = await show(element("dialog", names, heading, text, form), within);
  if (answer !== "yes") return false;
  try {
    const response = await fetch(`${paths.photos}/${id}`, {
      method: "DELETE",
      headers: { "X-Delete-Token": tokenOf(id) ?? "" },
    });
    if (response.ok || response.status === 404 || response.status === 410) {
      dropToken(id);
      return true;
    }
    toast(t(response.status === 403 ? "delete_refused" : "delete_failed"), within);
  } catch {
    toast(t("delete_failed"), within);
  }
  return false;
}
