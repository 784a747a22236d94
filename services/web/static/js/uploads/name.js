// Asks once who the pictures are from, before the first one is sent: the name travels with each.
import { element, paths, t, toast } from "../page.js";

/** The form in the panel; `answered` is called once the browser keeps a name, or that there is none. */
export function askName(answered) {
  const input = element("input", {
    id: "uploader",
    maxlength: 60,
    autocomplete: "name",
    dir: "auto",
  });
  const label = element("label", { for: "uploader" }, t("name"));
  const without = element("button", { class: "button", type: "button" }, t("name_none"));
  const keep = element("button", { class: "button main" }, t("name_keep"));
  const actions = element("div", { class: "actions" }, without, keep);
  const form = element("form", { class: "uploads-name" }, label, input, actions);
  const answer = async (name) => {
    for (const button of [without, keep]) button.disabled = true;
    try {
      const response = await fetch(paths.askName, {
        method: "POST",
        body: new URLSearchParams({ name }),
        redirect: "manual",
      });
      if (response.status >= 400) throw new Error(`the name was answered ${response.status}`);
      delete paths.askName;
      const kept = document.getElementById("guest"); // the page's own form, where it is changed
      if (kept) kept.value = name;
      form.remove();
      answered();
    } catch {
      toast(t("name_failed"));
      for (const button of [without, keep]) button.disabled = false;
    }
  };
  without.addEventListener("click", () => answer(""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(input.value.trim());
  });
  return form;
}
