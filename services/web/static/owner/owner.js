// What only owners need: loaded on their pages, and beside the gallery where photos may be tidied.
import { startCopying } from "./copy.js";
import { startPasskeys } from "./passkeys.js";
import { startSelecting } from "./select.js";
import { startTray } from "./tray.js";
import { startWork } from "./work.js";

startCopying();
startPasskeys();
const work = document.querySelector("[data-work]");
if (work) startWork(work);
const tray = document.querySelector("[data-tray]");
if (tray) startTray(tray);
const grid = document.getElementById("grid");
if (grid) startSelecting(grid);
