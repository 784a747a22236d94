"""The benchmark's pictures: a real photograph at several sizes, and what else is uploaded."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.photographs import photographs
from tests.pictures import avif, gif, heic, jpeg, photo, png, webp

ROOT = Path(__file__).parent.parent
_BIRD = 1  # of `photographs`: 6028 × 3391 pixels, sharp feathers before a soft background


def _photo(megapixels: int, mode: str = "RGB") -> Image.Image:
    """Return the photograph at about that size, enlarged from 20 megapixels on."""
    with Image.open(photographs(ROOT / "build" / "photographs")[_BIRD]) as image:
        ratio = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = (int(image.width * ratio), int(image.height * ratio))
        scaled = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    if mode == "RGBA":
        scaled.putalpha(photo(*size, mode="RGBA").getchannel("A"))
    return scaled


def _jpeg(megapixels: int, *, progressive: bool = False) -> bytes:
    return jpeg(image=_photo(megapixels), quality=90, progressive=progressive)


FILES: dict[str, Callable[[], bytes]] = {
    **{f"jpeg-{size}mp": partial(_jpeg, size) for size in (1, 6, 12, 24, 100)},
    "jpeg-progressive-12mp": partial(_jpeg, 12, progressive=True),
    "png-alpha-4mp": lambda: png(image=_photo(4, "RGBA")),
    "png-24mp": lambda: png(image=_photo(24)),
    "png-100mp": lambda: png(image=_photo(100)),
    "webp-4mp": lambda: webp(image=_photo(4), quality=85),
    "webp-100mp": lambda: webp(image=_photo(100), quality=85),
    "avif-4mp": lambda: avif(image=_photo(4)),
    "avif-100mp": lambda: avif(image=_photo(100)),
    "heic-4mp": lambda: heic(image=_photo(4)),
    "gif-20-frames": lambda: gif(640, 480, frames=20),
}


def made(name: str, folder: Path) -> Path:
    """Return where the file `name` is, made first if it is not there yet."""
    path = folder / name
    if not path.exists():
        data = FILES[name]()
        path.write_bytes(data)
    return path
