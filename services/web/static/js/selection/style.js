import { loadStyle } from "../styles.js";

/** Loads the style sheet of selecting and downloading. */
export const selectionStyle = () => loadStyle(SELECTION_CSS);
