"""Best-fit resizing by ImageMagick."""

from typing import Any

from services.resize.magick import from_wand, to_wand
from services.resize.picture import Raster
from services.variants import best_fit

LANCZOS2 = "lanczos2"
LANCZOS3 = "lanczos"  # sharper by 0.008 SSIM at 1600 pixels, for the same time


def resize_image(image: Any, width: int, height: int) -> Any:
    """Resize a wand Image in place to the best fit in a box of `width` × `height`; return it.

    Pixels in. The ratio is kept, sides are rounded and never 0. Enlarging uses Mitchell, shrinking
    Lanczos2, and a picture that fits exactly is left alone: the rules of the original tutorial.
    """
    return _scale(image, *best_fit(image.width, image.height, width, height))


def resized(raster: Raster, width: int, height: int, shrinking: str = LANCZOS2) -> Raster:
    """Return the raster at exactly `width` × `height` pixels, by the filters of `resize_image`.

    `shrinking` is ImageMagick's name of the filter to use for that.
    """
    if (raster.width, raster.height) == (width, height):
        return raster
    with to_wand(raster) as image:
        return from_wand(_scale(image, width, height, shrinking), raster.mode)


def _scale(image: Any, width: int, height: int, shrinking: str = LANCZOS2) -> Any:
    if (image.width, image.height) != (width, height):
        shrinkage = (image.width - width) + (image.height - height)
        image.resize(width, height, filter="mitchell" if shrinkage < 0 else shrinking, blur=1)
    return image
