"""AVIF and HEIC: the items of metadata are blanked where they lie; every box keeps its place.

Source: ISO/IEC 23008-12 (HEIF), annex A.2.1: an item `Exif` begins with the offset of its TIFF header.
"""

import struct

from services.imaging.codecs.isobmff import item_pieces, iter_boxes
from services.imaging.location import tiff, xmp
from services.imaging.location.error import StillLocatedError

_PICTURES = {
    b"hvc1", b"hev1", b"av01", b"grid", b"iden", b"iovl", b"tmap", b"lhv1",
}  # fmt: skip
_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip"}
_IN_TRACKS = (b"udta", b"meta", b"uuid")  # where films have their place
_EXIF = b"Exif\0\0"


def without_location(data: bytes) -> bytes:
    """Return the file with its location blanked, in the same length."""
    made = bytearray(data)
    view = memoryview(made)
    meta: memoryview | None = None
    for kind, body in iter_boxes(view):
        if kind not in _BOXES:
            msg = f"a box {kind!r}, as motion photos have it"
            raise StillLocatedError(msg)
        if kind == b"moov" and any(name in bytes(body) for name in _IN_TRACKS):
            raise StillLocatedError("tracks with metadata")
        if kind in (b"free", b"skip"):
            body[:] = bytes(len(body))
        meta = body[4:] if kind == b"meta" else meta
    if meta is None:
        return data
    for kind, pieces in item_pieces(meta, view):
        if kind in _PICTURES:
            continue
        said = b"".join(pieces)
        if kind == b"Exif":
            blank = _without(said)
        elif kind == b"mime" and said:  # without any bytes, they lie where they are not looked for
            blank = xmp.without_location(said)
        else:
            msg = f"an item {kind!r}"
            raise StillLocatedError(msg)
        for piece in pieces:
            piece[:] = blank[: len(piece)]
            blank = blank[len(piece) :]
    return bytes(made)


def _without(exif: bytes) -> bytes:
    start = 4 + struct.unpack_from(">I", exif)[0]
    if exif[4:start] not in (b"", _EXIF):
        raise StillLocatedError("EXIF with something before its header")
    return exif[:start] + tiff.without_location(exif[start:])
