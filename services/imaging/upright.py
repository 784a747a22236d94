"""Turning the stored pixels the way a person sees them."""

from PIL import Image

from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import Raster

# EXIF orientation → what undoes it (CIPA DC-008, 4.6.4.A). Pillow's angles are anticlockwise.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(raster: Raster, orientation: int) -> Raster:
    """Return the raster turned and mirrored as EXIF's `orientation` (1 to 8) asks."""
    if orientation == 1:
        return raster
    turned = to_pillow(raster).transpose(_TURNS[orientation])
    return Raster(raster.mode, turned.width, turned.height, turned.tobytes())
