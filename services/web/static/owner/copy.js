// Copying what a field shows, and printing the sheet.
import { t } from "./words.js";

export function startCopying() {
  for (const button of document.querySelectorAll("[data-copy-value]")) {
    const field = button.parentElement.querySelector("input");
    const text = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      await navigator.clipboard?.writeText(field.value);
      button.textContent = t("copied");
      setTimeout(() => (button.textContent = text), 2000);
    });
  }
  const print = document.querySelector("[data-print]");
  if (!print) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
