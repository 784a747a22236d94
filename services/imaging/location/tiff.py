"""EXIF: a block in TIFF's structure, written anew in its own length with what says no place.

Sources: TIFF 6.0, section 2; CIPA DC-008 (EXIF 2.32), 4.6.
"""

import struct

from services.imaging.location import text
from services.imaging.location.error import StillLocatedError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_EXIF, _INTEROPERABILITY = 0x8769, 0xA005
# What the standards and Windows have, of both directories. Others, such as GeoTIFF's or a phone maker's
# own, may say anything.
_KNOWN = (
    (0x0001, 0x0002), (0x00FE, 0x0214), (0x1000, 0x1002), (0x4746, 0x4749), (0x8298, 0x829D),
    (_EXIF, _EXIF), (0x8822, 0x8835), (0x9000, 0x94FF), (0x9C9B, 0x9C9F), (0xA000, 0xA47F),
    (0xA500, 0xA500),
)  # fmt: skip
_REMOVED = {
    0x8825,  # GPS
    0x927C,  # the maker's note: some makers' have the place
    0x014A,  # directories of other pictures
    0x0201, 0x0202,  # where the thumbnail is, which goes too
}  # fmt: skip
# Document's name, description, user's comment and title; those of Windows: people and programs write there.
_FREE_TEXT = {0x010D, 0x010E, 0x9286, 0xA436, *range(0x9C9B, 0x9CA0)}


def without_location(block: bytes) -> bytes:
    """Return a block of the same length whose directories lead to no place; all else is zero.

    What no directory leads to is not taken over: an editor may have left an older GPS directory.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        raise StillLocatedError("EXIF without a byte order")
    made = bytearray(len(block))
    made[:8] = block[:8]
    waiting = list(struct.unpack_from(order + "I", block, 4))
    directories: dict[int, bytes] = {}
    room = len(block)
    while waiting:
        start = waiting.pop()
        if start in directories:
            continue
        (count,) = struct.unpack_from(order + "H", block, start)
        entries = []
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from(order + "HHII", block, at)
            length = _SIZES.get(kind, 0) * number
            if not _stays(tag) or not length or (length > 4 and value + length > len(block)):
                continue
            if tag in _FREE_TEXT and text.names_a_place(block[value : value + length]):
                continue  # four bytes or less name none
            if length > 4:
                made[value : value + length] = block[value : value + length]
            if tag in (_EXIF, _INTEROPERABILITY):
                waiting.append(value)
            entries.append(block[at : at + 12])
            room -= length
            if room < 0:  # or a few bytes could make this copy gigabytes
                raise StillLocatedError("EXIF whose values overlap")
        packed = struct.pack(order + "H", len(entries)), *entries, b"\0\0\0\0"
        directories[start] = b"".join(packed)
    for start, written in directories.items():
        made[start : start + len(written)] = written
    return bytes(made[: len(block)])


def _stays(tag: int) -> bool:
    return tag not in _REMOVED and any(first <= tag <= last for first, last in _KNOWN)
