"""More of the table: the kinds of faults that were found in the field, and their neighbours.

What they must look like is what Chromium 156 shows; tests/imaging/test_canvas.py holds them to it.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pillow_heif
from PIL import Image

from services.core.reasons import Reason
from tests import pictures
from tests.imaging.cases import Case
from tests.pictures import (
    avif,
    gif,
    grey_profile,
    grid,
    heic,
    jpeg,
    photo,
    png,
    png_chunk,
    quadrants,
    raw_png,
    webp,
)  # fmt: skip

Colours = tuple[tuple[int, int, int], ...]

Q = quadrants(64, 48)
SIZE = (64, 48)
P3_SEEN: Colours = ((218, 0, 27), (0, 163, 41), (17, 61, 198), (234, 209, 0))
LIGHT_SEEN: Colours = ((229, 96, 110), (96, 208, 133), (96, 133, 224), (244, 234, 110))
P3 = pictures.display_p3()


def _case(
    name: str,
    data: bytes,
    shown: Colours | Reason | None = None,
    *,
    size: tuple[int, int] = SIZE,
    tolerance: int = 6,
    alpha: bool = False,
    frames: int = 1,
) -> Case:
    """Return a case of the quadrants, of other colours, or of a refusal; the format is the name's first word."""
    if isinstance(shown, Reason):
        return Case(name, lambda: data, shown)
    return Case(
        name, lambda: data, (name.split()[0], *size), corners=shown is None and size == SIZE,
        tolerance=14 if shown is None else tolerance, alpha=alpha, frames=frames, shown=shown,
    )  # fmt: skip


def _grey(level: int) -> Colours:
    return ((level,) * 3,) * 4


# --- PNG: what its chunks say of colours -------------------------------------------------------


def _said(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG with chunks after IHDR."""
    return data[:33] + b"".join(png_chunk(kind, body) for kind, body in chunks) + data[33:]


def _gamma(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


_CHRM_P3 = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))


def _cicp(primaries: int, transfer: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, transfer, 0, 1])


def _clli(level: int) -> tuple[bytes, bytes]:
    return b"cLLI", struct.pack(">II", level * 10_000, 100 * 10_000)


def _mdcv(level: int) -> tuple[bytes, bytes]:
    bt2020 = (35_400, 14_600, 8_500, 39_850, 6_550, 2_300, 15_635, 16_450)
    return b"mDCV", struct.pack(">8HII", *bt2020, level * 10_000, 50)


def _png_colours() -> Iterator[Case]:
    plain = png(image=Q)
    grey = raw_png(np.full((48, 64, 1), 128), bits=8, color_type=0)
    for value, level in ((100_000, 188), (55_556, 146), (45_455, 128), (0, 128), (30_000, 93)):
        yield _case(f"png grey of gAMA {value}", _said(grey, _gamma(value)), _grey(level))
    yield _case("png of gAMA 1.0", _said(plain, _gamma(100_000)), LIGHT_SEEN)
    deep = raw_png(np.asarray(Q, np.uint16) * 257, bits=16, color_type=2)
    yield _case("png of 16 bits and gAMA 1.0", _said(deep, _gamma(100_000)), LIGHT_SEEN)
    yield _case(
        "png grey of gAMA and sRGB", _said(grey, _gamma(100_000), (b"sRGB", b"\0")), _grey(128)
    )
    yield _case("png of cHRM alone", _said(plain, _CHRM_P3))
    yield _case(
        "png of cHRM and gAMA", _said(plain, _CHRM_P3, _gamma(45_455)),
        ((220, 0, 19), (0, 164, 35), (6, 58, 199), (235, 210, 0)),
    )  # fmt: skip
    yield _case(
        "png of cHRM, gAMA and sRGB", _said(plain, _CHRM_P3, _gamma(45_455), (b"sRGB", b"\0"))
    )
    profiled = png(image=Q, icc=P3)
    yield _case("png of a profile", profiled, P3_SEEN)
    yield _case("png of a profile and gAMA", _said(profiled, _gamma(100_000)), P3_SEEN)
    yield _case("png of a profile and sRGB", _said(profiled, (b"sRGB", b"\0")), P3_SEEN)
    yield _case("png of a profile and cICP", _said(profiled, _cicp(1, 13)))
    yield _case("png of cICP 12, 13", _said(plain, _cicp(12, 13)), P3_SEEN)
    yield _case("png of cICP 1, 8", _said(plain, _cicp(1, 8)), LIGHT_SEEN)
    yield _case("png grey of cICP 1, 8", _said(grey, _cicp(1, 8)), _grey(188))
    yield _case("png grey of PQ", _said(grey, _cicp(9, 16)), _grey(131))
    yield _case("png grey of HLG", _said(grey, _cicp(9, 18)), _grey(99))
    yield _case(
        "png of cICP 9, 16", _said(plain, _cicp(9, 16)),
        ((255, 0, 0), (0, 226, 0), (0, 0, 255), (255, 174, 0)),
    )  # fmt: skip
    yield _case(
        "png of cICP 9, 18", _said(plain, _cicp(9, 18)),
        ((229, 0, 14), (0, 138, 24), (0, 41, 159), (255, 187, 0)),
    )  # fmt: skip
    four_hundred = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 174, 0))
    four_thousand = ((255, 0, 0), (0, 214, 0), (0, 0, 236), (255, 174, 0))
    for name, chunks, shown in (
        ("cLLI 400", [_clli(400)], four_hundred),
        ("cLLI 4,000", [_clli(4000)], four_thousand),
        ("mDCV 4,000", [_mdcv(4000)], four_thousand),
        ("cLLI 0 and mDCV 4,000", [_clli(0), _mdcv(4000)], four_thousand),
        ("cLLI 400 and mDCV 4,000", [_clli(400), _mdcv(4000)], four_hundred),
    ):
        yield _case(f"png of PQ and {name}", _said(plain, _cicp(9, 16), *chunks), shown)
    yield _case("png grey of PQ and cLLI 100", _said(grey, _cicp(9, 16), _clli(100)), _grey(181))
    yield _case("png grey of PQ and cLLI 600", _said(grey, _cicp(9, 16), _clli(600)), _grey(150))
    yield _case(
        "png of PQ and a cLLI that is too short", _said(plain, _cicp(9, 16), (b"cLLI", bytes(4))),
        ((255, 0, 0), (0, 226, 0), (0, 0, 255), (255, 174, 0)),
    )  # fmt: skip
    yield _case(
        "png of HLG and cLLI 4,000", _said(plain, _cicp(9, 18), _clli(4000)),
        ((229, 0, 14), (0, 138, 24), (0, 41, 159), (235, 171, 0)),
    )  # fmt: skip
    for name, numbers in (("zeros", [0] * 8), ("one point", [31270, 32900, *[64000, 33000] * 3]), ("beyond all", [31270, 32900, *[0x7FFFFFFF] * 6])):  # fmt: skip
        yield _case(f"png of gAMA and a cHRM of {name}", _said(plain, _gamma(100_000), (b"cHRM", struct.pack(">8I", *numbers))))  # fmt: skip
    yield _case("png of a cICP that is too short", _said(plain, (b"cICP", b"\x0c\x0d")))
    alpha = png(image=Q.convert("LA"))
    yield _case("png grey with unused alpha of gAMA 1.0", _said(alpha, _gamma(100_000)), ((154,) * 3, (176,) * 3, (139,) * 3, (228,) * 3))  # fmt: skip


def _profiles() -> Iterator[Case]:
    level = Image.new("L", SIZE, 128)
    half = Image.merge("LA", (level, Image.new("L", SIZE, 200)))
    light = grey_profile(1.0)
    yield _case("jpeg grey with a grey profile", jpeg(image=level, icc=light), _grey(188))
    yield _case("png grey with a grey profile", png(image=level, icc=light), _grey(188))
    yield _case(
        "png grey and alpha with a grey profile", png(image=half, icc=light), _grey(188), alpha=True
    )
    yield _case("jpeg grey with a profile for colours", jpeg(image=level, icc=P3), _grey(128))
    yield _case("png grey with a profile for colours", png(image=level, icc=P3), _grey(128))
    yield _case("png with a grey profile", png(image=Q, icc=light))
    yield _case("jpeg with a grey profile", jpeg(image=Q, icc=light))
    yield _case("webp with a grey profile", webp(image=Q, icc=light, quality=95))
    yield _case("jpeg with a press's profile", jpeg(image=Q, icc=pictures.cmyk_profile()))
    yield _case("jpeg CMYK with a profile for colours", jpeg(image=Q.convert("CMYK"), icc=P3))
    damaged = {
        "cut": P3[:300],
        "of no tags": P3[:128] + bytes(4),
        "of a header alone": P3[:128],
        "without a curve": P3.replace(b"gTRC", b"xTRC", 1),
        "without primaries": P3.replace(b"rXYZ", b"xXYZ", 1),
        "of no connection space": P3[:20] + bytes(4) + P3[24:],
        "of a curve of no kind": P3.replace(b"para", b"xxxx").replace(b"curv", b"xxxx"),
        "of a million tags": P3[:128] + struct.pack(">I", 1_000_000) + P3[132:],
        "of another's signature": P3[:36] + b"xxxx" + P3[40:],
    }
    for name, icc in damaged.items():
        yield _case(f"jpeg with a profile {name}", jpeg(image=Q, icc=icc))
        yield _case(f"png with a profile {name}", png(image=Q, icc=icc))
        yield _case(f"webp with a profile {name}", webp(image=Q, icc=icc, quality=95))
    yield _case("avif with a profile cut", avif(image=Q, icc=P3[:300]))
    yield _case("heic with a profile cut", heic(image=Q, icc=P3[:300]))


# --- PNG: its structure ------------------------------------------------------------------------


def _png_structure() -> Iterator[Case]:
    plain = png(image=Q)
    head, end = plain[:33], png_chunk(b"IEND")
    at = plain.index(b"IDAT")
    packed = plain[at + 4 : at + 4 + int.from_bytes(plain[at - 4 : at])]
    rows = zlib.decompress(packed)

    def of(*data: bytes, between: bytes = b"", before: bytes = b"") -> bytes:
        return head + before + between.join(png_chunk(b"IDAT", part) for part in data) + end

    def ihdr(width: int, height: int) -> bytes:
        return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))

    yield _case("png in many IDATs", of(*(packed[n : n + 9] for n in range(0, len(packed), 9))))
    yield _case("png with an empty IDAT", of(b"", packed, b""))
    yield _case("png of IDATs apart", of(packed[:50], packed[50:], between=png_chunk(b"tEXt", b"a\0b")), Reason.CORRUPT)  # fmt: skip
    yield _case("png with a wrong zlib check", of(packed[:-4] + bytes(4)))
    yield _case("png without a zlib check", of(packed[:-4]))
    yield _case("png with bytes after its zlib data", of(packed + b"abcdef"))
    yield _case("png with a row too many", of(zlib.compress(rows + bytes(193))))
    yield _case("png with a row too few", of(zlib.compress(rows[:-193])), Reason.CORRUPT)
    yield _case("png of an unknown filter", of(zlib.compress(b"\x07" + rows[1:])), Reason.CORRUPT)
    yield _case("png of no zlib data", of(b"\0" * 40), Reason.CORRUPT)
    yield _case("png with zlib data cut", of(packed[:-20]), Reason.CORRUPT)
    for width, height in ((64, 48), (1 << 31, 48), (0, 0), (60_000, 60_000), (30_000, 30_000)):
        yield _case(f"png with a second IHDR of {width} × {height}", of(packed, before=ihdr(width, height)), Reason.CORRUPT)  # fmt: skip
    yield _case("png with a second IHDR after its data", of(packed)[:-12] + ihdr(1 << 31, 1) + end)
    yield _case("png with an unknown critical chunk", of(packed, before=png_chunk(b"ABCD")), Reason.CORRUPT)  # fmt: skip
    yield _case("png with an unknown ancillary chunk", of(packed, before=png_chunk(b"abCd")))
    yield _case("png with a palette to suggest", of(packed, before=png_chunk(b"PLTE", bytes(6))))
    yield _case(
        "png with a palette after its data", of(packed)[:-12] + png_chunk(b"PLTE", bytes(6)) + end
    )
    yield _case("png with an IEND of some length", of(packed)[:-12] + png_chunk(b"IEND", b"x"))
    yield from _png_transparency(of(packed))


def _png_transparency(plain: bytes) -> Iterator[Case]:
    indices = np.zeros((48, 64, 1), np.uint8)
    indices[:, 32:] = 1
    palette = (b"PLTE", bytes((*pictures.RED, *pictures.BLUE)))
    seen: Colours = (pictures.RED, pictures.BLUE) * 2

    def paletted(*chunks: tuple[bytes, bytes]) -> bytes:
        return raw_png(indices, bits=8, color_type=3, before_data=chunks)

    for name, chunks, alpha in (
        ("of one entry", [palette, (b"tRNS", b"\x80")], True),
        ("of both entries", [palette, (b"tRNS", b"\x80\x40")], True),
        ("of more entries than colours", [palette, (b"tRNS", b"\x80\x40\x20")], True),
        ("of 256 entries", [palette, (b"tRNS", b"\x80" * 256)], True),
        ("of 257 entries", [palette, (b"tRNS", bytes(257))], False),
        ("of 300 entries", [palette, (b"tRNS", bytes(300))], False),
        ("of no entries", [palette, (b"tRNS", b"")], False),
        ("before its palette", [(b"tRNS", b"\x80\x40"), palette], False),
    ):
        yield _case(f"png palette with tRNS {name}", paletted(*chunks), seen, alpha=alpha)
    yield _case("png palette twice", paletted(palette, palette), Reason.CORRUPT)
    yield _case("png palette of 257 colours", paletted((b"PLTE", bytes(771))), Reason.CORRUPT)
    yield _case("png palette of no colours", paletted((b"PLTE", b"")), Reason.CORRUPT)
    red = struct.pack(">HHH", *pictures.RED)
    yield _case("png with a tRNS that is too short", _said(plain, (b"tRNS", b"\0\x01")))
    yield _case(
        "png with a tRNS after its data", plain[:-12] + png_chunk(b"tRNS", red) + plain[-12:]
    )
    yield _case("png with alpha and tRNS", _said(png(image=Q.convert("RGBA")), (b"tRNS", red)))
    key = (0x1234, 0x5678, 0x9ABC)
    for name, above, alpha in (("its key", key, True), ("its key's high bytes", (0x12FF, 0x56FF, 0x9AFF), False)):  # fmt: skip
        samples = np.full((48, 64, 3), (0x3434, 0x7878, 0xBCBC), np.uint16)
        samples[:24] = above
        data = raw_png(samples, bits=16, color_type=2, before_data=[(b"tRNS", struct.pack(">HHH", *key))])  # fmt: skip
        yield _case(f"png of 16 bits beside {name}", data, ((18, 86, 154),) * 2 + ((52, 120, 188),) * 2, alpha=alpha)  # fmt: skip
    for bits in (1, 2, 4, 8, 16):
        most = (1 << bits) - 1
        levels = np.full((48, 64, 1), most, np.uint16)
        levels[:24] = most // 3
        data = raw_png(levels, bits=bits, color_type=0, before_data=[(b"tRNS", struct.pack(">H", most // 3))])  # fmt: skip
        dark = round(255 * (most // 3) / most)
        yield _case(f"png grey of {bits} bits with a key", data, ((dark,) * 3,) * 2 + ((255,) * 3,) * 2, alpha=True)  # fmt: skip
    yield _case("png grey with a key that no sample has", raw_png(np.full((48, 64, 1), 3), bits=2, color_type=0, before_data=[(b"tRNS", b"\0\x07")]), _grey(255))  # fmt: skip


# --- JPEG --------------------------------------------------------------------------------------


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _jpegs() -> Iterator[Case]:
    plain = jpeg(image=Q, subsampling="4:4:4")
    large = jpeg(image=photo(640, 480))
    half = len(large) // 2
    end = b"\xff\xd9"
    for name in ("DQT", "DHT", "SOS", "SOF"):
        marker = {"DQT": b"\xff\xdb", "DHT": b"\xff\xc4", "SOS": b"\xff\xda", "SOF": b"\xff\xc0"}[
            name
        ]
        yield _case(f"jpeg with bytes before {name}", plain.replace(marker, b"\0\0" + marker, 1))
        cut = large.replace(marker, b"\0\0" + marker, 1)[:half]
        yield _case(f"jpeg with bytes before {name}, cut", cut, Reason.TRUNCATED)
        yield _case(f"jpeg with bytes before {name}, cut, then ended", cut + end, Reason.CORRUPT)
    yield _case(
        "jpeg with fill bytes before DQT", plain.replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1)
    )
    parameters = {
        "of JFIF 2": lambda data: data.replace(b"JFIF\0\1\1", b"JFIF\0\2\1", 1),
        "of an Adobe transform of 7": lambda data: data[:2] + _segment(0xEE, b"Adobe\0\x64\0\0\0\0\x07") + data[2:],
        "with progressive parameters": _with_bits_of_a_later_scan,
    }  # fmt: skip
    for name, changed in parameters.items():
        yield _case(f"jpeg {name}", changed(plain))
        yield _case(f"jpeg {name}, cut", changed(large)[:half], Reason.TRUNCATED)
        yield _case(f"jpeg {name}, cut, then ended", changed(large)[:half] + end, Reason.CORRUPT)
        yield _case(f"jpeg {name}, zeros within", changed(large)[: half - 300] + bytes(600) + changed(large)[half + 300 :], Reason.CORRUPT)  # fmt: skip
    buffer = io.BytesIO()
    Q.save(buffer, "JPEG", quality=95, keep_rgb=True)
    yield _case("jpeg stored as RGB", buffer.getvalue())
    inks = jpeg(image=Q.convert("CMYK"), quality=95)
    adobe = inks.index(b"\xff\xee")
    after = adobe + 2 + int.from_bytes(inks[adobe + 2 : adobe + 4])
    yield _case("jpeg CMYK without Adobe's word for it", inks[:adobe] + inks[after:])
    for count in (1, 2, 3, 100, 5000):
        yield _case(f"jpeg with {count} zeros in place of its end", plain[:-2] + bytes(count))
    progressive = jpeg(image=Q, progressive=True, quality=92)
    yield _case("jpeg progressive with zeros in place of its end", progressive[:-2] + bytes(9))
    yield _case("jpeg with FF in place of its end", plain[:-2] + b"\xff")
    yield _case("jpeg cut, then zeros", large[:half] + bytes(half), Reason.TRUNCATED)
    yield _case("jpeg cut by three bytes", large[:-40], Reason.TRUNCATED)


def _with_bits_of_a_later_scan(data: bytes) -> bytes:
    at = data.index(b"\xff\xda")
    last = at + 1 + int.from_bytes(data[at + 2 : at + 4])
    return data[:last] + b"\x11" + data[last + 1 :]


# --- GIF and WebP ------------------------------------------------------------------------------


def _gifs() -> Iterator[Case]:
    plain = gif(images=[Q.quantize(8)])
    control = b"!\xf9\4\0\0\0\0\0"
    for name, block in (
        ("a graphic control", control), ("two graphic controls", control * 2),
        ("plain text", b"!\x01\x0c" + bytes(12) + b"\0"), ("a comment", b"!\xfe\3abc\0"),
        ("an unknown extension", b"!\x77\2ab\0"), ("an unknown block", b"\x99"),
    ):  # fmt: skip
        yield _case(f"gif with {name} before its trailer", plain[:-1] + block + b";")
    yield _case("gif with a graphic control and no trailer", plain[:-1] + control)
    colours = 3 << (plain[10] & 7) + 1
    short = plain[:10] + bytes([plain[10] & ~7]) + plain[11:19] + plain[13 + colours :]
    seen: Colours = ((0, 0, 0), pictures.GREEN, (0, 0, 0), pictures.YELLOW)
    yield _case("gif of a palette that is too short", short, seen)
    yield _case("gif of no palette", plain[:10] + b"\0" + plain[11:13] + plain[13 + colours :], _grey(0))  # fmt: skip
    yield _case("gif of version 87a", b"GIF87a" + plain[6:])
    for screen in ((10, 10), (64, 10), (10, 48), (0, 0), (1, 1), (63, 47)):
        yield _case(f"gif on a screen of {screen}", plain[:6] + struct.pack("<HH", *screen) + plain[10:])  # fmt: skip
    at = plain.index(b"\x2c\0\0\0\0@\0") + 1
    moved = plain[:at] + struct.pack("<HH", 30, 20) + plain[at + 4 :]
    yield _case("gif whose frame reaches past its screen", moved, size=(94, 68), alpha=True)
    both = gif(images=[Q.quantize(8), photo(64, 48).quantize(8)])
    yield _case("gif of two frames on a small screen", both[:6] + struct.pack("<HH", 9, 9) + both[10:], frames=2)  # fmt: skip


def _riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(k + struct.pack("<I", len(b)) + b + bytes(len(b) & 1) for k, b in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 12
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + (length & 1)
    return found


def _flagged(data: bytes, *, clear: int = 0, add: int = 0) -> bytes:
    """Return a WebP with flags of its VP8X changed."""
    return data[:20] + bytes([data[20] & ~clear | add]) + data[21:]


def _webps() -> Iterator[Case]:
    image = Q.convert("RGBA")
    image.putalpha(100)
    clear = webp(image=image, quality=95)
    yield _case("webp of ALPH", clear, alpha=True)
    yield _case("webp of ALPH that VP8X denies", _flagged(clear, clear=0x10))
    profiled = webp(image=Q, icc=P3, quality=95)
    yield _case("webp of a profile", profiled, P3_SEEN, tolerance=10)
    yield _case("webp of a profile that VP8X denies", _flagged(profiled, clear=0x20))
    turned = webp(image=Q, orientation=3, quality=95)
    yield _case("webp of EXIF that VP8X denies", _flagged(turned, clear=0x08))
    chunks = _webp_chunks(webp(66, 48, frames=2))
    still = [c for c in chunks if c[0] != b"ANMF"] + [c for c in chunks if c[0] == b"ANMF"][:1]
    yield _case("webp animation of one frame", _riff(still), size=(66, 48))
    extended = bytes([still[0][1][0] | 0x20]) + still[0][1][1:]
    behind = [(b"VP8X", extended), (b"ICCP", pictures.srgb()), *still[1:]]
    yield _case("webp animation of one frame behind a profile", _riff(behind), size=(66, 48))


# --- AVIF and HEIC -----------------------------------------------------------------------------


def _nclx(data: bytes, primaries: int, transfer: int) -> bytes:
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def _avifs() -> Iterator[Case]:
    plain = avif(image=Q)
    seen: dict[tuple[int, int], Colours | None] = {
        (1, 13): None, (1, 1): None, (1, 6): None, (2, 2): None, (1, 14): None, (1, 15): None,
        (12, 13): P3_SEEN, (1, 8): LIGHT_SEEN,
        (9, 13): ((249, 0, 29), (0, 169, 30), (0, 61, 199), (245, 209, 0)),
        (9, 14): ((249, 0, 29), (0, 169, 30), (0, 61, 199), (245, 209, 0)),
        (1, 4): ((201, 24, 35), (25, 161, 56), (23, 58, 191), (230, 212, 35)),
        (1, 5): ((189, 8, 17), (9, 142, 35), (7, 37, 177), (223, 202, 17)),
        (1, 7): ((206, 48, 58), (49, 170, 77), (47, 78, 197), (232, 216, 58)),
        (9, 16): ((255, 0, 0), (0, 226, 0), (0, 0, 255), (255, 182, 0)),
        (1, 16): ((255, 2, 4), (4, 217, 23), (2, 16, 255), (255, 211, 1)),
        (9, 18): ((229, 0, 14), (0, 138, 22), (0, 42, 160), (255, 191, 0)),
        (6, 6): ((195, 42, 39), (49, 158, 58), (38, 66, 190), (227, 210, 36)),
    }  # fmt: skip
    for numbers, shown in seen.items():
        yield _case(f"avif of nclx {numbers}", _nclx(plain, *numbers), shown, tolerance=10)
    for level, green, blue in ((400, 255, 255), (4000, 214, 236)):
        bright = ((255, 0, 0), (0, green, 0), (0, 0, blue), (255, 174, 0))
        yield _case(f"avif of PQ and clli {level}", _clli_in(_nclx(plain, 9, 16), level), bright, tolerance=10)  # fmt: skip
    for name, options in (("of a limited range", {"range": "limited"}), ("of 4:4:4", {"subsampling": "4:4:4"})):  # fmt: skip
        yield _case(f"avif {name}", _avif_saved(Q, **options))
    yield _case("avif grey", avif(image=Q.convert("L")), tuple((one,) * 3 for one in (82, 110, 66, 197)))  # fmt: skip
    half = Q.convert("RGBA")
    half.putalpha(100)
    yield _case("avif with alpha by which colours are multiplied", _avif_saved(half, alpha_premultiplied=True), alpha=True)  # fmt: skip
    yield from _grids("avif")
    for name, offsets, sides in (("from its corner", (-24, -34), (80, 60)), ("in its middle", (0, 0), (128, 128)), ("beyond its edge", (90, 0), (128, 128))):  # fmt: skip
        clap = struct.pack(">IIIIiIiI", 80, 1, 60, 1, offsets[0], 1, offsets[1], 1)
        yield _case(f"avif cut {name}", grid(avif, quadrants(128, 128), more=_box(b"clap", clap)), size=sides)  # fmt: skip
    yield _case("avif of a profile", avif(image=Q, icc=P3), P3_SEEN, tolerance=10)
    yield _case("avif without colours stated", plain.replace(b"colrnclx", b"freenclx"))
    yield _case("avif with a trailer", plain + b"MotionPhoto_Data" * 4)
    yield _case("avif with zeros after its boxes", plain + bytes(5))
    yield _case("avif of odd sides", avif(65, 47), size=(65, 47))
    for sides in ((64, 64), (1100, 900), (2900, 1300)):
        lying = _with_ispe(avif(1000, 800), *sides)
        yield _case(f"avif whose box says {sides}", lying, Reason.CORRUPT)
    yield _case(
        "avif cut within its data's head", plain[: plain.index(b"mdat") + 2], Reason.TRUNCATED
    )
    moving = avif(66, 48, frames=3)
    at = moving.index(b"meta")
    alone = moving[:at].replace(b"avif", b"avis") + b"free" + moving[at + 4 :]
    yield _case("avif sequence without a still", alone, size=(66, 48))
    for sides in ((64, 64), (1000, 800)):
        lying = _with_ispe(avif(1000, 800), *sides)
        verdict = None if sides == (1000, 800) else Reason.CORRUPT
        for how in ("idat", "pieces"):
            yield _case(f"avif in {how} whose box says {sides}", _stored(lying, how), verdict, size=sides)  # fmt: skip
    endless = _with_extents_of_no_room(avif(64, 48))
    yield _case("avif of extents that take no room", endless, Reason.CORRUPT)
    twice = _stored(_with_ispe(avif(1000, 800), 64, 64), "second header")
    yield _case("avif with two sequence headers", twice, Reason.CORRUPT)
    for width, height in ((64, 64), (1000, 801)):
        large = avif(1000, 800, frames=2)
        at = large.index(b"meta")
        lying = large[:at].replace(b"avif", b"avis") + b"free" + large[at + 4 :]
        for form, shift in ((">HH", 0), (">II", 16)):
            lying = lying.replace(
                struct.pack(form, 1000 << shift, 800 << shift),
                struct.pack(form, width << shift, height << shift),
            )
        yield _case(f"avif sequence whose boxes say {width} × {height}", lying, Reason.CORRUPT)


def _avif_saved(image: Image.Image, **options: str | bool) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "AVIF", speed=10, quality=90, **options)
    return buffer.getvalue()


def _clli_in(data: bytes, level: int) -> bytes:
    """Return an AVIF with its light level in place of what says its bits."""
    at = data.index(b"pixi") - 4
    length = int.from_bytes(data[at : at + 4])
    box = struct.pack(">I4sHH", length, b"clli", level, 100)
    return data[:at] + box.ljust(length, b"\0") + data[at + length :]


def _grids(name: str) -> Iterator[Case]:
    """Yield pictures of 2 × 2 tiles, as phones write them."""
    build: Callable[..., bytes] = avif if name == "avif" else heic
    image = quadrants(128, 128)
    plain = grid(build, image)
    yield _case(f"{name} of tiles", plain, (pictures.RED, pictures.GREEN, pictures.BLUE, pictures.YELLOW), size=(128, 128))  # fmt: skip
    yield _case(f"{name} of tiles, the last ones partly", grid(build, image, size=(120, 100)), size=(120, 100))  # fmt: skip
    turned = grid(build, image, size=(120, 100), more=_box(b"irot", b"\1"))
    yield _case(f"{name} of tiles, turned", turned, (pictures.GREEN, pictures.YELLOW, pictures.RED, pictures.BLUE), size=(100, 120), tolerance=20)  # fmt: skip
    stated = _box(b"colr", b"nclx" + struct.pack(">HHHB", 12, 13, 6, 128))
    yield _case(f"{name} of tiles of nclx 12, 13", grid(build, image, more=stated), P3_SEEN, size=(128, 128), tolerance=12)  # fmt: skip
    yield _case(f"{name} of too few tiles", grid(build, image, size=(200, 100)), Reason.CORRUPT)
    yield _case(f"{name} of tiles, the last one cut", plain[:-20], Reason.TRUNCATED)
    yield _case(f"{name} of tiles, the last one zeros", plain[:-100] + bytes(100), Reason.CORRUPT)


def _with_ispe(data: bytes, width: int, height: int) -> bytes:
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _with_clap(data: bytes, width: int, height: int, left: int = 0, by: int = 1) -> bytes:
    """Return a HEIC cut to a part; `left` is from the middle to the middle."""
    at = data.index(b"clap") + 4
    cut = struct.pack(">IIIIiIiI", width, by, height, by, left, 1, 0, 1)
    return data[:at] + cut + data[at + 32 :]


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _with_extents_of_no_room(data: bytes) -> bytes:
    """Return a file whose items have 65,535 extents each that nothing is written of, so 0 bytes long."""
    iloc = data.index(b"iloc") - 4
    after = iloc + int.from_bytes(data[iloc : iloc + 4])
    items = b"".join(struct.pack(">HHH", number, 0, 65535) for number in range(9000))
    meta = data.index(b"meta") - 4
    box = _box(b"iloc", struct.pack(">IHH", 0, 0, 9000) + items)
    end = meta + int.from_bytes(data[meta : meta + 4])
    body = data[meta + 8 : iloc] + box + data[after:end]
    return data[:meta] + _box(b"meta", body) + data[end:]


def _stored(data: bytes, how: str) -> bytes:
    """Return a still AVIF stored as few are: in an idat box, in pieces, with other OBUs."""
    meta, mdat = data.index(b"meta") - 4, data.index(b"mdat") - 4
    iloc = data.index(b"iloc") - 4
    after = iloc + int.from_bytes(data[iloc : iloc + 4])
    coded = data[mdat + 8 :]
    if how == "second header":  # libaom's begin with a temporal delimiter of two bytes
        small = avif(64, 64)
        small = small[small.index(b"mdat") + 4 :]
        coded = small[2 : 4 + small[3]] + coded[2:]
    idat = _box(b"idat", coded) if how == "idat" else b""
    cut = [(0, 5), (5, len(coded) - 5)] if how == "pieces" else [(0, len(coded))]
    begin = iloc + 24 + 8 * len(cut) + len(data[after:mdat]) + 8
    extents = b"".join(
        struct.pack(">II", at + (0 if idat else begin), length) for at, length in cut
    )
    head = struct.pack(">IHHHHHH", 1 << 24, 0x4400, 1, 1, bool(idat), 0, len(cut))
    body = data[meta + 8 : iloc] + _box(b"iloc", head + extents) + data[after:mdat] + idat
    return data[:meta] + _box(b"meta", body) + (b"" if idat else _box(b"mdat", coded))


def _heics() -> Iterator[Case]:
    for sides in ((65, 48), (64, 47), (321, 241), (101, 75)):
        for orientation in (1, 6):
            upright = sides if orientation == 1 else sides[::-1]
            yield _case(f"heic of odd sides {sides}, {orientation}", heic(*sides, orientation=orientation), size=upright)  # fmt: skip
    plain = heic(image=Q)
    yield _case("heic with a trailer", plain + b"MotionPhoto_Data" * 4)
    yield _case("heic with zeros after its boxes", plain + bytes(7))
    buffer = io.BytesIO()
    deep = np.full((48, 64), 32_896, np.uint16)
    pillow_heif.from_bytes("I;16", SIZE, deep.tobytes()).save(buffer, quality=90)
    yield _case("heic grey of more than 8 bits", buffer.getvalue(), _grey(128))
    yield _case("heic whose box says more", _with_ispe(plain, 1000, 800), Reason.CORRUPT)
    yield _case("heic whose box says less", _with_ispe(heic(1000, 800), 64, 48), Reason.CORRUPT)
    for sides in ((8_323_136, 48), (64, 8_323_136), (20_000, 20_000), (0, 0)):
        yield _case(f"heic whose box says {sides}", _with_ispe(heic(64, 64), *sides), Reason.CORRUPT)  # fmt: skip
    odd = heic(image=quadrants(65, 47))
    for sides in ((67, 47), (8_323_136, 47), (66, 65), (0, 47)):
        yield _case(f"heic cut to {sides}", _with_clap(odd, *sides), Reason.CORRUPT)
    yield _case("heic cut to a part", _with_clap(odd, 33, 21), size=(33, 21))
    yield _case("heic cut beyond its edge", _with_clap(odd, 65, 47, -200), Reason.CORRUPT)
    yield _case("heic cut by a fraction of no denominator", _with_clap(odd, 65, 47, by=0), Reason.CORRUPT)  # fmt: skip
    at = plain.index(b"mdat") + 4
    middle = (at + len(plain)) // 2
    zeroed = plain[:middle] + bytes(64) + plain[middle + 64 :]
    yield _case("heic with zeros within its slice", zeroed, Reason.CORRUPT)
    yield _case("heic of zeros alone", plain[:at] + bytes(len(plain) - at), Reason.CORRUPT)
    yield _case("heic with a slice cut, then zeros", plain[:middle] + bytes(len(plain) - middle), Reason.CORRUPT)  # fmt: skip
    long = plain[: at + 2] + b"\xff" + plain[at + 3 :]
    yield _case("heic whose slice is longer than its item", long, Reason.CORRUPT)
    half = Q.convert("RGBA")
    half.putalpha(100)
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGBa", SIZE, half.convert("RGBa").tobytes()).save(buffer, quality=90)
    yield _case("heic with alpha by which colours are multiplied", buffer.getvalue(), alpha=True)
    yield from _grids("heic")
    yield _case("heic of a profile", heic(image=Q, icc=P3), P3_SEEN, tolerance=10)


FAULTS = [
    *_png_colours(), *_profiles(), *_png_structure(), *_jpegs(), *_gifs(), *_webps(), *_avifs(),
    *_heics(),
]  # fmt: skip
