// Which photo of the album one sees: the album is counted, not what the page has loaded of it.
import { ask } from "../ask.js";
import { grid, tiles } from "../grid.js";
import { paths, t } from "../page.js";

const language = document.documentElement.lang;

/** Adds the counter to the viewer; it says how many there are as soon as that is known. */
export function placeInAlbum(viewer) {
  let album = null; // {count, newer}: photos in all, and those before the first that is loaded
  let first = tiles()[0].dataset.id;
  viewer.ui.registerElement({
    name: "position",
    className: "pswp__counter",
    order: 5,
    onInit: (counter) => {
      const show = () => {
        if (!album) return;
        const all = album.count;
        const index = album.newer + viewer.currIndex + 1;
        counter.textContent =
          all === null ? index.toLocaleString(language) : t("position", { index, count: all });
      };
      const count = async () => {
        first = tiles()[0]?.dataset.id;
        if (!first) return; // the last photo was deleted
        const { answer } = await ask(`${paths.photos}/count?newer_than=${first}`).catch(() => ({}));
        if (Number.isInteger(answer?.newer)) album = answer;
        show();
      };
      viewer.on("change", show);
      const recount = () => count();
      grid.addEventListener("change", recount);
      viewer.on("close", () => grid.removeEventListener("change", recount));
      count();
    },
  });
}
