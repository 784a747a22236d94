// The strings of selecting and downloading: on the pages that offer it, joined to those of every page.
import { page } from "../page.js";

Object.assign(page.strings, JSON.parse(document.getElementById("select-data").textContent));

export { inBytes, t } from "../page.js";
