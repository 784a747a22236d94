import { loadStyle } from "../styles.js";

/** The style sheet of selecting and downloading. */
export const SELECTION_STYLE = loadStyle(SELECTION_CSS);
