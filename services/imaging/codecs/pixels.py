"""From Pillow's images to rasters, and back."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from services.imaging.picture import CHANNELS, Raster

AVERAGING_MARGIN = 1.5
"""Averaging blocks costs a fraction of filtering, and more sharpness than scaling a JPEG does: so much
more is left a side."""

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
    return max(1, int(min(size[0] / need[0], size[1] / need[1]) / AVERAGING_MARGIN))


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Return the image in a mode; itself where it has it, of which Pillow's `convert` makes a copy."""
    return image if image.mode == mode else image.convert(mode)


def to_pillow(raster: Raster) -> Image.Image:
    """Return a raster as Pillow's image."""
    pixels: Any = raster.pixels  # the stubs know no memoryview
    size = (raster.width, raster.height)
    return Image.frombuffer(raster.mode, size, pixels, "raw", raster.mode, 0, 1)
