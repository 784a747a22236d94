// A bar of dates: an album's months, days or hours, of which one is chosen by pointer, finger or keys.
import { grid, tiles } from "./grid.js";
import { element, fetchPage } from "./page.js";

const SETTLED = 200; // milliseconds without scrolling

/** Whether a tile is of a date such as 2026-07, 2026-07-15 or 2026-07-15T18, or was taken after it. */
function reaches(tile, date) {
  const hour = tile.dataset.rank.slice(8, 10).replace(/\d/g, (digit) => 9 - digit);
  return `${tile.dataset.day}T${hour}`.slice(0, date.length) >= date;
}

/** Puts the bar in place of the link to the page of dates. */
export async function startDates(link) {
  const links = [...(await fetchPage(link.href)).querySelectorAll("#dates a")];
  if (links.length < 2) return;
  const output = element("output", { for: "date" });
  const input = element("input", {
    id: "date",
    type: "range",
    max: links.length - 1,
    value: 0,
    "aria-label": link.dataset.label,
  });
  const say = () => {
    const text = links[input.value].textContent;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  let jumped = false; // to a day that may be too near the end to come to the top
  const follow = () => {
    if (jumped) {
      jumped = false;
      return;
    }
    const top = tiles().find((tile) => tile.getBoundingClientRect().bottom > 80);
    const at = top ? links.findIndex(({ dataset }) => reaches(top, dataset.date)) : 0;
    input.value = at < 0 ? links.length - 1 : at;
    say();
  };
  input.addEventListener("input", say);
  input.addEventListener("change", () => {
    const { date } = links[input.value].dataset;
    const here = document.getElementById(`day-${date}`);
    if (here && !here.classList.contains("held")) {
      jumped = true;
      here.scrollIntoView();
    } else location.assign(links[input.value].href);
  });
  let timer;
  const settle = () => {
    clearTimeout(timer);
    timer = setTimeout(follow, SETTLED);
  };
  window.addEventListener("scroll", settle, { passive: true });
  grid.addEventListener("change", settle);
  link.before(input, output);
  link.parentElement.classList.add("scrubber");
  follow();
}
