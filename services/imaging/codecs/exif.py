"""The two things that are read of EXIF: the orientation, and when the picture was taken."""

import io
import re
import struct
import warnings
from datetime import UTC, datetime

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from services.core.capture import is_possible, zone_of

_ORIENTATION = 0x0112
_SHORT = 3

_EXIF_DIRECTORY = 0x8769
# DateTimeOriginal, DateTimeDigitized, and their offsets from UTC and fractions of a second; of the
# main directory DateTime, which programs change. CIPA DC-008, 4.6.5.F and 4.6.4.D.
_TAKEN = ((0x9003, 0x9011, 0x9291), (0x9004, 0x9012, 0x9292))
_CHANGED = (0x0132, 0x9010, 0x9290)
_MOST_BYTES = 1 << 16  # what a JPEG's segment can hold; the dates lie near the start

# Some write spaces for zeros in front, and for seconds that they do not know (4.6.5.F, too).
_MOMENT = re.compile(
    r"\s*(\d{4})[:./-]([\d ]\d)[:./-]([\d ]\d)[T ]([\d ]\d):([\d ]\d)(?::([\d ]\d|  )(?:[.,](\d+))?)?"
    r"\s*(Z|[+-]\d\d(?::?\d\d)?)?[\s\0]*",
    re.ASCII,
)
_ZONE = re.compile(r"(Z)|([+-])(\d\d):?(\d\d)?")


def orientation(block: bytes) -> int:
    """Return 1 to 8 from a TIFF-structured EXIF block (without what precedes its byte order); 1 if it has none.

    A damaged block counts as none: the picture can be seen without it.
    Source: CIPA DC-008 (EXIF 2.32), 4.6.4.A, and TIFF 6.0, section 2.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]))
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", block, 4)
        (entries,) = struct.unpack_from(order + "H", block, directory)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(
                order + "HHIH", block, directory + 2 + 12 * entry
            )
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def taken(block: bytes) -> datetime | None:
    """Return when the picture was taken, from a TIFF-structured EXIF block; None if it does not say.

    With a zone where the camera noted its offset from UTC. A damaged block counts as none, and so
    does a date on which no photograph was taken. Nothing of the place is read.
    """
    file = io.BytesIO(block[:_MOST_BYTES])
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        main = ImageFileDirectory_v2(file.read(8))
        _load(main, file, main.next)
        exif = ImageFileDirectory_v2(block[:8])
        _load(exif, file, main.get(_EXIF_DIRECTORY))
        # In this order; a tag is decoded when it is asked for, so that the others cost nothing.
        return next(
            (
                found
                for directory, tags in (*((exif, tags) for tags in _TAKEN), (main, _CHANGED))
                if (found := moment(directory.get(tags[0]), *map(exif.get, tags[1:])))
            ),
            None,
        )
    except Exception:  # noqa: BLE001 whatever Pillow raises over it: the picture can be seen without
        return None


def _load(directory: ImageFileDirectory_v2, file: io.BytesIO, at: object) -> None:
    if isinstance(at, int):
        file.seek(at)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that are cut off; the others count
            directory.load(file)


def moment(text: object, offset: object = None, fraction: object = None) -> datetime | None:
    """Return the moment that EXIF or ISO 8601 text means, or None for any other or impossible one.

    `offset` and `fraction` are what EXIF keeps beside it, such as `+02:00` and `123`.
    """
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    digits = match[7] or (re.match(r"\d*", fraction)[0] if isinstance(fraction, str) else "")  # type: ignore[index] # matches anything
    zone = _ZONE.match(match[8] or (offset if isinstance(offset, str) else ""))
    minutes = None
    if zone:
        minutes = 0 if zone[1] else int(f"{zone[2]}1") * (int(zone[3]) * 60 + int(zone[4] or 0))
    try:
        year, month, day, hour, minute, second = (
            int((part or "").strip() or 0) for part in match.groups()[:6]
        )
        hour = 0 if hour == 24 else hour  # as some phones write it after midnight, of the new day
        second = 59 if second == 60 else second  # a leap second
        found = datetime(year, month, day, hour, minute, second, int(f"{digits[:3]:0<3}") * 1000)  # noqa: DTZ001 the zone may be unknown
        found = found if minutes is None else found.replace(tzinfo=zone_of(minutes))
        return found if is_possible(found, datetime.now(UTC)) else None
    except (ValueError, OverflowError):
        return None
