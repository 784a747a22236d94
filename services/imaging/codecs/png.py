"""PNG: its chunks, checked one by one, and decoding by Pillow (libpng's filters, zlib-ng).

Source: Portable Network Graphics (Third Edition), W3C.
"""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image, ImageChops, PngImagePlugin

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs import exif
from services.imaging.codecs.pixels import in_mode, to_raster
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PAINTING = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}
_MAX_PROFILE = 4 << 20  # bytes; the largest in use, of printers' CMYK, are about 3 MB


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    # Yields type and body of the chunks up to IEND whose CRC is right. A wrong one is refused in a
    # chunk that paints; any other is skipped, as browsers do.
    view, at = memoryview(data), len(SIGNATURE)
    while at < len(data):
        if at + 8 > len(data):
            raise Rejected(Reason.TRUNCATED, "ends within a chunk's head")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise Rejected(Reason.TRUNCATED, f"ends within {kind!r}")
        if kind == b"IEND":
            return
        if zlib.crc32(view[at + 4 : end - 4]) == int.from_bytes(view[end - 4 : end]):
            yield kind, view[at + 8 : end - 4]
        elif kind in _PAINTING or not kind[0] & 0x20:  # lower case: ancillary
            raise Rejected(Reason.CORRUPT, f"wrong CRC in {kind!r}")
        at = end


def read_header(data: bytes) -> Header:
    """Return size, orientation and profile; raises Rejected for a chunk cut off or damaged."""
    size: tuple[int, int] | None = None
    orientation, icc, palette, painted = 1, None, False, False
    color_type = -1
    for kind, body in _chunks(data):
        if size is None:
            size, color_type = _read_ihdr(kind, body)
        elif kind == b"PLTE":
            palette = True
        elif kind == b"IDAT":
            painted = True
        elif kind == b"eXIf":
            orientation = exif.orientation(bytes(body))
        elif kind == b"iCCP":
            icc = _profile(bytes(body))
    if size is None or not painted:
        raise Rejected(Reason.TRUNCATED, "no picture data")
    if color_type == 3 and not palette:
        raise Rejected(Reason.CORRUPT, "no palette")
    return Header("png", *size, orientation=orientation, icc=icc)


def _read_ihdr(kind: bytes, body: memoryview) -> tuple[tuple[int, int], int]:
    if kind != b"IHDR" or len(body) != 13:
        raise Rejected(Reason.CORRUPT, "does not start with IHDR")
    width, height, bits, color_type, *methods = struct.unpack(">IIBBBBB", body)
    if bits not in _BIT_DEPTHS.get(color_type, ()) or methods[:2] != [0, 0] or methods[2] > 1:
        raise Rejected(Reason.CORRUPT, f"IHDR {bytes(body[8:])!r}")
    return (width, height), color_type


def _profile(body: bytes) -> bytes | None:
    _, _, compressed = body.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        icc = inflate.decompress(compressed[1:], _MAX_PROFILE)
    except zlib.error:
        return None  # the picture can be seen without
    return icc if inflate.eof else None


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the picture, stored way up, with `need` pixels or more where it has them.

    Pillow is given the chunks that paint and no others: no text, no animation, no metadata.
    """
    painting = io.BytesIO(_painting_chunks(data))
    with data_errors():
        image: Image.Image = PngImagePlugin.PngImageFile(painting)
        image.load()
    if image.size != (header.width, header.height):
        raise Rejected(Reason.CORRUPT, f"{image.size} decoded")
    yield Frame(to_raster(_eight_bits(image), need))


def _painting_chunks(data: bytes) -> bytes:
    chunks = list(_chunks(data))
    painted = sum(len(body) + 12 for kind, body in chunks if kind in _PAINTING)
    if len(SIGNATURE) + painted + len(_END) == len(data) and data.endswith(_END):
        return data  # the usual case, without a copy
    parts: list[bytes | memoryview] = [SIGNATURE]
    for kind, body in chunks:
        if kind in _PAINTING:
            crc = zlib.crc32(body, zlib.crc32(kind))
            parts += (struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc))
    return b"".join((*parts, _END))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of mode L, RGB or RGBA for any that Pillow's PNG reader gives."""
    transparent = "transparency" in image.info
    if image.mode.startswith("I"):
        return _high_bytes(image, image.info.get("transparency"))
    if image.mode in ("RGBA", "LA", "PA") or transparent:
        return in_mode(image, "RGBA")
    return in_mode(image, "L" if image.mode in ("1", "L") else "RGB")


def _high_bytes(image: Image.Image, key: int | None) -> Image.Image:
    # Pillow's own conversion of 16-bit grey clips at 255.
    samples = image.tobytes("raw", "I;16B")
    high, low = (Image.frombytes("L", image.size, samples[part::2]) for part in (0, 1))
    if key is None:
        return high
    differs = ImageChops.lighter(
        high.point([255 * (level != key >> 8) for level in range(256)]),
        low.point([255 * (level != key & 255) for level in range(256)]),
    )
    return Image.merge("RGBA", (high, high, high, differs))
