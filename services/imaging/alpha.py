"""Transparency that is declared but not used."""

from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import Raster


def without_opaque_alpha(raster: Raster) -> Raster:
    """Return an RGBA raster as RGB if each of its pixels is opaque."""
    if raster.mode != "RGBA":
        return raster
    image = to_pillow(raster)
    if image.getchannel("A").getextrema() != (255, 255):
        return raster
    return Raster("RGB", raster.width, raster.height, image.convert("RGB").tobytes())
