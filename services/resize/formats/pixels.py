"""From Pillow's images to rasters."""

from PIL import Image

from services.resize.picture import CHANNELS, Raster

# Pillow's mean of whole blocks costs a fraction of ImageMagick's filter. Two pixels for each one
# wanted are left to Lanczos2, which then decides how sharp the result is.
_LEFT_FOR_LANCZOS = 2


def to_raster(image: Image.Image, need: tuple[int, int]) -> Raster:
    """Return an image's pixels, shrunk by a whole factor as far as `need` pixels' quality allows.

    Takes Pillow's modes L, RGB, RGBA and CMYK with 255 for no ink as Pillow stores JPEG's.
    """
    factor = min(image.width // need[0], image.height // need[1]) // _LEFT_FOR_LANCZOS
    if factor > 1:
        # Only whole blocks: a last one that is cut off would stretch the picture.
        whole = (image.width // factor * factor, image.height // factor * factor)
        image = image.reduce(factor, (0, 0, *whole))
    if image.mode not in CHANNELS:
        msg = f"no raster of mode {image.mode}"
        raise TypeError(msg)
    return Raster(image.mode, image.width, image.height, image.tobytes())


def to_pillow(raster: Raster) -> Image.Image:
    """Return a raster as Pillow's image."""
    return Image.frombuffer(
        raster.mode, (raster.width, raster.height), raster.pixels, "raw", raster.mode, 0, 1
    )
