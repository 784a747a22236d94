// Brings the grid to life, where the page has one.
import { offer, showsNewest, takeIn, watchArrivals } from "./arrivals.js";
import { grid, tileOf } from "./grid.js";
import { goOnAtEnd } from "./older.js";
import { t, toast } from "./page.js";
import { loadAtIdle, part } from "./parts.js";
import { keepPlace, namePlace } from "./place.js";
import { watchSources } from "./sources.js";

export { takeIn };

const dates = document.querySelector("[data-dates]");

/** Loads what asks for new photos, and lets it begin. */
export const live = part(async () => {
  const { watchNewest } = await import("./live.js");
  // A page that does not begin with the newest photos asks at once which these are.
  watchNewest(offer, showsNewest() ? {} : { first: 0 });
});

export const viewer = part(async () => {
  const module = await import("./lightbox.js");
  await module.lightboxStyle();
  return module;
});

/** Lets a button begin with what is loaded for it. */
function begins(button, load) {
  button?.addEventListener("click", async () => {
    button.classList.add("busy");
    await load().catch(() => toast(t("load_failed")));
    button.classList.remove("busy");
  });
}

let wanted; // the last tap, which decides where several came before the viewer

async function open(link, options) {
  const mine = (wanted = {});
  // The tap is answered before the viewer is there.
  link.classList.add("opening");
  try {
    const { openLightbox } = await viewer();
    if (mine === wanted) openLightbox(link.parentElement.dataset.id, options);
  } catch {
    if (navigator.onLine) location.assign(link.href); // the photo has a page of its own
    else toast(t("offline_viewer"));
  } finally {
    link.classList.remove("opening");
  }
}

export function startGallery() {
  if (!grid) return;
  goOnAtEnd();
  keepPlace();
  watchArrivals();
  watchSources();
  if (dates) loadAtIdle(() => import("./dates.js").then(({ startDates }) => startDates(dates)));
  begins(document.querySelector("[data-download-all]"), async () => {
    const { downloadAll } = await import("./zip/download.js");
    await downloadAll();
  });
  grid.addEventListener("pointerdown", () => viewer().catch(() => {}), { once: true });
  grid.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    namePlace();
    open(link);
  });
  window.addEventListener("popstate", ({ state }) => {
    if (!state?.lightbox) return;
    const link = tileOf(state.lightbox)?.querySelector("a");
    if (link) open(link, { pushed: true });
    else location.reload();
  });
}
