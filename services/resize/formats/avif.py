"""AVIF by Pillow's libavif (dav1d)."""

import io
from collections.abc import Iterator

from PIL import AvifImagePlugin

from services.reasons import Reason
from services.resize.formats.pixels import to_raster
from services.resize.formats.strict import data_errors
from services.resize.picture import Frame, Header
from services.resize.rejected import Rejected


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, stored way up; an image sequence gives its first."""
    with data_errors():
        image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
        image.load()
    if image.size != (header.width, header.height):
        raise Rejected(Reason.CORRUPT, f"{image.size} decoded")
    yield Frame(to_raster(image, need))
