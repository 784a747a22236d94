// A photo's own page, and the page of an upload that is still being made ready.
import { tokenOf } from "./tokens.js";

/** Brings the buttons of a photo's page to life. */
export async function startPhoto(article) {
  const { photo: id } = article.dataset;
  // The viewer gave this address to an entry of the gallery's history; going back from it after a
  // reload stays in this document. It may have happened before this script ran.
  const stay = () => location.pathname === `/photos/${id}` || location.reload();
  window.addEventListener("popstate", stay);
  stay();
  const { canShare, enableCopying, remove, share } = await import("./actions.js");
  enableCopying(article, document.body);
  const shareButton = article.querySelector("[data-share]");
  shareButton.hidden = !canShare;
  shareButton.addEventListener("click", () => share(document.title, location.href));
  const deleteButton = article.querySelector("[data-delete]");
  deleteButton.hidden = !tokenOf(id);
  deleteButton.addEventListener("click", async () => {
    if (await remove(id)) location.assign("/");
  });
}

/** Shows the photo as soon as it is ready. */
export function startWaiting(section) {
  let delay = 300;
  const look = async () => {
    try {
      const response = await fetch(`/api/photos/${section.dataset.waiting}`);
      if (response.status < 500 && (await response.json()).state !== "waiting") {
        location.replace(location.pathname);
        return;
      }
    } catch {
      // The network is away; it is asked again.
    }
    delay = Math.min(delay * 1.5, 5000);
    setTimeout(look, delay);
  };
  setTimeout(look, delay);
}

/** Writes the moment of the upload as the reader's own clock and calendar have it. */
export function localiseTimes() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, {
    dateStyle: "long",
    timeStyle: "short",
  });
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

