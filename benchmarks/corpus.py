"""The benchmark's pictures: photographic spectra made by code, so that anybody has the same bytes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tests.pictures import avif, gif, heic, jpeg, photo, png, webp


def _photo(width: int, height: int, mode: str = "RGB") -> Image.Image:
    # `photo` is smooth; a sensor's grain, blurred as its demosaicing blurs it, brings a JPEG to the
    # 2 to 3 bits a pixel of a camera's.
    image = photo(width, height)
    random = np.random.default_rng(7)
    grain = random.normal(128, 26, (height, width)).clip(0, 255).astype(np.uint8)
    soft = np.asarray(Image.fromarray(grain).filter(ImageFilter.GaussianBlur(0.8)), np.int16) - 128
    pixels = np.asarray(image, np.int16) + soft[:, :, None]
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if mode == "RGBA":
        image.putalpha(photo(width, height, mode="RGBA").getchannel("A"))
    return image


FILES: dict[str, Callable[[], bytes]] = {
    "jpeg-6mp": lambda: jpeg(image=_photo(3000, 2000), quality=88),
    "jpeg-12mp": lambda: jpeg(image=_photo(4000, 3000), quality=88),
    "jpeg-24mp": lambda: jpeg(image=_photo(6000, 4000), quality=88),
    "jpeg-progressive-12mp": lambda: jpeg(image=_photo(4000, 3000), quality=88, progressive=True),
    "png-alpha-4mp": lambda: png(image=_photo(2400, 1700, "RGBA")),
    "png-24mp": lambda: png(image=_photo(6000, 4000)),
    "webp-4mp": lambda: webp(image=_photo(2400, 1700), quality=85),
    "avif-4mp": lambda: avif(image=_photo(2400, 1700)),
    "heic-4mp": lambda: heic(image=_photo(2400, 1700)),
    "gif-20-frames": lambda: gif(640, 480, frames=20),
}


def made(name: str, folder: Path) -> Path:
    """Return where the file `name` is, made first if it is not there yet."""
    path = folder / name
    if not path.exists():
        data = FILES[name]()
        path.write_bytes(data)
    return path
