// A photo's own page, and the page of an upload that is still being made ready.
import { paths } from "./page.js";

const DECIDED = 60_000; // milliseconds between two questions for what the owner decided

/** Brings the buttons of a photo's page to life. */
export async function startPhoto(article) {
  const { photo: id } = article.dataset;
  // The viewer gave this address to an entry of the gallery's history; going back from it after a
  // reload stays in this document. It may have happened before this script ran.
  const { pathname } = new URL(document.querySelector("link[rel=canonical]").href);
  const stay = () => location.pathname === pathname || location.reload();
  window.addEventListener("popstate", stay);
  stay();
  const play = article.querySelector("[data-play]");
  if (play && matchMedia("(prefers-reduced-motion: reduce)").matches) {
    play.hidden = false;
    play.addEventListener("click", () => {
      article.querySelector("source[media]").remove();
      play.remove();
    });
  }
  const { canShare, enableCaption, enableCopying, mayRemove, remove, share } = await import("./actions.js");
  enableCopying(article, document.body);
  const shareButton = article.querySelector("[data-share]");
  shareButton.hidden = !canShare;
  shareButton.addEventListener("click", () => share(document.title, location.href));
  const deleteButton = article.querySelector("[data-delete]");
  deleteButton.hidden = !mayRemove(id);
  deleteButton.addEventListener("click", async () => {
    if (await remove(id)) location.assign(paths.gallery);
  });
  const form = article.querySelector("[data-caption-form]");
  if (form && mayRemove(id)) enableCaption(form, article.querySelector("[data-caption]"), id);
}

/** Shows the photo as soon as it is ready, or what its owner decided. */
export function startWaiting(section) {
  const { waiting: id, state } = section.dataset;
  const decides = state === "pending"; // a person, who takes longer than a machine
  let delay = decides ? DECIDED : 300;
  let timer;
  const look = async () => {
    clearTimeout(timer);
    if (decides && document.hidden) return;
    try {
      const response = await fetch(`${paths.photos}/${id}`);
      if (response.status < 500 && (await response.json()).state !== state) {
        location.replace(location.pathname);
        return;
      }
    } catch {
      // The network is away; it is asked again.
    }
    if (!decides) delay = Math.min(delay * 1.5, 5000);
    clearTimeout(timer); // of another look, where the tab came back meanwhile
    timer = setTimeout(look, delay);
  };
  timer = setTimeout(look, delay);
  if (decides) document.addEventListener("visibilitychange", look);
}

/** Writes the moment of the upload as the reader's own clock and calendar have it. */
export function localiseTimes() {
  const times = document.querySelectorAll('time[datetime$="Z"]');
  if (!times.length) return; // the first format costs a phone a tenth of a second
  const { lang } = document.documentElement;
  // Day before month, as the server writes when a photo was taken.
  const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
    dateStyle: "long",
    timeStyle: "short",
  });
  for (const time of times) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

