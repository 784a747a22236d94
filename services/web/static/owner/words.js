// The strings of the owner's tools, in the page's language.
const strings = JSON.parse(document.getElementById("owner-data").textContent);
const plurals = new Intl.PluralRules(document.documentElement.lang);

/** The string of that name, filled in; `count` chooses the plural. */
export function t(key, values = {}) {
  const text =
    strings[key] ?? strings[`${key}_${plurals.select(values.count)}`] ?? strings[`${key}_other`];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Posts JSON and returns what comes back; throws where that is an error. */
export async function post(address, content, method = "POST") {
  const response = await fetch(address, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(content ?? {}),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response.status === 204 ? null : response.json();
}
