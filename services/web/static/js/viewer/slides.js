// A tile of the grid as a slide of the viewer.
import { fetchPage } from "../page.js";
import { placeholderOf } from "../placeholders.js";
import { addressOf } from "../sources.js";

const applies = ({ media }) => !media || matchMedia(media).matches;

/** What the browser itself would choose among the sources of a picture; `moving` has its way. */
function sourcesOf(picture, moving) {
  const usable = [...picture.querySelectorAll("source")].find((source) =>
    moving ? !source.media : applies(source),
  );
  const srcset = addressOf(usable ?? picture.querySelector("img"), "srcset");
  return { srcset, src: srcset.split(", ").at(-1).split(" ")[0] };
}

export function slideOf(tile) {
  const link = tile.querySelector("a");
  const picture = tile.querySelector("picture");
  const image = tile.querySelector("img");
  const loaded = () => image.complete && image.naturalWidth && image.currentSrc;
  return {
    id: tile.dataset.id,
    page: link.getAttribute("href"),
    download: link.dataset.download,
    original: link.dataset.original,
    element: link,
    picture,
    // An animation stands still for those who asked the system for less motion, until they play it.
    resting: [...picture.querySelectorAll("source[media]")].some(applies),
    ...sourcesOf(picture),
    width: Number(link.dataset.width),
    height: Number(link.dataset.height),
    msrc: loaded() || placeholderOf(link) || undefined,
    placeholder: () => loaded() || placeholderOf(link) || false,
    mat: [...tile.classList].filter((name) => name.startsWith("mat")),
    alt: image.alt,
    from: tile.querySelector(".tile-from")?.textContent ?? "",
    thumbCropped: true,
  };
}

/** Lets an animation move. */
export function play(slide) {
  slide.resting = false;
  Object.assign(slide, sourcesOf(slide.picture, true));
}

/** Gives a slide new addresses where its own have run out; returns whether it did. */
export async function renewSlide(slide) {
  if (slide.renewed) return false;
  slide.renewed = true;
  const fresh = await fetchPage(slide.page).catch(() => null);
  const picture = fresh?.querySelector("article picture");
  if (!picture) return false;
  slide.picture = picture;
  Object.assign(slide, sourcesOf(picture, !slide.resting));
  return true;
}
