// The grid: goes on by itself at its end, takes in new photos at its head, forgets deleted ones.
// All markup comes from the server's own pages, so there is one template for a tile.
import { fetchPage, t } from "./page.js";
import { paintPlaceholders } from "./placeholders.js";

const grid = document.getElementById("grid");
const older = document.getElementById("older");

const tiles = () => [...grid.children];
const has = (id) => Boolean(grid.querySelector(`[data-id="${CSS.escape(id)}"]`));

/**
 * Keeps an unfinished last row out of the page while more is to come: its pictures would grow once
 * the line is full, and nothing that is seen may move.
 */
function holdLastRow() {
  grid.classList.remove("holding");
  for (const tile of grid.querySelectorAll(".held")) tile.classList.remove("held");
  const all = tiles();
  const more = older.querySelector("a[rel=next]") && !older.classList.contains("failed");
  if (!more || !all.length) return;
  const last = all.at(-1).offsetTop;
  const row = all.slice(all.findIndex((tile) => tile.offsetTop === last));
  if (row.length === all.length) return;
  grid.classList.add("holding");
  for (const tile of row) tile.classList.add("held");
}

let loading = null;

/** Appends the next page; resolves to whether there was one. */
export function loadOlder() {
  loading ??= appendNext().finally(() => (loading = null));
  return loading;
}

async function appendNext() {
  const link = older.querySelector("a[rel=next]");
  if (!link) return false;
  older.classList.remove("failed");
  older.classList.add("busy");
  link.textContent = t("loading");
  try {
    const next = await fetchPage(link.href);
    const fresh = [...next.getElementById("grid").children].filter((li) => !has(li.dataset.id));
    grid.append(...fresh);
    for (const tile of fresh) paintPlaceholders(tile);
    older.replaceChildren(...next.getElementById("older").childNodes);
    history.scrollRestoration = "manual"; // the browser's own knows only the first page's height
    return true;
  } catch {
    link.textContent = t("load_failed");
    older.classList.add("failed");
    return false;
  } finally {
    older.classList.remove("busy");
    holdLastRow();
  }
}

function goOnAtEnd() {
  older.classList.add("endless");
  holdLastRow();
  window.addEventListener("resize", holdLastRow);
  const watcher = new IntersectionObserver(
    async ([entry]) => {
      if (!entry.isIntersecting) return;
      watcher.disconnect();
      // Observing anew reports at once where the end is still in reach.
      if (await loadOlder()) watcher.observe(older);
    },
    { rootMargin: "0px 0px 1500px 0px" },
  );
  watcher.observe(older);
  older.addEventListener("click", async (event) => {
    if (!event.target.closest("a[rel=next]") || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (await loadOlder()) watcher.observe(older);
  });
}

/** The URL names the page that is in view; the history entry also the photo at the top. */
function nameThePlace() {
  const top = tiles().find((tile) => tile.getBoundingClientRect().bottom > 80);
  if (!top || history.state?.lightbox || !tiles().length) return;
  const address = window.scrollY < 200 ? grid.dataset.page : top.dataset.page;
  history.replaceState({ tile: window.scrollY < 200 ? null : top.dataset.id }, "", address);
}

function returnToPlace() {
  const [entry] = performance.getEntriesByType("navigation");
  const id = history.state?.tile;
  if (!id || entry.type === "navigate" || history.scrollRestoration !== "manual") return;
  const tile = grid.querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (tile) window.scrollTo({ top: tile.offsetTop - 72, behavior: "instant" });
}

let refreshing = null;
let again = false;

/** Takes in the photos that have appeared since, each at its place. */
export function takeInNewest() {
  if (!grid || !("newest" in grid.dataset)) return Promise.resolve();
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = mergeNewest()
    .catch(() => {}) // The card in the panel shows the photo all the same.
    .finally(() => {
      refreshing = null;
      if (again) {
        again = false;
        takeInNewest();
      }
    });
  return refreshing;
}

async function mergeNewest() {
  const newest = await fetchPage("/");
  for (const tile of [...newest.getElementById("grid").children]) {
    const { id } = tile.dataset;
    if (has(id)) continue;
    // Ids sort newest first.
    const place = tiles().find((other) => other.dataset.id > id);
    if (!place && older.querySelector("a[rel=next]")) continue; // on a page still to come
    tile.classList.add("new");
    grid.insertBefore(tile, place ?? null);
    paintPlaceholders(tile);
  }
  holdLastRow();
  if (grid.children.length) document.getElementById("empty")?.remove();
}

/** Takes away a photo that was deleted. */
export function forget(id) {
  if (!grid) return;
  grid.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
  holdLastRow();
  if (!grid.children.length) location.reload(); // to the invitation of the empty gallery
}

const renewals = new Map(); // page → when it was asked again, the last ten minutes
const RENEWALS = 3;
const renewing = new Set();

/** A picture's presigned address has run out, in a tab that was left open: its page has new ones. */
async function renew(image) {
  const { page } = image.closest(".tile").dataset;
  const before = (renewals.get(page) ?? []).filter((at) => Date.now() - at < 600_000);
  if (renewing.has(page) || before.length >= RENEWALS) return;
  renewals.set(page, [...before, Date.now()]);
  renewing.add(page);
  const fresh = await fetchPage(page).finally(() => renewing.delete(page));
  for (const tile of fresh.getElementById("grid").children) {
    const own = grid.querySelector(`[data-id="${CSS.escape(tile.dataset.id)}"] picture`);
    const shown = own?.querySelector("img");
    if (own && !(shown.complete && shown.naturalWidth)) {
      own.replaceWith(tile.querySelector("picture"));
    }
  }
}

/** Brings the grid to life, where the page has one. */
export function startGallery() {
  if (!grid) return;
  goOnAtEnd();
  returnToPlace();
  // An error does not bubble; what the next address brings is shown as it is.
  grid.addEventListener("error", ({ target }) => renew(target).catch(() => {}), true);
  let timer;
  window.addEventListener(
    "scroll",
    () => {
      clearTimeout(timer);
      timer = setTimeout(nameThePlace, 150);
    },
    { passive: true },
  );
  grid.addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    try {
      const { openLightbox } = await import("./lightbox.js");
      await openLightbox(grid, link.parentElement.dataset.id);
    } catch {
      location.assign(link.href); // the photo has a page of its own
    }
  });
  window.addEventListener("popstate", async ({ state }) => {
    if (!state?.lightbox) return;
    const { openLightbox } = await import("./lightbox.js");
    if (has(state.lightbox)) await openLightbox(grid, state.lightbox, { pushed: true });
    else location.reload();
  });
}
