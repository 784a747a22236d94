// Photos that have become ready: put in where nobody reads, else announced. What is read stays.
import { atHead, grid, insert, older, rankOf, tileOf, tiles } from "./grid.js";
import { offering } from "./offering.js";
import { fetchPage, paths, t, toast } from "./page.js";

const AT_ONCE = 100; // the API's own limit
const CROWD = 12; // uploads under way from which on photos are put in all together
const PAGES = 10; // that are looked through for photos of others
const AWAY = 60_000; // milliseconds after which a tab that comes back asks for them

const held = new Map(); // id → tile
let offered = new Set(); // ids of photos of others, whose tiles are fetched once asked for
const isDated = Boolean(grid?.classList.contains("dated")); // in the order they were taken
/** Whether the page begins with the photos that came last. */
export const showsNewest = () => atHead() && !isDated;
let met = null; // the newest ids when the page was opened, where it does not begin with them
let behind = null; // where these end and others follow
let queued = [];
let under = 0; // uploads that are under way
let taking = null;

/** The tiles of a page, each with the heading that stands before it, where it is the first of its day. */
function tilesIn(page) {
  const all = [...page.querySelectorAll("#grid .tile")];
  for (const tile of all) tile.heading = page.getElementById(`day-${tile.dataset.day}`);
  return all;
}
const fetched = async (address) => tilesIn(await fetchPage(address));

/** Takes in the photos of these ids; `open` uploads are still under way. */
export function takeIn(ids, open = 0) {
  if (!grid) return Promise.resolve();
  queued.push(...ids);
  under = open;
  taking ??= drain().finally(() => (taking = null));
  return taking;
}

async function drain() {
  while (queued.length) {
    const some = queued.splice(0, AT_ONCE);
    try {
      hold(await fetched(`${paths.gallery}?only=${some.join(",")}`));
    } catch {
      // The card in the panel shows the photo all the same, and the next beat asks again.
      queued.unshift(...some);
      setTimeout(() => takeIn([], under), 5000);
      break;
    }
  }
  settle();
}

/** Whether a photo of this rank is on a page still to come. */
function isLater(rank) {
  const last = tiles().at(-1);
  return last && rank > rankOf(last) && older.querySelector("a[rel=next]");
}

/** Likewise of an id, by which nothing is known where photos are in the order they were taken. */
const mayBeLater = (id) => !isDated && isLater(id);

function hold(some) {
  for (const tile of some) {
    const { id } = tile.dataset;
    offered.delete(id);
    if (!tileOf(id) && !isLater(rankOf(tile))) held.set(id, tile);
  }
}

/**
 * Offers what is new among the album's newest photos; it comes in when the reader asks for it, and by
 * itself where nothing is shown yet. Returns whether there is anything that was not offered before.
 */
export function offer(ids, whole) {
  if (!showsNewest()) {
    behind ??= whole ? "~" : ids.at(-1);
    met ??= ids;
  }
  const before = offered;
  const isNew = (id) => !tileOf(id) && !held.has(id) && !mayBeLater(id) && !wasMet(id);
  offered = new Set(ids.filter(isNew));
  if (offered.size && !grid.children.length) bring().catch(() => {});
  announce();
  return [...offered].some((id) => !before.has(id));
}

/** Whether a photo was there already; where one was deleted, an older one ends the list of the newest. */
const wasMet = (id) => met?.includes(id) || id > behind;

/** Fetches the photos that are offered and puts them in. */
async function bring() {
  const ids = [...offered];
  if (ids.length) hold(await fetched(`${paths.gallery}?only=${ids.join(",")}`));
  for (const id of ids) offered.delete(id);
  putIn();
  announce();
}

/** Whether photos may come in by themselves: the reader is at the beginning and sees them come. */
function mayMove() {
  if (!grid.children.length) return true;
  if (!atHead() || history.state?.lightbox || window.scrollY > 120) return false;
  const full = grid.getBoundingClientRect().bottom > window.innerHeight;
  return !full || under <= CROWD;
}

function settle() {
  if (held.size && mayMove()) putIn();
  announce();
}

function putIn() {
  const some = [...held.values()];
  held.clear();
  for (const tile of some) tile.classList.add("new");
  insert(some);
}

const say = offering(jump);

function announce() {
  const count = held.size + offered.size;
  say(count && t("new_photos", { count }));
}

async function jump() {
  // Of more than one answer holds, the page itself knows where they end.
  if (!atHead() || offered.size >= AT_ONCE) {
    location.assign(paths.gallery);
    return;
  }
  try {
    await bring();
  } catch {
    toast(t("load_failed"));
    return;
  }
  window.scrollTo({ top: 0, behavior: "instant" });
  grid.querySelector("a")?.focus({ preventScroll: true });
}

/** Looks for photos that came from others while the tab was away, until it meets a known one. */
async function catchUp() {
  let address = paths.gallery;
  for (let number = 0; address && number < PAGES; number++) {
    const next = await fetchPage(address);
    const some = tilesIn(next);
    const known = some.some((tile) => tileOf(tile.dataset.id));
    hold(some);
    if (known) break;
    address = next.querySelector("#older a[rel=next]")?.getAttribute("href");
  }
  settle();
}

/** Asks for new photos whenever the tab comes back after a while. */
export function watchArrivals() {
  let left = Date.now();
  const back = () => {
    if (document.hidden) left = Date.now();
    else if (atHead() && Date.now() - left > AWAY) catchUp().catch(() => {});
  };
  document.addEventListener("visibilitychange", back);
  window.addEventListener("pageshow", ({ persisted }) => persisted && back());
}
