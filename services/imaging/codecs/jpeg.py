"""JPEG: what its markers say, and decoding by libjpeg-turbo at the smallest DCT scale that serves.

Source: ITU-T T.81; ICC.1:2010 annex B.4 for the profile's segments.
"""

import re
import struct
from collections.abc import Iterator

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs import exif, turbojpeg
from services.imaging.codecs.icc import CMYK, GREY, RGB, usable
from services.imaging.picture import Frame, Header, Raster

_EOI = b"\xff\xd9"
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # DHT, JPG, DAC lie between the SOF markers
_SOS, _APP0, _APP1, _APP2, _APP14 = 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
_PROFILES = {1: (GREY, RGB), 3: (RGB,), 4: (CMYK,)}
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]")  # those that segments follow

_BYTES_BEFORE_EOI = "extraneous bytes before marker 0xd9"  # libjpeg's words


def _segments(data: bytes) -> Iterator[tuple[int, memoryview, int]]:
    # Yields marker, body and the position after it, up to and with the first SOS.
    view, at = memoryview(data), 2
    while True:
        at = data.find(b"\xff", at)  # decoders skip what lies before a marker
        if at < 0 or at + 4 > len(data):
            raise Rejected(Reason.TRUNCATED, "ends before the picture's data")
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            raise Rejected(Reason.CORRUPT, "EOI before any picture")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise Rejected(Reason.CORRUPT, "segment of no length")
        end = at + 2 + length
        if end > len(data):
            raise Rejected(Reason.TRUNCATED, "ends within a segment")
        yield marker, view[at + 4 : end], end
        if marker == _SOS:
            return
        at = end


def read_header(data: bytes) -> Header:
    """Return size, orientation, profile and time; raises Rejected for processes no browser shows."""
    size: tuple[int, int] | None = None
    orientation = components = 0
    taken = None
    profile: dict[int, bytes] = {}
    for marker, body, _ in _segments(data):
        if marker in _FRAMES:
            if size is not None or len(body) < 6:
                raise Rejected(Reason.CORRUPT, "second or short frame header")
            precision, height, width, components = struct.unpack_from(">BHHB", body)
            if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE) or precision != 8:
                raise Rejected(Reason.UNSUPPORTED_FORMAT, f"SOF{marker - 0xC0}, {precision} bits")
            if components not in (1, 3, 4):
                raise Rejected(Reason.UNSUPPORTED_FORMAT, f"{components} components")
            size = width, height
        elif marker == _APP1 and not orientation and bytes(body[:6]) == b"Exif\0\0":
            block = bytes(body[6:])
            orientation, taken = exif.orientation(block), exif.taken(block)
        elif marker == _APP2 and bytes(body[:12]) == b"ICC_PROFILE\0" and len(body) > 14:
            profile[body[12]] = bytes(body[14:])
    if size is None:
        raise Rejected(Reason.CORRUPT, "no frame header before the scan")
    joined = b"".join(profile[number] for number in sorted(profile)) or None
    icc = usable(joined, *_PROFILES[components])
    return Header("jpeg", *size, orientation=orientation or 1, icc=icc, taken=taken)


def decode(
    data: bytes, header: Header, need: tuple[int, int], *, planes: bool = False, margin: float = 1
) -> Iterator[Frame]:
    """Yield the picture, stored way up, at the smallest eighth that has `need` pixels or more.

    Where that averages, `margin` times as many. With `planes`, as mode I420 where it is stored so.
    Whatever libjpeg-turbo warns of is refused, but for what every decoder shows whole: see `_mended`.
    """
    _, components = _first_scan(data)
    size = header.width, header.height
    eighths = turbojpeg.eighths_for(size, need, margin)
    try:
        raster = (
            turbojpeg.decode_planes(data, size, eighths) if planes and components == 3 else None
        ) or turbojpeg.decode(data, size, components, eighths)
    except turbojpeg.DataError:
        raster = _forgiven(data, size, components, eighths)
    yield Frame(raster, extent=(size[0] * eighths / 8, size[1] * eighths / 8))


def _forgiven(data: bytes, size: tuple[int, int], components: int, eighths: int) -> Raster:
    """Decode again without what does no harm; any complaint about the rest is a verdict.

    libjpeg reports the first warning alone, so forgiving it would forgive all that follow.
    """
    mended = _mended(data)
    scan, _ = _first_scan(mended)
    has_end = mended.find(_EOI, scan) >= 0
    if not has_end:
        # With the marker in its place, a warning means that picture data is missing before it.
        mended = _without_padding(mended) + _EOI
        if not _all_scans_present(mended):
            raise Rejected(Reason.TRUNCATED, "scans are missing")
    try:
        return turbojpeg.decode(mended, size, components, eighths)
    except turbojpeg.DataError as error:
        if has_end and _BYTES_BEFORE_EOI in str(error):  # after all of the picture
            return turbojpeg.decode(mended, size, components, eighths, forgive=True)
        reason = Reason.CORRUPT if has_end else Reason.TRUNCATED
        raise Rejected(reason, str(error)) from error


def _mended(data: bytes) -> bytes:
    """Return the file without what libjpeg warns of before the first scan and every decoder ignores.

    Bytes between segments; a JFIF version, an Adobe colour transform, or progressive parameters of
    a sequential scan that do not exist.
    """
    parts, progressive, end = [data[:2]], False, 2
    _, components = _first_scan(data)
    for marker, view, end in _segments(data):  # noqa: B007 where the last one ends is needed below
        body = bytearray(view)
        if marker in _FRAMES:
            progressive = marker == _PROGRESSIVE
        elif marker == _APP0 and body[:5] == b"JFIF\0" and len(body) > 5:
            body[5] = 1
        elif marker == _APP14 and body[:5] == b"Adobe" and len(body) > 11:
            known = {3: (0, 1), 4: (0, 2)}.get(components, (0, body[11]))
            body[11] = body[11] if body[11] in known else known[-1]
        elif marker == _SOS and not progressive and len(body) >= 3:
            body[-3:] = b"\0\x3f\0"
        parts.append(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body)
    return b"".join((*parts, data[end:]))


def _without_padding(data: bytes) -> bytes:
    # Zeros where the end should be; one belongs to a last byte of 0xFF.
    stripped = data.rstrip(b"\0")
    return stripped + b"\0" if stripped.endswith(b"\xff") else stripped


def _first_scan(data: bytes) -> tuple[int, int]:
    # Where the first scan's data starts, and how many components the frame has.
    components = at = 0
    for marker, body, end in _segments(data):
        if marker in _FRAMES:
            components = body[5]
        at = end
    return at, components


def _all_scans_present(data: bytes) -> bool:
    """Tell whether a progressive file has the last bit of every coefficient (T.81, G.1.1.1).

    A file cut exactly between two scans ends well-formed but for the marker, and would be a
    blurred picture. Sequential files are left to the decoder.
    """
    refined: dict[int, int] = {}  # component → coefficients 0..63 at full precision, as bits
    at, progressive, components = 2, False, 0
    for match in _MARKER.finditer(data, 2):
        if match.start() < at or match.start() + 4 > len(data):
            continue  # within a segment's body
        (length,) = struct.unpack_from(">H", data, match.start() + 2)
        body = data[match.start() + 4 : match.start() + 2 + length]
        at = match.start() + 2 + length
        marker = data[match.start() + 1]
        if marker in _FRAMES and len(body) > 5:
            progressive, components = marker == _PROGRESSIVE, body[5]
        elif marker == _SOS and body and len(body) >= 4 + 2 * body[0]:
            start, end, bits = body[-3], body[-2], body[-1]
            if bits & 15 == 0:
                band = (1 << end + 1) - (1 << start)
                for component in body[1 : 1 + 2 * body[0] : 2]:
                    refined[component] = refined.get(component, 0) | band
    every = (1 << 64) - 1
    return not progressive or [*refined.values()] == [every] * components
