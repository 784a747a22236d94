"""WebP: its RIFF chunks, stills by libwebp's scaled decoder, animations by Pillow.

Source: RFC 9649.
"""

import io
import struct
from collections.abc import Iterator

from PIL import WebPImagePlugin

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs import exif, libwebp
from services.imaging.codecs.icc import RGB, usable
from services.imaging.codecs.pixels import extent, in_mode, to_raster
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header

_ICC, _ALPHA, _EXIF = 0x20, 0x10, 0x08  # flags of VP8X


def _chunks(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    # Yields type, start and length of the chunks' bodies.
    while start < end:
        if start + 8 > end:
            raise Rejected(Reason.TRUNCATED, "ends within a chunk's head")
        kind, length = struct.unpack_from("<4sI", data, start)
        if start + 8 + length > end:
            raise Rejected(Reason.TRUNCATED, f"ends within {kind!r}")
        yield kind, start + 8, length
        start += 8 + length + (length & 1)


def read_header(data: bytes) -> Header:
    """Return size, frames, orientation, profile and time; bytes after the RIFF chunk are let be."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise Rejected(Reason.TRUNCATED, f"{len(data)} of {length + 8} bytes")
    size: tuple[int, int] | None = None
    orientation, frames, loops, icc, flags, taken = 1, 0, 0, None, 0, None
    for kind, at, count in _chunks(data, 12, length + 8):
        body = data[at : at + min(count, 16)]
        if size is None:
            size = _size(kind, body)
            flags = body[0] if kind == b"VP8X" else 0
        if kind in (b"VP8 ", b"VP8L", b"ANMF"):
            frames += 1
        elif kind == b"ANIM" and count >= 6:
            (loops,) = struct.unpack_from("<H", body, 4)
        elif kind == b"ICCP" and flags & _ICC:
            icc = usable(data[at : at + count], RGB)
        elif kind == b"EXIF" and flags & _EXIF:
            block = data[at : at + count].removeprefix(b"Exif\0\0")
            orientation, taken = exif.orientation(block), exif.taken(block)
    if size is None or not frames:
        raise Rejected(Reason.TRUNCATED, "no picture data")
    return Header(
        "webp", *size, orientation=orientation, frames=frames, loops=loops, icc=icc, taken=taken
    )


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    try:
        if kind == b"VP8X":
            _, low_width, high_width, low_height, high_height = struct.unpack_from("<IHBHB", body)
            return (low_width | high_width << 16) + 1, (low_height | high_height << 16) + 1
        if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", body, 6)
            return width & 0x3FFF, height & 0x3FFF
        if kind == b"VP8L" and body[:1] == b"\x2f":
            (bits,) = struct.unpack_from("<I", body, 1)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    except struct.error:
        raise Rejected(Reason.TRUNCATED, f"{kind!r} is too short") from None
    raise Rejected(Reason.CORRUPT, f"starts with {kind!r}")


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the frames, stored way up, with `need` pixels or more where the picture has them."""
    (length,) = struct.unpack_from("<I", data, 4)
    chunks = list(_chunks(data, 12, length + 8))
    if all(kind != b"ANMF" for kind, _, _ in chunks):
        try:
            size = header.width, header.height
            yield Frame(libwebp.decode(_without_unstated_alpha(data, chunks), size, need))
        except libwebp.DataError as error:
            raise Rejected(Reason.CORRUPT, str(error)) from error
        return
    with data_errors():
        image = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    if image.size != (header.width, header.height):
        raise Rejected(Reason.CORRUPT, f"{image.size} decoded")
    for index in range(header.frames):
        with data_errors():
            image.seek(index)
            image.load()
            milliseconds = int(image.info["duration"])
            raster = to_raster(in_mode(image, "RGBA"), need)
        yield Frame(raster, milliseconds, extent(image.size, need))


def _without_unstated_alpha(data: bytes, chunks: list[tuple[bytes, int, int]]) -> bytes:
    """Return a still as its lossy chunk alone where an ALPH chunk stands there that VP8X denies.

    Browsers ignore such a chunk; libwebp does not.
    """
    first, at, _ = chunks[0]
    if first != b"VP8X" or data[at] & _ALPHA or all(kind != b"ALPH" for kind, _, _ in chunks):
        return data
    for kind, at, count in chunks:
        if kind == b"VP8 ":
            body = kind + struct.pack("<I", count) + data[at : at + count] + bytes(count & 1)
            return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    return data
