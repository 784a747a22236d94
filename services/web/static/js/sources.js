// The pictures' addresses: renewed where they have run out, set aside far from what is seen.
import { grid, tileOf } from "./grid.js";
import { fetchPage, paths } from "./page.js";
import { paintPlaceholders } from "./placeholders.js";

const TIMES = 3; // that a picture's address is renewed
const renewed = new Map(); // id → how often
let failed = new Set();
let timer;

/** A picture's presigned address has run out, in a tab that was left open: fetches new ones. */
function renew(target) {
  const { id } = target.closest(".tile").dataset;
  if (!target.getAttribute("src") || (renewed.get(id) ?? 0) >= TIMES) return;
  renewed.set(id, (renewed.get(id) ?? 0) + 1);
  failed.add(id);
  clearTimeout(timer);
  timer = setTimeout(fetchFresh, 100);
}

async function fetchFresh() {
  const ids = [...failed].slice(0, 100);
  failed = new Set([...failed].slice(100));
  if (failed.size) timer = setTimeout(fetchFresh, 100);
  const fresh = await fetchPage(`${paths.gallery}?only=${ids.join(",")}`);
  for (const tile of fresh.getElementById("grid").children) {
    tileOf(tile.dataset.id)?.querySelector("picture").replaceWith(tile.querySelector("picture"));
  }
}

const NAMES = ["srcset", "src"];

/** The value of `src` or `srcset`, whether it is in use or set aside. */
export const addressOf = (part, name) => part.getAttribute(name) ?? part.dataset[name];

function setAside(tile) {
  for (const part of tile.querySelectorAll("source, img")) {
    for (const name of NAMES) {
      if (!part.hasAttribute(name)) continue;
      part.dataset[name] = part.getAttribute(name);
      part.removeAttribute(name);
    }
  }
  paintPlaceholders(tile);
}

function restore(tile) {
  for (const part of tile.querySelectorAll("source, img")) {
    for (const name of NAMES) {
      if (!(name in part.dataset)) continue;
      part.setAttribute(name, part.dataset[name]);
      delete part.dataset[name];
    }
  }
}

/**
 * Keeps only the pictures near the window: a browser holds the bytes of every picture that has an
 * address, and thousands of them are more than a phone has. Those set aside come from its cache.
 */
function keepNear() {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) restore(target);
        else if (target.querySelector("img")?.complete) setAside(target);
      }
    },
    { rootMargin: "2000px 0px" },
  );
  const watch = () => {
    for (const tile of grid.querySelectorAll(".tile:not([data-watched])")) {
      tile.dataset.watched = "";
      near.observe(tile);
    }
  };
  watch();
  grid.addEventListener("change", watch);
}

export function watchSources() {
  // An error does not bubble; what the next address brings is shown as it is.
  grid.addEventListener("error", ({ target }) => renew(target), true);
  for (const image of grid.querySelectorAll("img")) {
    if (image.complete && image.currentSrc && !image.naturalWidth) renew(image); // before this ran
  }
  keepNear();
}
