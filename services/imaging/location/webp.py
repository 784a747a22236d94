"""WebP: chunks of the picture stay; EXIF and XMP are blanked in place, and unknown chunks go.

Source: RFC 9649, 2.7.
"""

import struct

from services.imaging.location import tiff, xmp
from services.imaging.location.error import StillLocatedError

_OF_THE_PICTURE = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_EXIF = b"Exif\0\0"  # which some programs put before the block


def without_location(data: bytes) -> bytes:
    """Return the file without its location, and without what follows it."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise StillLocatedError("no WebP")
    parts, at = [b"WEBP"], 12
    end = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + length]
        if len(body) < length:
            raise StillLocatedError("a WebP that ends within a chunk")
        if kind == b"EXIF":
            before = _EXIF if body.startswith(_EXIF) else b""
            body = before + tiff.without_location(body[len(before) :])
        elif kind == b"XMP ":
            body = xmp.without_location(body)
        if kind in _OF_THE_PICTURE or kind in (b"EXIF", b"XMP "):
            parts.append(struct.pack("<4sI", kind, length) + body + b"\0" * (length % 2))
        at += 8 + length + length % 2
    made = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(made)) + made
