// Paints the blurred picture that a thumbhash holds until the real one has loaded.
import { thumbHashToDataURL } from "thumbhash";

const AT_ONCE = 8; // milliseconds of painting until whatever else waits has its turn

const due = [];

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      due.push(entry.target);
    }
    paintDue();
  },
  { rootMargin: "800px 0px" },
);

/** The blurred picture as a data URL, or null. */
export function placeholderOf(holder) {
  const hash = Uint8Array.from(atob(holder.dataset.thumbhash), (c) => c.charCodeAt(0));
  return hash.length < 5 ? null : thumbHashToDataURL(hash);
}

function paintDue() {
  const end = performance.now() + AT_ONCE;
  while (due.length && performance.now() < end) paint(due.shift());
  if (due.length) setTimeout(paintDue);
}

function paint(holder) {
  const picture = holder.querySelector("img");
  if (picture.complete && picture.naturalWidth) return;
  const placeholder = placeholderOf(holder);
  if (!placeholder) return;
  const frame = holder.closest(".tile") ?? picture;
  frame.style.backgroundImage = `url(${placeholder})`;
  // What shows through a transparent picture is the page.
  picture.addEventListener("load", () => (frame.style.backgroundImage = ""), { once: true });
}

/** Watches every picture in `root` that carries a thumbhash. */
export function paintPlaceholders(root) {
  for (const holder of root.querySelectorAll("[data-thumbhash]")) {
    near.unobserve(holder); // observed anew, it is reported even where it was seen before
    near.observe(holder);
  }
}
