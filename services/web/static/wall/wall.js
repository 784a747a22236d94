// The wall: fades from photo to photo for as long as the screen is on, whatever the network does.
import { ask } from "../js/ask.js";
import { watchNewest } from "../js/live.js";
import { paths, t } from "../js/page.js";
import { Order } from "./order.js";

const asked = Number(new URLSearchParams(location.search).get("seconds"));
const EACH = 1000 * Math.min(300, Math.max(2, asked || 7)); // milliseconds that a photo is shown
const FADE = 1300; // see wall.css
const PAGE = 12; // photos fetched at once: what is hidden meanwhile is shown no longer than they last
const KEPT = 20; // photos that are shown again while nobody answers
const PATIENCE = 30_000; // milliseconds for a picture to load
const IDLE = 3000;

const pictures = document.getElementById("pictures");
const word = document.getElementById("word");
const tools = document.getElementById("tools");
const code = document.getElementById("code");
const from = document.getElementById("from"); // where the album says whom photos are from
const still = matchMedia("(prefers-reduced-motion: reduce)");

class Gone extends Error {}

async function question(query) {
  const { response, answer } = await ask(`${paths.photos}?${query}`);
  if (response.status === 404) throw new Gone();
  if (!response.ok || !answer?.photos) throw new Error(`answered ${response.status}`);
  return answer;
}

const order = new Order({
  page: (after) => question(`limit=${PAGE}${after ? `&after=${after}` : ""}`),
  some: async (ids) =>
    (await question(`ids=${ids}`)).photos.filter(({ state }) => state === "ready"),
});

let kept = []; // photos shown while there was an answer
let current = null; // id
let paused = false;
let timer;
let turning = false;

function pictureOf({ name, width, height, animated, variants }) {
  const kind = (animated && still.matches ? variants.at(-1) : variants[0]).type;
  const fitting = variants.filter(({ type }) => type === kind);
  const image = new Image();
  image.alt = name;
  image.sizes = `${Math.ceil(Math.min(innerWidth, (innerHeight * width) / height))}px`;
  image.srcset = fitting.map(({ url, width: wide }) => `${url} ${wide}w`).join(", ");
  return image;
}

async function load(photo) {
  const image = pictureOf(photo);
  let late;
  const patience = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error("late")), PATIENCE);
  });
  try {
    await Promise.race([image.decode(), patience]);
    return image;
  } catch (error) {
    image.srcset = ""; // stops what is still loading
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function fade(image) {
  const before = [...pictures.children];
  pictures.append(image);
  image.getBoundingClientRect(); // so that there is something to fade from
  image.classList.add("shown");
  setTimeout(() => {
    for (const old of before) old.remove();
  }, still.matches ? 0 : FADE);
}

/** Shows a photo; resolves to whether it could be loaded. */
async function show(photo) {
  if (photo.id === current && pictures.childElementCount) return true;
  try {
    const image = await load(photo);
    current = photo.id;
    word.textContent = "";
    if (from) from.textContent = photo.guest ?? "";
    fade(image);
    return true;
  } catch {
    return false;
  }
}

async function turn() {
  let photo;
  try {
    photo = await order.next();
  } catch (error) {
    if (error instanceof Gone) return end();
    // Nobody answers: what the browser still has goes round.
    photo = kept.shift();
    if (photo) kept.push(photo);
    if (photo) await show(photo);
    else if (!current) word.textContent = t("waiting");
    return true;
  }
  if (!photo) {
    blank();
    word.textContent = t("empty");
  } else if (await show(photo)) {
    kept = [...kept.filter(({ id }) => id !== photo.id), photo].slice(-KEPT);
  }
  return true;
}

function blank() {
  current = null;
  pictures.replaceChildren();
  if (from) from.textContent = "";
}

function end() {
  blank();
  code?.remove();
  from?.remove();
  kept = [];
  paused = true;
  word.textContent = t("gone");
}

async function go() {
  clearTimeout(timer);
  if (turning) return;
  turning = true;
  try {
    await turn();
  } finally {
    turning = false;
    clearTimeout(timer);
    if (!paused) timer = setTimeout(go, EACH);
  }
}

const actions = {
  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  },
  pause(button) {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    if (paused) clearTimeout(timer);
    else go();
  },
  next: go,
  code(button) {
    code.hidden = !code.hidden;
    button.setAttribute("aria-pressed", String(!code.hidden));
  },
};
const buttonOf = (name) => tools.querySelector(`[data-do="${name}"]`);
const act = (name) => buttonOf(name) && actions[name](buttonOf(name));

tools.hidden = false;
if (!document.documentElement.requestFullscreen) buttonOf("fullscreen").remove();
tools.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-do]");
  if (button) act(button.dataset.do);
});
const KEYS = { f: "fullscreen", " ": "pause", p: "pause", n: "next", ArrowRight: "next", q: "code" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && !document.fullscreenElement) location.assign(paths.gallery);
  if (event.key === " " && event.target.closest("a, button")) return; // presses it
  const name = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!name) return;
  event.preventDefault();
  act(name);
});

// Pointer and buttons go when nobody moves.
let idle;
function stir() {
  document.body.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.body.classList.add("idle"), IDLE);
}
for (const event of ["pointermove", "pointerdown", "keydown"]) document.addEventListener(event, stir);
stir();

// The screen stays on; the system takes that back whenever the page is hidden.
async function stayOn() {
  if (document.hidden) return;
  await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayOn);
stayOn();

function news(ids, whole) {
  const fresh = order.arrived(ids, whole);
  kept = kept.filter(({ id }) => !order.isGone(id));
  if (current && order.isGone(current)) {
    blank();
    go();
  }
  return fresh;
}

watchNewest(news, { longest: 10_000, own: true, first: 0 });
go();
