"""From Pillow's images to rasters, and back."""

from typing import Any

from PIL import Image

from services.imaging.picture import CHANNELS, Raster

# Pillow's mean of blocks costs a fraction of ImageMagick's filter. Two pixels for each one
# wanted are left to Lanczos2, which then decides how sharp the result is.
_LEFT_FOR_LANCZOS = 2
_WORTH_IT = 1.25


def to_raster(image: Image.Image, need: tuple[int, int] | None = None) -> Raster:
    """Return an image's pixels, shrunk by averaging to twice `need` where it is larger than that.

    Takes Pillow's modes L, RGB, RGBA and CMYK with 255 for no ink as Pillow stores JPEG's.
    """
    if need is not None:
        image = _averaged(image, need)
    if image.mode not in CHANNELS:
        msg = f"no raster of mode {image.mode}"
        raise TypeError(msg)
    return Raster(image.mode, image.width, image.height, image.tobytes())


def _averaged(image: Image.Image, need: tuple[int, int]) -> Image.Image:
    scale = min(image.width / need[0], image.height / need[1]) / _LEFT_FOR_LANCZOS
    if scale < _WORTH_IT:
        return image
    size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
    return image.resize(size, Image.Resampling.BOX, reducing_gap=1.0)


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Return the image in a mode; itself where it has it, of which Pillow's `convert` makes a copy."""
    return image if image.mode == mode else image.convert(mode)


def to_pillow(raster: Raster) -> Image.Image:
    """Return a raster as Pillow's image."""
    pixels: Any = raster.pixels  # the stubs know no memoryview
    size = (raster.width, raster.height)
    return Image.frombuffer(raster.mode, size, pixels, "raw", raster.mode, 0, 1)
