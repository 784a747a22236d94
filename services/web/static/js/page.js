// What the server tells the scripts: limits, accepted types and the strings in the page's language.
export const page = JSON.parse(document.getElementById("page-data").textContent);

// Where this gallery and its API are: one page serves every album.
export const paths = { ...document.body.dataset };

const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);

const fill = (value) => (typeof value === "number" ? value.toLocaleString(language) : value);

/** The string of that name, filled in, numbers as the language writes them; `count` chooses the plural. */
export function t(key, values = {}) {
  const { strings } = page;
  const text =
    strings[key] ?? strings[`${key}_${plurals.select(values.count)}`] ?? strings[`${key}_other`];
  return text.replace(/\{(\w+)\}/g, (_, name) => fill(values[name]));
}

/** Why an upload became no photo, with the words of the owner who did not publish it. */
export function reasonOf(code, message, note) {
  const reason = page.strings.reason[code] ?? message;
  return note ? t("not_approved", { reason, note }) : reason;
}

/** A number of bytes in words, such as 3.4 MB. */
export function inBytes(bytes) {
  const [unit, by] =
    bytes < 1e6 ? ["kilobyte", 1e3] : bytes < 1e9 ? ["megabyte", 1e6] : ["gigabyte", 1e9];
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    maximumFractionDigits: by === 1e3 ? 0 : 1,
  }).format(bytes && Math.max(bytes, 500) / by);
}

/** A share of 1 as a whole percentage. */
export function inPercent(share) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}

/** An element with attributes and children; text stays text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** An icon of templates/icons.svg. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Fetches one of our own pages as a document. */
export async function fetchPage(address) {
  const response = await fetch(address, { headers: { accept: "text/html" } });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Shows a message until the element that is returned is removed; screen readers say it. */
export function notice(text, within = document.body) {
  const box = element("p", { class: "toast", role: "status" });
  within.append(box);
  box.textContent = text;
  return box;
}

/** Shows a message for a moment. */
export function toast(text, within) {
  const box = notice(text, within);
  setTimeout(() => box.remove(), 3000);
}
