"""AVIF by Pillow's libavif (dav1d)."""

import io
from collections.abc import Iterator

from PIL import AvifImagePlugin

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import to_raster
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, stored way up; an image sequence gives its first."""
    with data_errors():
        image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    if image.size != (header.width, header.height):  # before anything of that size is made
        raise Rejected(Reason.CORRUPT, f"{image.size} in its decoder")
    with data_errors():
        image.load()
    yield Frame(to_raster(image, need))
