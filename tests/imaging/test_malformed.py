"""Headers that lie: each kind of damage, byte by byte, and the verdict it must get."""

import struct

import pytest

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.core.variants import FORMATS, Fit
from services.imaging import Variant, make_variants, verify
from services.imaging.codecs import av1
from services.imaging.verify import NotAsMadeError
from tests import pictures

JPEG = pictures.jpeg(64, 48)
PNG = pictures.png(64, 48)
GIF = pictures.gif(64, 48)
MOVING = pictures.gif(64, 48, frames=3)
WEBP = pictures.webp(64, 48)
ALPHA = pictures.webp(64, 48, mode="RGBA")
AVIF = pictures.avif(64, 48)
HEIC = pictures.heic(64, 64)

SOI = b"\xff\xd8"
SOF = JPEG.index(b"\xff\xc0")
SOS = JPEG.index(b"\xff\xda")


def segment(marker: int, body: bytes) -> bytes:
    """Return a JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def box(kind: bytes, body: bytes) -> bytes:
    """Return an ISO base media box."""
    return struct.pack(">I4s", len(body) + 8, kind) + body


def riff(body: bytes) -> bytes:
    """Return a WebP file of these chunks."""
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


FTYP = box(b"ftyp", b"avif\0\0\0\0avifmif1")

CASES: dict[str, tuple[bytes, Reason]] = {
    # JPEG
    "jpeg that ends after its start": (SOI + b"\xff\xe0", Reason.TRUNCATED),
    "jpeg without a marker": (SOI + b"\xff" + bytes(20), Reason.TRUNCATED),
    "jpeg of an end alone": (SOI + b"\xff\xd9\0\0", Reason.CORRUPT),
    "jpeg with a segment of no length": (SOI + b"\xff\xe0\0\1\0\0", Reason.CORRUPT),
    "jpeg that ends within a segment": (SOI + b"\xff\xe0\1\0abc", Reason.TRUNCATED),
    "jpeg with two frame headers": (
        JPEG[:SOS] + JPEG[SOF:SOS] + JPEG[SOS:],
        Reason.CORRUPT,
    ),
    "jpeg without a frame header": (SOI + JPEG[SOS:], Reason.CORRUPT),
    "jpeg of two components": (
        SOI + segment(0xC0, struct.pack(">BHHB", 8, 48, 64, 2)) + JPEG[SOS:],
        Reason.UNSUPPORTED_FORMAT,
    ),
    "jpeg of arithmetic coding": (
        SOI + segment(0xC9, struct.pack(">BHHB", 8, 48, 64, 3)) + JPEG[SOS:],
        Reason.UNSUPPORTED_FORMAT,
    ),
    "jpeg of no width": (
        JPEG[: SOF + 7] + b"\0\0" + JPEG[SOF + 9 :],
        Reason.CORRUPT,
    ),
    # PNG
    "png that ends within a chunk's head": (PNG[:-12] + b"\0\0", Reason.TRUNCATED),
    "png without picture data": (PNG[: PNG.index(b"IDAT") - 4] + PNG[-12:], Reason.TRUNCATED),
    "png that does not start with IHDR": (
        PNG[:8] + pictures.png_chunk(b"tEXt", b"a\0b") + PNG[8:],
        Reason.CORRUPT,
    ),
    "png of 3 bits": (
        PNG[:8]
        + pictures.png_chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 3, 2, 0, 0, 0))
        + PNG[33:],
        Reason.CORRUPT,
    ),
    # GIF
    "gif of an unknown block": (GIF[:-1].split(b"\x2c")[0] + b"\x99" + GIF[-20:], Reason.CORRUPT),
    "gif with a frame of no width": (
        b"GIF89a"
        + struct.pack("<HHBBB", 4, 3, 0x80, 0, 0)
        + bytes(6)
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, 0, 3, 0)
        + b"\2\1\0\0;",
        Reason.CORRUPT,
    ),
    # WebP
    "webp of no chunk": (riff(b""), Reason.TRUNCATED),
    "webp that ends within a chunk's head": (riff(WEBP[12:] + b"EX"), Reason.TRUNCATED),
    "webp of a chunk that is too long": (riff(b"VP8 \xff\0\0\0abc"), Reason.TRUNCATED),
    "webp that starts with something else": (riff(b"EXIF\2\0\0\0ab"), Reason.CORRUPT),
    "webp of a short VP8L": (riff(b"VP8L\2\0\0\0\x2f\0"), Reason.TRUNCATED),
    "webp of a canvas alone": (riff(b"VP8X\x0a\0\0\0" + bytes(10)), Reason.TRUNCATED),
    # libwebp's word for it is that memory ran out.
    "webp of an alpha chunk in no known way": (
        ALPHA[: ALPHA.index(b"ALPH") + 8] + b"\x02" + ALPHA[ALPHA.index(b"ALPH") + 9 :],
        Reason.CORRUPT,
    ),
    # AVIF and HEIC
    "avif of another brand": (
        box(b"ftyp", b"mp42\0\0\0\0isom") + AVIF[AVIF.index(b"meta") - 4 :],
        Reason.UNSUPPORTED_FORMAT,
    ),
    # libheif's word for it is that memory ran out.
    "heic of too many items": (
        HEIC[: HEIC.index(b"iinf") + 8] + b"\x05\x01" + HEIC[HEIC.index(b"iinf") + 10 :],
        Reason.CORRUPT,
    ),
    "avif of a brand alone": (FTYP, Reason.CORRUPT),
    "avif that ends within a long box's head": (
        FTYP + struct.pack(">I4s", 1, b"meta"),
        Reason.TRUNCATED,
    ),
    "avif with a box of no length": (FTYP + struct.pack(">I4s", 4, b"meta"), Reason.CORRUPT),
    "avif that ends within a box": (FTYP + struct.pack(">I4s", 400, b"meta"), Reason.TRUNCATED),
    "avif with an empty meta box": (FTYP + box(b"meta", b""), Reason.CORRUPT),
}


def verdict(data: bytes, limits: Limits) -> Reason:
    """Return why a file is refused."""
    with pytest.raises(Rejected) as caught:
        make_variants(data, sizes=(400,), formats=("webp",), limits=limits)
    return caught.value.reason


@pytest.mark.parametrize("name", CASES)
def test_damage_is_told_apart(name: str) -> None:
    """Truncated, corrupt or of a kind that is not read: by what the bytes say."""
    data, reason = CASES[name]
    assert verdict(data, Limits()) is reason


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_side=63), Reason.SIDE_TOO_LONG),
        (Limits(max_pixels=64 * 48 - 1), Reason.TOO_MANY_PIXELS),
        (Limits(max_upload_bytes=len(MOVING) - 1), Reason.TOO_LARGE),
        (Limits(max_frames=2), Reason.TOO_MANY_FRAMES),
        (Limits(max_total_pixels=3 * 64 * 48 - 1), Reason.TOO_MANY_FRAMES),
    ],
)
def test_each_limit_has_its_reason(limits: Limits, reason: Reason) -> None:
    """One less than the picture has: of a side, a frame, the file, frames, all frames together."""
    assert verdict(MOVING, limits) is reason


@pytest.mark.parametrize(
    ("frames", "reason"), [(1, Reason.SIDE_TOO_LONG), (2, Reason.TOO_MANY_FRAMES)]
)
def test_a_frame_larger_than_the_picture_is_counted(frames: int, reason: Reason) -> None:
    """A few hundred bytes of GIF whose frame says 65,535 × 65,535 take no memory for it."""
    data = bytearray(pictures.gif(64, 48, frames=frames))
    at = data.rindex(b"\x2c\0\0\0\0" + struct.pack("<HH", 64, 48))
    data[at + 5 : at + 9] = struct.pack("<HH", 65_535, 65_535)
    assert verdict(bytes(data), Limits()) is reason


@pytest.mark.parametrize(
    ("data", "format_", "fit"),
    [
        (JPEG[:-30], "jpeg", Fit(64, 64, 48)),
        (b"", "jpeg", Fit(64, 64, 48)),
        (JPEG, "jpeg", Fit(64, 64, 47)),
        (JPEG, "webp", Fit(64, 64, 48)),
        (pictures.webp(64, 48, frames=2), "webp", Fit(64, 64, 48)),
    ],
)
def test_a_variant_that_is_not_as_made_does_not_count(data: bytes, format_: str, fit: Fit) -> None:
    """Cut short, empty, of another size, format or number of frames."""
    with pytest.raises(NotAsMadeError):
        verify.verify(Variant(fit, FORMATS[format_], data), frames=1)


def test_a_sequence_header_that_says_when_frames_are_shown_is_read_too() -> None:
    """As video encoders write it: what follows, the size included, stands elsewhere then."""
    moving = pictures.avif(66, 48, frames=2)
    at = moving.index(b"mdat") + 4 + 2  # behind the temporal delimiter
    plain = moving[at : at + 2 + moving[at + 1]]
    bits = "".join(f"{byte:08b}" for byte in plain[2:])
    assert bits[4:12] == "00000000", "not reduced, not timed, one operating point"
    level = 30 if int(bits[24:29], 2) > 7 else 29
    # Ticks, equal distances of 6 of them, a decoder model with delays of 10 bits.
    timing = f"1{1:032b}{25:032b}1" + "00111" + f"1{9:05b}{1:032b}{4:05b}{4:05b}"
    timed = bits[:5] + timing + bits[6:level] + "1" + "0" * 21 + bits[level:]
    timed += "0" * (-len(timed) % 8)
    header = int(timed, 2).to_bytes(len(timed) // 8)
    [found] = av1.sequence_headers(plain[:1] + bytes([len(header)]) + header)
    assert (found.width, found.height) == (66, 48)
    assert [found] == list(av1.sequence_headers(plain))
