"""What Chromium shows of a picture: the pixels of its canvas, in sRGB."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
_FLAGS = ["--no-sandbox", "--force-color-profile=srgb", "--disable-gpu"]

_SHOW = """
async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([bytes]));
  try { await image.decode(); } catch (error) { return null; }
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  let binary = "";
  for (let at = 0; at < pixels.length; at += 32768)
    binary += String.fromCharCode(...pixels.subarray(at, at + 32768));
  return [width, height, btoa(binary)];
}
"""


class Canvas:
    """A page that pictures are drawn on."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def show(self, data: bytes) -> "np.ndarray[Any, np.dtype[np.uint8]] | None":
        """Return height × width × RGBA of a picture's first frame; None where it is broken."""
        shown = self._page.evaluate(_SHOW, base64.b64encode(data).decode())
        if shown is None:
            return None
        width, height, pixels = shown
        flat = np.frombuffer(base64.b64decode(pixels), np.uint8)
        return flat.reshape(height, width, 4)


@contextmanager
def canvas() -> Iterator[Canvas]:
    """Start a Chromium, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield Canvas(browser.new_page())
        browser.close()
