"""From Pillow's images to rasters, and back."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from services.imaging.picture import CHANNELS, Raster

_MARGIN = 1.875
"""Averaging blocks costs a fraction of filtering, and sharpness: so much more is left a side."""

_BAND = 2_000_000  # pixels


def to_raster(image: Image.Image, need: tuple[int, int] | None = None) -> Raster:
    """Return an image's pixels; where it is much larger than `need`, the means of whole blocks.

    Takes Pillow's modes L, RGB, RGBA and CMYK with 255 for no ink as Pillow stores JPEG's.
    """
    if need is not None and block_side(image.size, need) > 1:
        return from_rows(image.size, need, lambda top, bottom: image.crop((0, top, image.width, bottom)))  # fmt: skip
    return _joined([image])


def from_rows(
    size: tuple[int, int], need: tuple[int, int], rows: Callable[[int, int], Image.Image]
) -> Raster:
    """Return the means of whole blocks of a picture whose `rows(top, bottom)` are made in bands.

    So that nothing is copied, or converted, of the whole picture; Pillow averages RGBA in a copy.
    """
    block = block_side(size, need)
    if block == 1:
        return _joined([rows(0, size[1])])
    step = block * max(1, _BAND // (size[0] * block))
    tops = range(0, size[1], step)
    return _joined([rows(top, min(top + step, size[1])).reduce(block) for top in tops])


def reduced(raster: Raster, need: tuple[int, int]) -> Raster:
    """Return the means of whole blocks of a raster where it is much larger than `need`, or itself."""
    size = raster.width, raster.height
    if block_side(size, need) == 1:
        return raster
    pixels, stride = memoryview(raster.pixels), raster.width * CHANNELS[raster.mode]

    def rows(top: int, bottom: int) -> Image.Image:
        part = pixels[top * stride : bottom * stride]
        return to_pillow(Raster(raster.mode, raster.width, bottom - top, part))

    return from_rows(size, need, rows)


def _joined(bands: list[Image.Image]) -> Raster:
    """Return images one below the other."""
    mode = bands[0].mode
    if mode not in CHANNELS:
        msg = f"no raster of mode {mode}"
        raise TypeError(msg)
    pixels = b"".join([band.tobytes() for band in bands])
    return Raster(mode, bands[0].width, sum(band.height for band in bands), pixels)


def block_side(size: tuple[int, int], need: tuple[int, int]) -> int:
    """Return the side of blocks, in pixels, whose means leave enough of a picture of `size`.

    Whole numbers only: blocks that begin between pixels blur some of them more than others.
    """
    return max(1, int(min(size[0] / need[0], size[1] / need[1]) / _MARGIN))


def extent(size: tuple[int, int], need: tuple[int, int]) -> tuple[float, float]:
    """Return how many such blocks a picture of `size` has; its last ones are averaged in part."""
    block = block_side(size, need)
    return size[0] / block, size[1] / block


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Return the image in a mode; itself where it has it, of which Pillow's `convert` makes a copy."""
    return image if image.mode == mode else image.convert(mode)


def to_pillow(raster: Raster) -> Image.Image:
    """Return a raster as Pillow's image."""
    pixels: Any = raster.pixels  # the stubs know no memoryview
    size = (raster.width, raster.height)
    return Image.frombuffer(raster.mode, size, pixels, "raw", raster.mode, 0, 1)
