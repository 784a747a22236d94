"""HEIC by pillow-heif's libheif (libde265)."""

from collections.abc import Iterator
from typing import Any

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import extent, from_rows
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, upright: libheif applies `irot`, `imir` and `clap`."""
    import pillow_heif
    from PIL import Image

    with data_errors():
        # 10 and 12 bits become 8 without clipping.
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        if picture.size != (header.width, header.height):  # before anything of that size is made
            raise Rejected(Reason.CORRUPT, f"{picture.size} in its decoder")
        # Grey of more than 8 bits stays so, in 16: the higher byte is the picture.
        mode, raw = ("L", "L;16") if picture.mode == "I;16" else (picture.mode, picture.mode)
        pixels: Any = memoryview(picture.data)  # no bytes, to the stubs

    def rows(top: int, bottom: int) -> Image.Image:
        part = pixels[top * picture.stride : bottom * picture.stride]
        size = (picture.size[0], bottom - top)
        return Image.frombuffer(mode, size, part, "raw", raw, picture.stride, 1)

    yield Frame(from_rows(picture.size, need, rows), extent=extent(picture.size, need))
