"""When a picture was taken: read of each format, whatever else its metadata are."""

import io
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import PngImagePlugin

from services.core.settings import Limits
from services.imaging import make_variants
from services.imaging.codecs import exif
from tests import pictures

ORIGINAL, DIGITIZED, OFFSET, FRACTION = 0x9003, 0x9004, 0x9011, 0x9291
SUMMER = timezone(timedelta(hours=2))
WHOLE = {ORIGINAL: "2026:07:15 18:30:05", OFFSET: "+02:00", FRACTION: "25"}
MOMENT = datetime(2026, 7, 15, 18, 30, 5, 250_000, SUMMER)
WEST = timezone(-timedelta(hours=5, minutes=30))
LOCAL = datetime(2026, 7, 15, 18, 30, 5)  # noqa: DTZ001 a clock without a zone


def taken(data: bytes) -> datetime | None:
    """Return what the engine says of a picture."""
    return make_variants(data, sizes=(16,), formats=("jpeg",), limits=Limits()).taken


def saved(format_: str, **options: Any) -> bytes:
    """Return a picture as Pillow saves it."""
    buffer = io.BytesIO()
    pictures.photo(64, 48).save(buffer, format_, **options)
    return buffer.getvalue()


def heic(block: bytes) -> bytes:
    """Return a HEIC with an EXIF block."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(pictures.photo(64, 64)).save(buffer, exif=block)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": lambda block: saved("JPEG", exif=block),
    "png": lambda block: saved("PNG", exif=block),
    "webp": lambda block: saved("WEBP", exif=block),
    "avif": lambda block: saved("AVIF", exif=block),
    "heic": heic,
}


@pytest.mark.parametrize("format_", FORMATS)
def test_each_format_says_when_it_was_taken(format_: str) -> None:
    """To the millisecond and with the zone; that the place stands beside it changes nothing."""
    data = FORMATS[format_](pictures.exif(dates=WHOLE, gps=True))
    assert taken(data) == MOMENT


@pytest.mark.parametrize("format_", FORMATS)
def test_a_picture_that_says_nothing_has_no_time(format_: str) -> None:
    """A place is not a time, and nothing is guessed."""
    assert taken(FORMATS[format_](pictures.exif(gps=True))) is None


@pytest.mark.parametrize(
    ("dates", "changed", "expected"),
    [
        ({ORIGINAL: "2026:07:15 18:30:05"}, "", LOCAL),
        ({ORIGINAL: "2026:07:15 18:30:05", OFFSET: "   :  "}, "", LOCAL),
        ({ORIGINAL: "2026:07:15 18:30:05", OFFSET: "+99:00"}, "", LOCAL),
        ({ORIGINAL: "2026:07:15 18:30:05", OFFSET: "Z"}, "", LOCAL.replace(tzinfo=UTC)),
        ({ORIGINAL: "2026:07:15 18:30:05", FRACTION: "x"}, "", LOCAL),
        ({ORIGINAL: "2026-07-15T18:30:05.250+02:00"}, "", MOMENT),
        ({ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: "2026:07:15 18:30:05"}, "", LOCAL),
        ({ORIGINAL: "    :  :     :  :  "}, "2026:07:15 18:30:05", LOCAL),
        ({}, "2026:07:15 18:30:05", LOCAL),
        ({DIGITIZED: "2026:07:15 18:30:05"}, "2026:07:16 10:00:00", LOCAL),
        # As Nexus 4 and Nokia 7 write the hour after midnight: the day has begun.
        ({ORIGINAL: "2026:07:15 24:08:19"}, "", LOCAL.replace(hour=0, minute=8, second=19)),
        ({ORIGINAL: "2026:07:15 25:08:19"}, "", None),
        ({ORIGINAL: "2026:07:15 18:30:60"}, "", LOCAL.replace(second=59)),
        ({ORIGINAL: "2026:07:15 18:30:61"}, "", None),
        ({ORIGINAL: "2026:07:15 18:30:  "}, "", LOCAL.replace(second=0)),
        ({ORIGINAL: "2026:07:15 18:30"}, "", LOCAL.replace(second=0)),
        ({ORIGINAL: "2026: 7:15  8:30: 5"}, "", LOCAL.replace(hour=8)),
        ({ORIGINAL: "2026:  :15 18:30:05"}, "", None),
        ({ORIGINAL: "2026-07-15T18:30:05.250000000000+02"}, "", MOMENT),
        ({ORIGINAL: "2026:07:15 18:30:05", OFFSET: "-05:30"}, "", LOCAL.replace(tzinfo=WEST)),
        ({ORIGINAL: "1800:01:01 00:00:00"}, "", None),
        ({ORIGINAL: "2300:01:01 00:00:00"}, "", None),
        ({ORIGINAL: "2026:02:30 00:00:00"}, "", None),
        ({ORIGINAL: "2026:07:15 18:30:05 and more"}, "", None),
        ({ORIGINAL: b"\xff\xfe\x00"}, "", None),
        ({ORIGINAL: 20260715}, "", None),
    ],
)
def test_what_cameras_write(
    dates: dict[int, object], changed: str, expected: datetime | None
) -> None:
    """The moment of the shutter first; a blank or impossible one counts as none."""
    found = exif.taken(pictures.exif(dates=dates, changed=changed).removeprefix(b"Exif\0\0"))
    assert found == expected
    assert found is None or found.tzinfo == (expected and expected.tzinfo)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 15 Jul 2026 18:30:05 +0200", MOMENT.replace(microsecond=0)),
        ("2026-07-15T18:30:05.25+02:00", MOMENT),
        ("2026:07:15 18:30:05", LOCAL),
        ("in the summer", None),
        ("", None),
    ],
)
def test_a_png_says_it_in_words(text: str, expected: datetime | None) -> None:
    """Its text "Creation Time" is read in the forms that programs write; other texts are not."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", "2020-01-01T00:00:00")
    said.add_text("Creation Time", text)
    assert taken(saved("PNG", pnginfo=said)) == expected


def test_a_png_says_when_it_was_changed() -> None:
    """The chunk tIME counts where there is nothing better, before the picture's data or after."""
    body = b"tIME" + struct.pack(">H5B", 2026, 7, 15, 16, 30, 5)
    chunk = struct.pack(">I", 7) + body + struct.pack(">I", zlib.crc32(body))
    data = saved("PNG")
    for place in (33, len(data) - 12):  # behind IHDR, before IEND
        changed = taken(data[:place] + chunk + data[place:])
        assert changed == datetime(2026, 7, 15, 16, 30, 5, tzinfo=UTC)


def test_a_file_of_endless_tags_is_read_in_no_time() -> None:
    """Thousands of tags that each claim the whole block; the picture is published all the same."""
    entries = b"".join(struct.pack("<HHII", tag, 3, 30_000, 0) for tag in range(5000))
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 5000) + entries
    assert exif.taken(block) is None
    assert taken(saved("WEBP", exif=block)) is None


BLOCK = pictures.exif(dates=WHOLE).removeprefix(b"Exif\0\0")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(BLOCK) - 1), st.binary(max_size=8)))
def test_no_block_is_an_error(found: bytes | tuple[int, bytes]) -> None:
    """Whatever bytes stand there: a possible moment, or none."""
    if isinstance(found, tuple):
        at, bytes_ = found
        found = BLOCK[:at] + bytes_ + BLOCK[at + len(bytes_) :]
    moment = exif.taken(found)
    assert moment is None or moment.year >= 1826


def test_a_decoder_that_was_taken_over_cannot_say_just_anything() -> None:
    """What comes back from the decoding process is checked anew."""
    from services.imaging.messages import _moment
    from services.imaging.wire import MessageError

    assert _moment("20260715183005250z120") == MOMENT
    assert _moment("") is None
    for text in ("99990101000000000", "18250101000000000", "<script>", 5):
        with pytest.raises(MessageError):
            _moment(text)
