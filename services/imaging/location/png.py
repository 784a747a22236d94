"""PNG: chunks that the picture needs stay; EXIF is written anew, text only where it names no place.

Source: W3C, Portable Network Graphics (PNG) Specification (Third Edition).
"""

import struct
import zlib

from services.imaging.location import text, tiff, xmp
from services.imaging.location.error import StillLocatedError

_XMP = b"XML:com.adobe.xmp"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_OF_THE_PICTURE = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP",
    b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"tIME", b"acTL", b"fcTL",
    b"fdAT",
}  # fmt: skip


def without_location(data: bytes) -> bytes:
    """Return the file without the chunks that could name a place, and without what follows it."""
    if not data.startswith(_SIGNATURE):
        raise StillLocatedError("no PNG")
    parts, at = [_SIGNATURE], len(_SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        body = data[at + 8 : end - 4]
        if len(body) < length:
            raise StillLocatedError("a PNG that ends within a chunk")
        if kind in _OF_THE_PICTURE:
            parts.append(data[at:end])
        elif kind == b"eXIf":
            parts.append(_chunk(kind, tiff.without_location(body)))
        elif kind in (b"tEXt", b"iTXt") and _is_harmless(body):
            parts.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    return b"".join(parts)


def _is_harmless(chunk: bytes) -> bool:
    """Tell whether a text chunk names no place; a compressed or a packed one could."""
    keyword, _, rest = chunk.partition(b"\0")
    if keyword.lower().startswith(b"raw profile"):
        return False
    compressed = rest[:1] == b"\x01"
    said = keyword + rest.replace(b"\0", b"")  # between iTXt's fields
    if keyword == _XMP:
        return not compressed and xmp.without_location(said) == said
    return not compressed and not text.names_a_place(said)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
