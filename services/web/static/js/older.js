// The grid goes on by itself at its end.
import { append, holdLastRow, older, tiles } from "./grid.js";
import { fetchPage, t } from "./page.js";

let loading = null;

/** Appends the next page; resolves to whether there was one. */
export function loadOlder() {
  loading ??= appendNext().finally(() => (loading = null));
  return loading;
}

async function appendNext() {
  const link = older.querySelector("a[rel=next]");
  if (!link) return false;
  older.classList.remove("failed");
  older.classList.add("busy");
  link.textContent = t("loading");
  try {
    const next = await fetchPage(link.href);
    append([...next.getElementById("grid").children]);
    older.replaceChildren(...next.getElementById("older").childNodes);
    return true;
  } catch {
    link.textContent = t("load_failed");
    older.classList.add("failed");
    return false;
  } finally {
    older.classList.remove("busy");
    holdLastRow();
  }
}

/** Loads the next page whenever the end comes near, and where its link is followed. */
export function goOnAtEnd() {
  older.classList.add("endless");
  holdLastRow();
  const watcher = new IntersectionObserver(
    async ([entry]) => {
      if (!entry.isIntersecting) return;
      watcher.disconnect();
      // Observing anew reports at once where the end is still in reach.
      if (await loadOlder()) watcher.observe(older);
    },
    { rootMargin: "0px 0px 1500px 0px" },
  );
  watcher.observe(older);
  older.addEventListener("click", async (event) => {
    if (!event.target.closest("a[rel=next]") || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const shown = tiles().length;
    if (await loadOlder()) watcher.observe(older);
    tiles()[shown]?.querySelector("a").focus({ preventScroll: true });
  });
}
