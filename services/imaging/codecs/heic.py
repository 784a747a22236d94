"""HEIC by pillow-heif's libheif (libde265)."""

from collections.abc import Iterator
from typing import Any

import _pillow_heif
import pillow_heif
from PIL import Image

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import extent, from_rows
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header

# Without either, pillow-heif would call each file damaged.
if not _pillow_heif.get_lib_info()["decoders"]:
    raise ImportError("pillow-heif's libheif has no decoder")

# Pillow's mode and raw mode of what is to be converted: grey of more than 8 bits stays so, in 16, of
# which the higher byte is the picture; colours may be multiplied by their alpha.
_MODES = {"I;16": ("L", "L;16"), "RGBa": ("RGBA", "RGBa")}


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, upright: libheif applies `irot`, `imir` and `clap`."""
    with data_errors():
        # 10 and 12 bits become 8 without clipping.
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        if picture.size != (header.width, header.height):  # before anything of that size is made
            raise Rejected(Reason.CORRUPT, f"{picture.size} in its decoder")
        mode, raw = _MODES.get(picture.mode, (picture.mode, picture.mode))
        pixels: Any = memoryview(picture.data)  # no bytes, to the stubs
    if picture.size != (header.width, header.height):  # cut otherwise than was said
        raise Rejected(Reason.CORRUPT, f"{picture.size} decoded")

    def rows(top: int, bottom: int) -> Image.Image:
        part = pixels[top * picture.stride : bottom * picture.stride]
        size = (picture.size[0], bottom - top)
        return Image.frombuffer(mode, size, part, "raw", raw, picture.stride, 1)

    yield Frame(from_rows(picture.size, need, rows), extent=extent(picture.size, need))
