// Long work on an album: step by step, with a bar, until nothing is left.
import { post, t } from "./words.js";

export async function startWork(section) {
  const bar = section.querySelector("progress");
  const status = section.querySelector("[role=status]");
  const form = section.querySelector("form");
  let done = 0;
  const go = async () => {
    form.hidden = true;
    try {
      for (;;) {
        const step = await post(section.dataset.work);
        done += step.done;
        if (step.finished) return location.assign(section.dataset.next);
        if (step.left === null) bar.removeAttribute("value");
        else Object.assign(bar, { max: done + step.left, value: done });
        status.textContent = step.left === null ? t("many") : t("left", { count: step.left });
      }
    } catch {
      status.textContent = t("stopped");
      form.hidden = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  if (section.dataset.left) Object.assign(bar, { max: Number(section.dataset.left), value: 0 });
  await go();
}
