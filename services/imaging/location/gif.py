"""GIF: has no EXIF; comments that name a place become spaces, and one with XMP is not taken apart.

Source: GIF89a specification.
"""

from services.imaging.location import text
from services.imaging.location.error import StillLocatedError

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _PLAIN_TEXT = 0xFE, 0x01


def without_location(data: bytes) -> bytes:
    """Return the file with such comments blanked, in the same length, unless it has XMP."""
    if b"XMP DataXMP" in data:
        raise StillLocatedError("a GIF with XMP")
    made = bytearray(data)
    at = 13 + _palette(data[10])
    while at < len(made) and made[at] != _TRAILER:
        if made[at] == _EXTENSION:
            is_text = made[at + 1] in (_COMMENT, _PLAIN_TEXT)
            at += 2
        elif made[at] == _IMAGE:
            is_text = False
            at += 11 + _palette(made[at + 9])
        else:
            raise StillLocatedError("a GIF whose blocks do not follow each other")
        at = _blank_blocks(made, at) if is_text else _end_of_blocks(made, at)
    del made[at + 1 :]
    return bytes(made)


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(made: bytearray, at: int) -> int:
    while made[at]:
        at += 1 + made[at]
    return at + 1


def _blank_blocks(made: bytearray, at: int) -> int:
    """Make spaces of a text that names a place and return where its blocks end."""
    end = _end_of_blocks(made, at)
    blocks = []
    while made[at]:
        blocks.append(slice(at + 1, at + 1 + made[at]))
        at = blocks[-1].stop
    if text.names_a_place(b"".join(made[block] for block in blocks)):
        for block in blocks:
            made[block] = b" " * (block.stop - block.start)
    return end
