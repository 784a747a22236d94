"""AVIF and HEIC: what the boxes of the ISO base media file format say of the primary picture.

Source: ISO/IEC 14496-12 (boxes, iloc, iinf, moov), ISO/IEC 23008-12 (HEIF: meta, iprp, ispe, clap,
irot, imir), AV1 Image File Format (AVIF).
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs import av1, exif, hevc
from services.imaging.codecs.icc import GREY, RGB, usable
from services.imaging.colour_space import ColourSpace, from_cicp
from services.imaging.picture import Header

_BRANDS = {
    b"avif": "avif", b"avis": "avif",
    b"heic": "heic", b"heix": "heic", b"heim": "heic", b"heis": "heic", b"hevc": "heic",
    b"hevx": "heic",
}  # fmt: skip
_T = TypeVar("_T")
_FILE_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"uuid", b"idat"}
_MOST_BRANDS = 1024  # bytes of them; files have some five
# BT.601's, BT.709's and BT.2020's curves are shown as sRGB's, which screens are made for.
_AS_SRGB = (1, 6, 14, 15)


class _DamagedError(Exception):
    """A box is missing or does not have the form that its type demands."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A picture of the file: its type, its properties in order and its bytes."""

    kind: bytes
    properties: tuple[tuple[bytes, memoryview], ...]
    pieces: tuple[memoryview, ...]

    @property
    def coded(self) -> bytes:
        """The picture in its own format, AV1 or HEVC."""
        return b"".join(self.pieces)


def iter_boxes(data: memoryview, *, trailer: bool = False) -> Iterator[tuple[bytes, memoryview]]:
    """Yield type and body of each box; with `trailer`, up to bytes that are no box of such a file."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if trailer and kind not in _FILE_BOXES and (at + length > len(data) or length < 8):
            return  # what phones and motion photos append
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


def _find(boxes: Iterable[tuple[bytes, memoryview]], *path: bytes) -> memoryview:
    """Return the body of the box at the end of a path of types."""
    for name, body in boxes:
        if name == path[0]:
            return body if len(path) == 1 else _find(iter_boxes(body), *path[1:])
    raise _DamagedError(path[0])


def format_of(data: bytes) -> str:
    """Return avif or heic by the brands of a file; raises Rejected for any other."""
    view = memoryview(data)
    kind, ftyp = next(iter_boxes(view), (b"", view[:0]))
    if kind != b"ftyp":
        raise Rejected(Reason.UNSUPPORTED_FORMAT, "no ftyp")
    last = min(len(ftyp), _MOST_BRANDS)
    brands = [bytes(ftyp[:4]), *(bytes(ftyp[at : at + 4]) for at in range(8, last, 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
    raise Rejected(Reason.UNSUPPORTED_FORMAT, f"brands {brands[:8]!r}")


def read_header(data: bytes) -> Header:
    """Return size, orientation and colours of the primary picture.

    HEIC's size is the upright one and its orientation 1, because libheif crops and turns what it
    decodes. EXIF's orientation does not count in either format (HEIF, 6.5.10). Raises Rejected
    unless all of the bytes that the pictures are made of are there, and their own headers say the
    size that the boxes do.
    """
    view, format_ = memoryview(data), format_of(data)
    try:
        # Reading them all finds the one that is cut off.
        boxes = list(iter_boxes(view, trailer=True))
        if format_ == "avif" and bytes(boxes[0][1][:4]) != b"avif":
            _check_tracks(boxes, view)  # which libavif decodes then, if there is one
        if format_ == "avif" and all(name != b"meta" for name, _ in boxes):
            return _sequence(boxes)
        meta = _find(boxes, b"meta")[4:]
        items = _items(meta, view)
        pitm = _find(iter_boxes(meta), b"pitm")
        (primary,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
        colours = None
        for number, item in items.items():
            found = _check_item(item, is_shown=number == primary)
            colours = found if number == primary else colours
        return replace(_header(format_, items[primary], colours), taken=_taken(items.values()))
    except (_DamagedError, struct.error, LookupError, ZeroDivisionError, StopIteration) as error:
        raise Rejected(Reason.CORRUPT, f"boxes of {format_}: {error!r}") from error


def _taken(items: Iterable[_Item]) -> datetime | None:
    """Return the time in the file's Exif, which begins with how far its TIFF header is (HEIF, A.2.1)."""
    block = next((item.coded for item in items if item.kind == b"Exif"), b"")
    start = 4 + int.from_bytes(block[:4])
    return exif.taken(block[start:].removeprefix(b"Exif\0\0"))


def _check_item(item: _Item, *, is_shown: bool) -> tuple[int, int] | None:
    """Raise Rejected unless an item is as large as its box says; return AV1's colours."""
    sizes = [_size(body) for kind, body in item.properties if kind == b"ispe"]
    if item.kind == b"hvc1" and item.pieces:
        hvcc = next(body for kind, body in item.properties if kind == b"hvcC")
        hevc.check_slices(item.coded, hvcc)
        # Of others' sizes libheif asks itself, of those that it needs.
        for said in _said(hevc.sizes(hvcc)) if is_shown else ():
            _check_size("HEVC", said, sizes)
    if item.kind != b"av01" or not sizes:
        return None
    return _check_av1(item.coded, sizes[0])


def _said(headers: Iterable[_T]) -> list[_T]:
    try:
        return list(headers)
    except ValueError as error:
        raise _DamagedError(str(error)) from error


def _check_size(codec: str, size: tuple[int, int], boxes: list[tuple[int, int]]) -> None:
    if boxes and size != boxes[0]:
        detail = f"{size[0]} × {size[1]} in {codec}, {boxes[0]} outside"
        raise Rejected(Reason.CORRUPT, detail)


def _check_av1(coded: bytes, size: tuple[int, int]) -> tuple[int, int] | None:
    """Raise Rejected unless AV1 itself says that size, each time that it says one."""
    said = _said(av1.sequence_headers(coded))
    if not said:
        raise _DamagedError("no AV1 sequence header")
    for one in said:
        _check_size("AV1", (one.width, one.height), [size])
    return said[0].colours


def _check_tracks(boxes: list[tuple[bytes, memoryview]], file: memoryview) -> None:
    """Raise Rejected unless the first picture of each track is as large as its boxes say."""
    moov = next((body for kind, body in boxes if kind == b"moov"), file[:0])
    for kind, track in iter_boxes(moov):
        if kind != b"trak":
            continue
        stbl = list(iter_boxes(_find(iter_boxes(track), b"mdia", b"minf", b"stbl")))
        for entry, body in iter_boxes(_find(stbl, b"stsd")[8:]):
            if entry == b"av01":
                size = struct.unpack_from(">HH", body, 24)
                _check_av1(_first_sample(stbl, file), size)


def _first_sample(stbl: list[tuple[bytes, memoryview]], file: memoryview) -> bytes:
    """Return a track's first picture (ISO/IEC 14496-12, 8.7.3 and 8.7.5)."""
    stsz = _find(stbl, b"stsz")
    (length,) = struct.unpack_from(">I", stsz, 4)
    if not length:  # they differ
        (length,) = struct.unpack_from(">I", stsz, 12)
    kind, chunks = next((one for one in stbl if one[0] in (b"stco", b"co64")), (b"", file[:0]))
    (start,) = struct.unpack_from(">Q" if kind == b"co64" else ">I", chunks, 8)
    return bytes(_piece(file, start, length))


def _piece(source: memoryview, start: int, length: int) -> memoryview:
    if start + length > len(source):
        detail = f"{start + length} bytes, of which {len(source)} are there"
        raise Rejected(Reason.TRUNCATED, detail)
    return source[start : start + length]


def _size(ispe: memoryview) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", ispe, 4)
    return width, height


def _header(format_: str, item: _Item, colours: tuple[int, int] | None) -> Header:
    size: tuple[int, int] | None = None
    coded = (0, 0)
    turns, mirror = 0, None
    icc: bytes | None = None
    brightest = _brightest(item)
    for kind, body in item.properties:
        if kind == b"ispe":
            size = coded = _size(body)
        elif kind == b"clap" and size is not None:
            size = (_cut if format_ == "heic" else _cut_from_corner)(size, body)
        elif kind == b"irot":
            turns = body[0] & 3
        elif kind == b"imir":
            mirror = body[0] & 1
        elif kind == b"colr" and bytes(body[:4]) in (b"prof", b"rICC"):
            icc = usable(bytes(body[4:]), RGB, GREY)
        elif kind == b"colr" and bytes(body[:4]) == b"nclx":
            colours = struct.unpack_from(">HH", body, 4)
    if size is None:
        raise _DamagedError("no size")
    space = _space(*colours, *brightest) if colours else None
    header = Header(
        format_, *size, _orientation(turns, mirror), icc=icc, space=space,
        total_frame_pixels=coded[0] * coded[1],
    )  # fmt: skip
    if format_ == "heic":
        width, height = header.upright
        return replace(header, width=width, height=height, orientation=1)
    return header


def _cut(size: tuple[int, int], clap: memoryview) -> tuple[int, int]:
    """Return what libheif leaves of a picture; Rejected where there is not as much."""
    wide, wide_by, high, high_by = struct.unpack_from(">4I", clap)
    cut = (round(wide / wide_by), round(high / high_by))
    if cut[0] > size[0] or cut[1] > size[1]:
        detail = f"cut to {cut} of {size}"
        raise Rejected(Reason.CORRUPT, detail)
    return cut


def _cut_from_corner(size: tuple[int, int], clap: memoryview) -> tuple[int, int]:
    """Return what Chromium leaves of a picture: it heeds whole pixels from the first one alone."""
    numbers = struct.unpack_from(">IIIIiIiI", clap)
    cut = []
    for side, length, by, offset, offset_by in zip(size, numbers[:4:2], numbers[1:4:2], numbers[4::2], numbers[5::2], strict=True):  # fmt: skip
        whole = bool(by) and not length % by and 0 < length // by <= side
        if not whole or not offset_by or 2 * offset != (length // by - side) * offset_by:
            return size
        cut.append(length // by)
    return cut[0], cut[1]


def _brightest(item: _Item) -> tuple[float, float]:
    """Return the cd/m² of the content and of its display, 0 for unknown (HEIF, 6.5.34 and 6.5.35)."""
    content, display = 0.0, 0.0
    for kind, body in item.properties:
        if kind == b"clli":
            content = float(struct.unpack_from(">H", body)[0])
        elif kind == b"mdcv":
            display = struct.unpack_from(">I", body, 16)[0] / 10_000
    return content, display


def _space(primaries: int, transfer: int, *brightest: float) -> ColourSpace:
    return from_cicp(primaries, 13 if transfer in _AS_SRGB else transfer, *brightest)


def _sequence(boxes: list[tuple[bytes, memoryview]]) -> Header:
    """Return what a moving AVIF without a still picture says of its first track of pictures."""
    for kind, track in iter_boxes(_find(boxes, b"moov")):
        if kind != b"trak":
            continue
        stsd = _find(iter_boxes(track), b"mdia", b"minf", b"stbl", b"stsd")
        for entry, body in iter_boxes(stsd[8:]):
            if entry == b"av01":
                width, height = struct.unpack_from(">HH", body, 24)
                colr = [one for name, one in iter_boxes(body[78:]) if name == b"colr"]
                space, icc = None, None
                for one in colr:
                    if bytes(one[:4]) == b"nclx":
                        space = _space(*struct.unpack_from(">HH", one, 4))
                    else:
                        icc = usable(bytes(one[4:]), RGB, GREY)
                return Header("avif", width, height, icc=icc, space=space)
    raise _DamagedError("no track of pictures")


def _items(meta: memoryview, file: memoryview) -> dict[int, _Item]:
    boxes = list(iter_boxes(meta))
    kinds = _kinds(_find(boxes, b"iinf"))
    idat = next((body for kind, body in boxes if kind == b"idat"), file[:0])
    pieces = _pieces(_find(boxes, b"iloc"), (file, idat))
    iprp = list(iter_boxes(_find(boxes, b"iprp")))
    properties = [(kind, body) for kind, body in iter_boxes(_find(iprp, b"ipco"))]
    numbers: dict[int, list[int]] = {}
    for name, body in iprp:
        if name == b"ipma":
            numbers |= _associations(body)
    return {
        item: _Item(
            kind,
            tuple(properties[number - 1] for number in numbers.get(item, ()) if number),
            pieces.get(item, ()),
        )
        for item, kind in kinds.items()
    }


def item_pieces(meta: memoryview, file: memoryview) -> list[tuple[bytes, tuple[memoryview, ...]]]:
    """Return type and bytes of each item, as slices of the file; no type where the file says none."""
    inside = list(iter_boxes(meta))
    idat = next((body for kind, body in inside if kind == b"idat"), file[:0])
    pieces = _pieces(_find(inside, b"iloc"), (file, idat))
    kinds = _kinds(_find(inside, b"iinf"))
    return [(kinds.get(item, b""), pieces.get(item, ())) for item in sorted({*kinds, *pieces})]


def _kinds(iinf: memoryview) -> dict[int, bytes]:
    kinds = {}
    for name, infe in iter_boxes(iinf[8 if iinf[0] else 6 :]):
        if name == b"infe" and infe[0] >= 2:
            wide = infe[0] > 2
            (item,) = struct.unpack_from(">I" if wide else ">H", infe, 4)
            at = 10 if wide else 8
            kinds[item] = bytes(infe[at : at + 4])
    return kinds


def _pieces(
    iloc: memoryview, sources: tuple[memoryview, memoryview]
) -> dict[int, tuple[memoryview, ...]]:
    """Return each item's bytes, from the file or its idat box (ISO/IEC 14496-12, 8.11.3)."""
    version, sizes, base_and_index = iloc[0], iloc[4], iloc[5]
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size, index_size = base_and_index >> 4, base_and_index & 15 if version else 0
    at = 6

    def take(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise _DamagedError("iloc")
        return int.from_bytes(iloc[at - size : at])

    pieces = {}
    for _ in range(take(4 if version == 2 else 2)):
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else 0
        take(2)  # data reference
        base = take(base_size)
        extents: list[tuple[int, int]] = []
        count = take(2)
        if count > 1 and not index_size + offset_size + length_size:
            raise _DamagedError("iloc: extents that take no room, by the thousand")
        for _ in range(count):
            take(index_size)
            extents.append((base + take(offset_size), take(length_size)))
        if method < len(sources):  # not made of other items
            found = tuple(_piece(sources[method], *extent) for extent in extents)
            if sum(map(len, found)) > len(sources[method]):
                raise _DamagedError("iloc: the same bytes again and again")
            pieces[item] = found
    return pieces


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


def _associations(ipma: memoryview) -> dict[int, list[int]]:
    version, wide = ipma[0], ipma[3] & 1
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at, found = 8, {}
    for _ in range(entries):
        (item,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        count = ipma[at]
        at += 1
        numbers = struct.unpack_from(f">{count}{'H' if wide else 'B'}", ipma, at)
        at += count * (2 if wide else 1)
        found[item] = [number & (0x7FFF if wide else 0x7F) for number in numbers]
    return found
