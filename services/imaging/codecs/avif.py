"""AVIF by Pillow's libavif (dav1d)."""

import io
from collections.abc import Iterator
from typing import Any

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import from_rows
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header


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
        pixels = memoryview(image.frame())
    width, channels = image.width, len(image.getbands())

    def rows(top: int, bottom: int) -> Image.Image:
        part: Any = pixels[
            top * width * channels : bottom * width * channels
        ]  # no bytes, to the stubs
        return Image.frombuffer(image.mode, (width, bottom - top), part, "raw", image.mode, 0, 1)

    yield Frame(from_rows(image.size, need, rows))
