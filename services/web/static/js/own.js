// This browser's photos that wait for the owner's approval, or were not published: a line above the
// grid, which opens to links to their pages.
import { element, paths, reasonOf, t } from "./page.js";
import { watchDecisions } from "./uploads/decisions.js";
import { awaited, forgetPending, remember } from "./uploads/pending.js";

const uploads = new Map(); // id → {id, name, state, row, note}
let section;
let refused;
let ask;

const withState = (state) => [...uploads.values()].filter((upload) => upload.state === state);

/** Shows in `section`, where the server may have listed what waits, all that there is to tell. */
export function tell(within) {
  if (!section) begin(within);
  for (const { id, name } of awaited()) {
    if (!uploads.has(id)) uploads.set(id, { id, name, state: "pending" });
  }
  // Of what the server did not list something else may have become.
  if (withState("pending").some(({ row }) => !row)) ask();
}

function begin(within) {
  section = within;
  const kept = new Set(awaited().map(({ id }) => id));
  for (const row of section.querySelectorAll("li")) {
    const { id } = row.dataset;
    const upload = { id, name: row.textContent, state: "pending", row };
    uploads.set(id, upload);
    if (!kept.has(id)) remember({ id, name: upload.name, sent: true, awaited: true });
  }
  const summary = element("summary");
  const list = element("ul");
  const button = element("button", { class: "button", type: "button", onclick: dismiss });
  button.textContent = t("own_dismiss");
  refused = element("details", { hidden: true }, summary, list, button);
  section.append(refused);
  const unlisted = (upload) => (upload.row ? 1 : 0);
  ask = watchDecisions(() => withState("pending").sort((a, b) => unlisted(a) - unlisted(b)), take);
}

function take(upload, { state, reason, message, note }) {
  if (state === "waiting") return;
  upload.state = state;
  if (state === "pending") {
    upload.row ??= put(section.querySelector("ul"), upload);
  } else {
    upload.row?.remove();
    if (state === "rejected") put(refused.querySelector("ul"), upload, `: ${reasonOf(reason, message, note)}`);
    else forgetPending(upload.id);
    upload.note = note;
  }
  show();
}

function put(list, { id, name }, text = "") {
  const href = `${paths.photos.replace("/api", "")}/${id}`;
  const row = element("li", {}, element("a", { href, dir: "auto" }, name || t("untitled")), text);
  list.append(row);
  return row;
}

function show() {
  const no = withState("rejected");
  const notes = new Set(no.map(({ note }) => note));
  for (const [details, key, count] of [
    [section.querySelector("details"), "own_waits", withState("pending").length],
    [refused, "own_refused", no.length],
  ]) {
    details.hidden = !count;
    const text = t(key, { count });
    const [note] = notes.size === 1 && details === refused ? notes : [];
    details.firstElementChild.textContent = note ? t("not_approved", { reason: text, note }) : text;
  }
  section.hidden = [...section.children].every(({ hidden }) => hidden);
}

/** What was not published has been read. */
function dismiss() {
  for (const { id } of withState("rejected")) {
    forgetPending(id);
    uploads.delete(id);
  }
  refused.querySelector("ul").replaceChildren();
  show();
  document.getElementById("main").focus();
}
