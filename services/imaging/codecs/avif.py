"""AVIF by Pillow's libavif (dav1d)."""

import io
from collections.abc import Iterator

from PIL.AvifImagePlugin import AvifImageFile

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import extent, reduced
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header, Raster


class _Avif(AvifImageFile):
    def frame(self) -> bytes:
        """Return the first frame's pixels, of which `load` would make a copy."""
        pixels: bytes = self._decoder.get_frame(0)[0]
        del self._decoder  # with planes of its own
        return pixels


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, stored way up; an image sequence gives its first."""
    with data_errors():
        image = _Avif(io.BytesIO(data))
    if image.size != (header.width, header.height):  # before anything of that size is made
        raise Rejected(Reason.CORRUPT, f"{image.size} in its decoder")
    with data_errors():
        raster = Raster(image.mode, *image.size, image.frame())
    yield Frame(reduced(raster, need), extent=extent(image.size, need))
