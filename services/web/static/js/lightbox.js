// The viewer, PhotoSwipe, over the grid: every photo in it has the address of its own page.
import PhotoSwipe from "photoswipe";
import { leaveAddress, pushAddress, replaceAddress } from "./address.js";
import { grid, tiles } from "./grid.js";
import { loadOlder } from "./older.js";
import { t } from "./page.js";
import { loadStyle } from "./styles.js";
import { registerButtons } from "./viewer/buttons.js";
import { placeInAlbum } from "./viewer/position.js";
import { renewSlide, slideOf } from "./viewer/slides.js";

const SETTLED = 200; // milliseconds on a photo until the address names it

/** Loads the viewer's style sheet, without which it may not open. */
export const lightboxStyle = () => loadStyle(LIGHTBOX_CSS);

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Opens the viewer at the photo `id`; `pushed` where the history entry is there already. */
export function openLightbox(id, { pushed = false } = {}) {
  const slides = tiles().map(slideOf);
  const viewer = new PhotoSwipe({
    dataSource: slides,
    index: Math.max(0, slides.findIndex((slide) => slide.id === id)),
    loop: false,
    bgOpacity: 1,
    counter: false,
    padding: { top: 0, bottom: 0, left: 0, right: 0 },
    showHideAnimationType: still() ? "none" : "zoom",
    closeTitle: t("close_viewer"),
    zoomTitle: t("zoom"),
    arrowPrevTitle: t("previous"),
    arrowNextTitle: t("next"),
    errorMsg: t("image_failed"),
  });
  const current = () => slides[viewer.currIndex];
  viewer.addFilter("placeholderSrc", (_, content) => content.data.placeholder());
  viewer.on("contentAppend", ({ content }) => {
    for (const part of [content.element, content.placeholder?.element]) {
      part?.classList.add(...content.data.mat);
    }
  });
  viewer.on("uiRegister", () => {
    placeInAlbum(viewer);
    registerButtons(viewer, current);
  });
  viewer.on("change", () => viewer.currIndex >= slides.length - 4 && loadOlder());
  nameEach(viewer, current, pushed);
  follow(viewer, slides);
  viewer.on("loadError", async ({ content: { index } }) => {
    if (await renewSlide(slides[index])) viewer.refreshSlideContent(index);
  });
  // A dialog above the viewer has the keyboard to itself.
  viewer.on("keydown", (event) => {
    if (viewer.element.querySelector("dialog[open]")) event.preventDefault();
  });
  alone(viewer, current);
}

/** Closes the viewer; PhotoSwipe itself ignores this while it is still opening. */
function close(viewer) {
  if (viewer.opener.isOpen) viewer.close();
  else viewer.on("openingAnimationEnd", () => viewer.close());
}

/** Names the photo that is seen in the title at once, and in the address once it is looked at. */
function nameEach(viewer, current, pushed) {
  const title = document.title;
  let timer;
  const name = () => replaceAddress({ lightbox: current().id }, current().page);
  viewer.on("change", () => {
    const slide = current();
    document.title = slide.alt;
    clearTimeout(timer);
    if (pushed) timer = setTimeout(name, SETTLED);
    else pushed = pushAddress({ lightbox: slide.id }, slide.page);
  });
  const leave = () => close(viewer);
  window.addEventListener("popstate", leave);
  document.addEventListener("uploads", leave);
  viewer.on("close", () => {
    clearTimeout(timer);
    leaveAddress();
    window.removeEventListener("popstate", leave);
    document.removeEventListener("uploads", leave);
    if (history.state?.lightbox) history.back();
    document.title = title;
  });
}

/** Brings the slides up to date whenever photos come into the grid or leave it. */
function follow(viewer, slides) {
  const sync = () => {
    const { id } = slides[viewer.currIndex];
    const now = tiles();
    if (!now.length) return close(viewer);
    const known = new Map(slides.map((slide) => [slide.id, slide]));
    const before = viewer.currIndex;
    const unchanged = now.findIndex((tile, index) => tile.dataset.id !== slides[index]?.id);
    const fresh = now.map((tile) => known.get(tile.dataset.id) ?? slideOf(tile));
    slides.splice(0, slides.length, ...fresh);
    if (unchanged < 0 || unchanged > before + 1) {
      viewer.dispatch("change"); // the arrows learn of what came at the end
      return undefined;
    }
    // Of a photo that has gone the next one takes the place.
    const at = slides.findIndex((slide) => slide.id === id);
    show(viewer, at < 0 ? Math.min(before, slides.length - 1) : at);
    return undefined;
  };
  grid.addEventListener("change", sync);
  viewer.on("close", () => grid.removeEventListener("change", sync));
}

/** Shows the slide `index` where slides before it have come or gone; PhotoSwipe counts on none. */
function show(viewer, index) {
  viewer.contentLoader.destroy();
  viewer.currIndex = index;
  viewer.potentialIndex = index;
  viewer.mainScroll.itemHolders.forEach((holder, number) => {
    viewer.setContent(holder, index - 1 + number, true);
  });
  viewer.currSlide.setIsActive(true);
  viewer.dispatch("change");
}

/** Opens the viewer, alone: what is behind neither scrolls nor has the keyboard. */
function alone(viewer, current) {
  const root = document.documentElement;
  root.classList.add("viewing");
  const left = new Promise((resolve) => viewer.on("destroy", resolve));
  viewer.init();
  viewer.element.setAttribute("aria-label", t("lightbox"));
  viewer.element.setAttribute("aria-modal", "true");
  const behind = [...document.body.children].filter((part) => part !== viewer.element);
  for (const part of behind) part.inert = true;
  viewer.on("close", () => root.classList.remove("viewing"));
  left.then(() => {
    for (const part of behind) part.inert = false;
    if (!grid.children.length) location.reload(); // to the invitation of the empty gallery
    // Focus returns to the photo that was looked at last, wherever the viewer began.
    const { element } = current() ?? {};
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  });
}
