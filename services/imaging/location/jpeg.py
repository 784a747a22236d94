"""JPEG, and the further JPEGs behind it that multi-picture files have: segments stay as long as they are.

Sources: ITU-T T.81, annex B; CIPA DC-007 (Multi-Picture Format); Adobe's XMP specification, part 3.
"""

import re
import struct

from services.imaging.location import text, tiff, xmp
from services.imaging.location.error import StillLocatedError

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # a marker, of none that scans have
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0\0"
# Application segments that belong to the picture: what else there is becomes zeros.
_OF_THE_PICTURE = {
    0xE0: (b"JFIF\0",),
    0xE2: (b"ICC_PROFILE\0", b"MPF\0", b"urn:iso:std:iso:ts:21496"),
    0xEE: (b"Adobe",),
}


def without_location(data: bytes) -> bytes:
    """Return the file with its location blanked, in the same length."""
    made = bytearray(data)
    at = 0
    while made[at : at + 2] == bytes((0xFF, _SOI)):
        end = _blank_picture(made, at + 2)
        at = end + len(made) - end - len(made[end:].lstrip(b"\0"))
    if at < len(made):
        raise StillLocatedError("there is something behind the picture, such as a motion photo's")
    return bytes(made)


def _blank_picture(made: bytearray, at: int) -> int:
    """Blank the segments of one picture and return where it ends."""
    while at < len(made):
        while made[at : at + 2] == b"\xff\xff":
            at += 1
        if made[at] != 0xFF:
            raise StillLocatedError("a JPEG whose segments do not follow each other")
        marker = made[at + 1]
        if marker == _EOI:
            return at + 2
        (length,) = struct.unpack_from(">H", made, at + 2)
        start, end = at + 4, at + 2 + length
        if 0xE0 <= marker <= 0xEF or marker == _COM:
            made[start:end] = _blanked(marker, bytes(made[start:end]))
        at = end
        if marker == _SOS:
            found = _AFTER_SCAN.search(made, end)
            at = found.start() if found else len(made)
    return at


def _blanked(marker: int, payload: bytes) -> bytes:
    if marker == 0xE1 and payload.startswith(_EXIF):
        return _EXIF + tiff.without_location(payload[len(_EXIF) :])
    if marker == 0xE1 and payload.startswith(_XMP):
        return _XMP + xmp.without_location(payload[len(_XMP) :])
    if marker == _COM:
        return b" " * len(payload) if text.names_a_place(payload) else payload
    if payload.startswith(_OF_THE_PICTURE.get(marker, ())):
        return payload
    return bytes(len(payload))
