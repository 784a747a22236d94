// The viewer, PhotoSwipe, over the grid: every photo in it has the address of its own page.
import PhotoSwipe from "photoswipe";
import { remove, showLinks } from "./actions.js";
import { forget, loadOlder } from "./gallery.js";
import { fetchPage, t, toast } from "./page.js";
import { loadStyle } from "./styles.js";
import { tokenOf } from "./tokens.js";

/** What the browser itself would choose among the sources of a picture. */
function sourceOf(picture) {
  const usable = [...picture.querySelectorAll("source")].find(
    (source) => !source.media || matchMedia(source.media).matches,
  );
  return (usable ?? picture.querySelector("img")).srcset;
}

const sources = (srcset) => ({ srcset, src: srcset.split(", ").at(-1).split(" ")[0] });

function slideOf(tile) {
  const link = tile.querySelector("a");
  const image = tile.querySelector("img");
  return {
    id: tile.dataset.id,
    page: link.getAttribute("href"),
    element: link,
    ...sources(sourceOf(tile.querySelector("picture"))),
    width: Number(link.dataset.width),
    height: Number(link.dataset.height),
    msrc: image.currentSrc || undefined,
    alt: image.alt,
    thumbCropped: true,
  };
}

const iconMarkup = (name) => `<svg class="icon" aria-hidden="true"><use href="#i-${name}"/></svg>`;

/** Opens the viewer at the photo `id`; `pushed` where the history entry is there already. */
export async function openLightbox(grid, id, { pushed = false } = {}) {
  await loadStyle(LIGHTBOX_CSS);
  const slides = [...grid.children].map(slideOf);
  const title = document.title;
  const viewer = new PhotoSwipe({
    dataSource: slides,
    index: Math.max(0, slides.findIndex((slide) => slide.id === id)),
    loop: false,
    bgOpacity: 1,
    padding: { top: 0, bottom: 0, left: 0, right: 0 },
    showHideAnimationType: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "zoom",
    closeTitle: t("close_viewer"),
    zoomTitle: t("zoom"),
    arrowPrevTitle: t("previous"),
    arrowNextTitle: t("next"),
    errorMsg: t("image_failed"),
    indexIndicatorSep: " / ",
  });
  const current = () => slides[viewer.currIndex];

  viewer.on("uiRegister", () => registerParts(viewer, current));
  viewer.on("change", () => {
    const slide = current();
    const entry = { lightbox: slide.id };
    if (pushed) history.replaceState(entry, "", slide.page);
    else history.pushState(entry, "", slide.page);
    pushed = true;
    document.title = slide.alt;
    if (viewer.currIndex >= slides.length - 4) goOn(grid, slides, viewer);
  });
  // A presigned address that has run out: the photo's own page has a new one.
  viewer.on("loadError", async ({ content: { index } }) => {
    const slide = slides[index];
    if (slide.renewed) return;
    slide.renewed = true;
    const fresh = await fetchPage(slide.page).catch(() => null);
    if (!fresh || viewer.isDestroying) return;
    Object.assign(slide, sources(sourceOf(fresh.querySelector("article picture"))));
    viewer.refreshSlideContent(index);
  });
  // A dialog above the viewer has the keyboard to itself.
  viewer.on("keydown", (event) => {
    if (viewer.element.querySelector("dialog[open]")) event.preventDefault();
  });
  const leave = () => close(viewer);
  window.addEventListener("popstate", leave);
  viewer.on("close", () => {
    window.removeEventListener("popstate", leave);
    if (history.state?.lightbox) history.back();
    document.title = title;
  });
  const left = new Promise((resolve) => viewer.on("destroy", resolve));
  viewer.init();
  viewer.element.setAttribute("aria-label", t("lightbox"));
  viewer.element.setAttribute("aria-modal", "true");
  const behind = [...document.body.children].filter((part) => part !== viewer.element);
  for (const part of behind) part.inert = true;
  left.then(() => {
    for (const part of behind) part.inert = false;
    // Focus returns to the photo that was looked at last, wherever the viewer began.
    const { element } = current() ?? {};
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  });
}

/** Closes the viewer; PhotoSwipe itself ignores this while it is still opening. */
function close(viewer) {
  if (viewer.opener.isOpen) viewer.close();
  else viewer.on("openingAnimationEnd", () => viewer.close());
}

async function goOn(grid, slides, viewer) {
  if (!(await loadOlder())) return;
  const known = new Set(slides.map((slide) => slide.id));
  for (const tile of grid.children) {
    if (!known.has(tile.dataset.id)) slides.push(slideOf(tile));
  }
  viewer.dispatch("change"); // the counter and the arrows learn of it
}

function registerParts(viewer, current) {
  const register = (part) => viewer.ui.registerElement(part);
  register({
    name: "download",
    order: 8,
    isButton: true,
    tagName: "a",
    title: t("download"),
    ariaLabel: t("download"),
    html: iconMarkup("download"),
    onInit: (link) => {
      link.setAttribute("download", "");
      viewer.on("change", () => (link.href = current().page.replace("/photos/", "/downloads/")));
    },
  });
  register({
    name: "share",
    order: 9,
    isButton: true,
    title: t("share"),
    ariaLabel: t("share"),
    html: iconMarkup("link"),
    onClick: () => {
      const { page, alt } = current();
      showLinks(page, alt, viewer.element).catch(() => toast(t("load_failed"), viewer.element));
    },
  });
  register({
    name: "delete",
    order: 10,
    isButton: true,
    title: t("delete"),
    ariaLabel: t("delete"),
    html: iconMarkup("delete"),
    onInit: (button) => viewer.on("change", () => (button.hidden = !tokenOf(current().id))),
    onClick: async () => {
      const { id } = current();
      if (!(await remove(id, viewer.element))) return;
      viewer.on("destroy", () => {
        forget(id);
        toast(t("deleted"));
      });
      close(viewer);
    },
  });
  register({
    name: "caption",
    order: 11,
    appendTo: "root",
    onInit: (caption) => viewer.on("change", () => (caption.textContent = current().alt)),
  });
}
