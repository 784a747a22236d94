"""AVIF and HEIC: what the boxes of the ISO base media file format say of the primary picture.

Source: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF: meta, iprp, ispe, irot, imir).
"""

import struct
from collections.abc import Iterable, Iterator

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.picture import Header

_BRANDS = {
    b"avif": "avif", b"avis": "avif",
    b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic",
    b"hevx": "heic",
}  # fmt: skip


class _DamagedError(Exception):
    """A box is missing or does not have the form that its type demands."""


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1:
            if at + 16 > len(data):
                raise Rejected(Reason.TRUNCATED, "ends within a box's head")
            (length,) = struct.unpack_from(">Q", data, at + 8)
            start = at + 16
        elif length == 0:
            length = len(data) - at  # to the end
        if length < start - at:
            raise Rejected(Reason.CORRUPT, f"box {kind!r} of {length} bytes")
        if at + length > len(data):
            raise Rejected(Reason.TRUNCATED, f"ends within {kind!r}")
        yield kind, data[start : at + length]
        at += length


def _find(boxes: Iterable[tuple[bytes, memoryview]], kind: bytes) -> memoryview:
    for name, body in boxes:
        if name == kind:
            return body
    raise _DamagedError(kind)


def _format(ftyp: memoryview) -> str:
    brands = [bytes(ftyp[:4]), *(bytes(ftyp[at : at + 4]) for at in range(8, len(ftyp), 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
    raise Rejected(Reason.UNSUPPORTED_FORMAT, f"brands {brands[:8]!r}")


def read_header(data: bytes) -> Header:
    """Return size, orientation and profile of the primary picture.

    HEIC's size is the upright one and its orientation 1, because libheif turns what it decodes.
    EXIF's orientation does not count in either format (HEIF, 6.5.10).
    """
    view = memoryview(data)
    boxes = _boxes(view)
    kind, ftyp = next(boxes, (b"", view[:0]))
    if kind != b"ftyp":
        raise Rejected(Reason.UNSUPPORTED_FORMAT, "no ftyp")
    format_ = _format(ftyp)
    try:
        # Reading them all finds the one that is cut off.
        return _primary(format_, _find(list(boxes), b"meta")[4:])
    except (_DamagedError, struct.error, IndexError) as error:
        raise Rejected(Reason.CORRUPT, f"boxes of {format_}: {error!r}") from error


def _primary(format_: str, meta: memoryview) -> Header:
    pitm = _find(_boxes(meta), b"pitm")
    (item,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
    iprp = _find(_boxes(meta), b"iprp")
    properties = list(_boxes(_find(_boxes(iprp), b"ipco")))
    size: tuple[int, int] | None = None
    turns, mirror, icc = 0, None, None
    for index in _associations(_find(_boxes(iprp), b"ipma"), item):
        kind, body = properties[index - 1]
        if kind == b"ispe":
            size = struct.unpack_from(">II", body, 4)
        elif kind == b"irot":
            turns = body[0] & 3
        elif kind == b"imir":
            mirror = body[0] & 1
        elif kind == b"colr" and bytes(body[:4]) in (b"prof", b"rICC"):
            icc = bytes(body[4:])
    if size is None:
        raise _DamagedError("no size")
    orientation = _orientation(turns, mirror)
    header = Header(format_, *size, orientation=orientation, icc=icc)
    if format_ == "heic":
        return Header(format_, *header.upright, icc=icc)
    return header


def _orientation(turns: int, mirror: int | None) -> int:
    """Return EXIF's number for HEIF's: `turns` quarters anticlockwise, then a mirror.

    Mirror 0 exchanges top and bottom, 1 left and right (HEIF, 6.5.12).
    """
    turned = (1, 8, 3, 6)[turns]
    if mirror is None:
        return turned
    if mirror:  # left and right
        return {1: 2, 8: 7, 3: 4, 6: 5}[turned]
    return {1: 4, 8: 5, 3: 2, 6: 7}[turned]


def _associations(ipma: memoryview, item: int) -> list[int]:
    version, wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(entries):
        (entry,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        count = ipma[at]
        at += 1
        numbers = struct.unpack_from(f">{count}{'H' if wide else 'B'}", ipma, at)
        at += count * (2 if wide else 1)
        if entry == item:
            return [number & (0x7FFF if wide else 0x7F) for number in numbers]
    raise _DamagedError("no properties for the primary picture")
