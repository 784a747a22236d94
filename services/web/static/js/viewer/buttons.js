// What the viewer's bar offers: play, download, share, delete; and the photo's name below.
import { chooseDownload, mayRemove, remove, showLinks } from "../actions.js";
import { forget } from "../grid.js";
import { t, toast } from "../page.js";
import { play } from "./slides.js";
import { write } from "./words.js";

const iconMarkup = (name) => `<svg class="icon" aria-hidden="true"><use href="#i-${name}"/></svg>`;

/** Registers the parts; `current()` is the slide that is seen. */
export function registerButtons(viewer, current) {
  const register = (part) => viewer.ui.registerElement(part);
  const button = (name, picture, order, options) => {
    const label = t(name);
    const looks = { title: label, ariaLabel: label, html: iconMarkup(picture) };
    register({ name, order, isButton: true, ...looks, ...options });
  };
  const each = (update) => viewer.on("change", update);

  button("play", "play", 7, {
    onInit: (part) => each(() => (part.hidden = !current().resting)),
    onClick: () => {
      play(current());
      viewer.refreshSlideContent(viewer.currIndex);
      viewer.element.focus();
    },
  });
  button("download", "download", 8, {
    tagName: "a",
    onInit: (link) => {
      link.setAttribute("download", "");
      each(() => (link.href = current().download));
    },
    onClick: (event) => {
      const { download, original } = current();
      if (!original) return;
      event.preventDefault();
      chooseDownload(download, original, viewer.element);
    },
  });
  button("share", "link", 9, {
    onClick: () => {
      const { page, alt } = current();
      showLinks(page, alt, viewer.element).catch(() => toast(t("load_failed"), viewer.element));
    },
  });
  button("delete", "delete", 10, {
    onInit: (part) => each(() => (part.hidden = !mayRemove(current().id))),
    onClick: async () => {
      const { id } = current();
      if (!(await remove(id, viewer.element))) return;
      forget(id); // the next photo takes its place; of the last one the viewer closes
      toast(t("deleted"), viewer.isDestroying ? undefined : viewer.element);
      const next = viewer.element?.querySelector(".pswp__button--delete:not([hidden])");
      (next ?? viewer.element)?.focus();
    },
  });
  register({
    name: "caption",
    order: 11,
    appendTo: "root",
    onInit: (caption) => {
      caption.dir = "auto";
      each(() => write(caption, current));
    },
  });
}
