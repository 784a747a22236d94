// Photos that come to wait while the tray is open: said at once, and put in when the owner asks for
// them or has nothing left to decide. What is looked at stays where it is.
import { watchNewest } from "../js/live.js";
import { offering } from "../js/offering.js";
import { fetchPage, toast } from "../js/page.js";
import { localiseTimes } from "../js/photo.js";
import { t } from "./words.js";

/**
 * Watches for what is not in `list`, nor in the set of ids `decided`, nor behind the link `end` to the
 * next page. Returns a function that puts in what has come; `changed()` is called then, and `go(card)`
 * where the owner asked. `past(cards)` is called with those that wait no longer, as another owner, or
 * who uploaded them, has it.
 */
export function watchTray(list, { decided, end, changed, go, past }) {
  const last = end && new URL(end.href).searchParams.get("after");
  const cardOf = (id) => list.querySelector(`:scope > [data-id="${id}"]`);
  const isNew = (id) => !decided.has(id) && !cardOf(id) && !(last && id > last);
  let incoming = [];
  let known = [...list.children].map(({ dataset }) => dataset.id);
  const say = offering(() => takeIn(true));

  function announce() {
    incoming = incoming.filter(isNew);
    say(incoming.length && t("incoming", { count: incoming.length }));
  }

  async function takeIn(asked = false) {
    if (!incoming.length) return;
    try {
      const page = await fetchPage(location.pathname);
      const fresh = [...page.querySelectorAll(".tray > li")];
      // Of more than a page holds, the page itself knows where they end.
      if (fresh.length < incoming.length) location.reload();
      fresh.forEach(put);
    } catch {
      if (asked) toast(t("undecided"));
      return;
    }
    const first = cardOf(incoming[0]);
    localiseTimes();
    changed();
    announce();
    if (asked) go(first);
  }

  function put(fresh) {
    const { id } = fresh.dataset;
    const card = cardOf(id);
    const more = fresh.querySelector("details:has([name=sender])");
    if (isNew(id)) {
      const older = [...list.children].find(({ dataset }) => dataset.id > id);
      list.insertBefore(fresh, older ?? null);
    } else if (more && card && !card.querySelector("[name=sender]")) {
      card.append(more); // no longer the only one of its sender
    }
  }

  const news = (ids, whole) => {
    const gone = whole ? known.filter((id) => !ids.includes(id)).map(cardOf) : [];
    known = ids; // what was put in since the question was asked is in no answer yet
    if (gone.some(Boolean)) past(gone.filter(Boolean));
    const before = new Set(incoming);
    incoming = ids.filter(isNew);
    if (list.children.length) announce();
    else takeIn();
    return incoming.some((id) => !before.has(id));
  };
  const first = !new URLSearchParams(location.search).has("after");
  if (first) watchNewest(news, { of: "pending", own: true });
  return takeIn;
}
