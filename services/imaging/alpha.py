"""Transparency that is declared but not used."""

from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import Raster
from services.imaging.work import Work


def drop_opaque_alpha(work: Work) -> None:
    """Make an RGBA frame RGB if each of its pixels is opaque."""
    work.raster = _without_opaque_alpha(work.raster)


def _without_opaque_alpha(raster: Raster) -> Raster:
    if raster.mode != "RGBA":
        return raster
    image = to_pillow(raster)
    if image.getchannel("A").getextrema() != (255, 255):
        return raster
    return Raster("RGB", raster.width, raster.height, image.convert("RGB").tobytes())
