// What only owners need: loaded on their pages.
import { startCopying } from "./copy.js";
import { startPasskeys } from "./passkeys.js";
import { startTray } from "./tray.js";
import { startWork } from "./work.js";

startCopying();
startPasskeys();
const work = document.querySelector("[data-work]");
if (work) startWork(work);
const tray = document.querySelector("[data-tray]");
if (tray) startTray(tray);
