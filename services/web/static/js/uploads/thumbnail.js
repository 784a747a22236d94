// Small previews of files, one after the other: thirty photos decoded at once would fill a phone.
import PQueue from "p-queue";

const queue = new PQueue({ concurrency: 1 });
const SIDE = 104; // twice what is shown
const LARGEST = 20_000_000; // bytes; decoding more takes long enough to be felt

const idle = () =>
  new Promise((resolve) => (window.requestIdleCallback ?? setTimeout)(() => resolve()));

/**
 * Resolves to a canvas with the picture in `file`, or null where the browser cannot read it or
 * nobody `wants` it any more once its turn has come.
 */
export function thumbnail(file, wants) {
  return queue.add(async () => {
    await idle();
    if (!wants() || file.size > LARGEST) return null;
    try {
      const options = { resizeHeight: 2 * SIDE, resizeQuality: "medium" };
      const bitmap = await createImageBitmap(file, options);
      const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
      const scale = SIDE / Math.min(bitmap.width, bitmap.height);
      const [width, height] = [bitmap.width * scale, bitmap.height * scale];
      const at = [(SIDE - width) / 2, (SIDE - height) / 2];
      canvas.getContext("2d").drawImage(bitmap, ...at, width, height);
      bitmap.close();
      return canvas;
    } catch {
      return null;
    }
  });
}
