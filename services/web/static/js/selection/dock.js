// Where the selection's bar and the download's progress stand, one above the other.
import { element } from "../page.js";

let made = null;

export function dock() {
  if (!made) {
    made = element("div", { class: "dock" });
    document.querySelector("main").append(made);
  }
  return made;
}
