// Small previews of files, one after the other: thirty photos decoded at once would fill a phone.
import PQueue from "p-queue";

const queue = new PQueue({ concurrency: 1 });
const SIDE = 104; // twice what is shown

/** Resolves to a canvas with the picture in `file`, or null where the browser cannot read it. */
export function thumbnail(file, signal) {
  return queue.add(async () => {
    if (signal.aborted) return null;
    try {
      const bitmap = await createImageBitmap(file, { resizeHeight: SIDE, resizeQuality: "medium" });
      const canvas = document.createElement("canvas");
      canvas.width = SIDE;
      canvas.height = SIDE;
      const left = (SIDE - bitmap.width) / 2;
      canvas.getContext("2d").drawImage(bitmap, left, 0);
      bitmap.close();
      return canvas;
    } catch {
      return null;
    }
  });
}
