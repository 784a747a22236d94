"""EXIF: a block in TIFF's structure, written anew in its own length with what says no place.

Sources: TIFF 6.0, section 2; CIPA DC-008 (EXIF 2.32), 4.6.
"""

import struct

from services.imaging.location.error import StillLocatedError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_EXIF, _INTEROPERABILITY = 0x8769, 0xA005
_REMOVED = {
    0x8825,  # GPS
    0x927C,  # the maker's note: some makers' have the place
    0x02BC,  # XMP
    0x83BB,  # IPTC
    0x8649,  # Photoshop's resources, which have IPTC
    0xC634,  # DNG's private data
    0x014A,  # directories of other pictures
    0x0201, 0x0202,  # where the thumbnail is, which goes too
}  # fmt: skip


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
            if tag in _REMOVED or not length or (length > 4 and value + length > len(block)):
                continue
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
