// The button below the bar that offers what has come since the page was opened.
import { element, icon } from "./page.js";

/** Returns what shows the button with a text, and takes it away where there is none. */
export function offering(onclick) {
  let box = null;
  return (text) => {
    if (!text) {
      box?.remove();
      box = null;
      return;
    }
    if (!box) {
      const names = { class: "button main", type: "button", onclick };
      // The status is around the button: in it, it would leave the button without a name.
      box = element("div", { class: "arrivals", role: "status" });
      box.append(element("button", names, icon("newer"), element("span")));
      document.querySelector(".bar").after(box);
    }
    box.querySelector("span").textContent = text;
  };
}
