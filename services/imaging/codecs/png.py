"""PNG: its chunks, checked one by one, and decoding by libpng, or by Pillow where it is rarer.

Source: Portable Network Graphics (Third Edition), W3C.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from PIL import Image, ImageChops

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs import exif, libpng
from services.imaging.codecs.icc import GREY, RGB, usable
from services.imaging.codecs.pixels import extent, from_rows, in_mode, reduced
from services.imaging.codecs.strict import data_errors
from services.imaging.colour_space import SRGB, ColourSpace, from_cicp, from_gamma
from services.imaging.picture import Frame, Header, Raster

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BIT_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip
_EMPTY = memoryview(b"")
_CREATION_TIME = b"Creation Time\0"
_MAX_PROFILE = 4 << 20  # bytes; the largest in use, of printers' CMYK, are about 3 MB

# Pillow's mode and raw mode by bits and colour type, so that nothing is left to convert.
_MODES = {
    (1, 0): ("1", "1"), (2, 0): ("L", "L;2"), (4, 0): ("L", "L;4"), (8, 0): ("L", "L"),
    (16, 0): ("L", "L;16B"), (8, 2): ("RGB", "RGB"), (16, 2): ("RGB", "RGB;16B"),
    (1, 3): ("P", "P;1"), (2, 3): ("P", "P;2"), (4, 3): ("P", "P;4"), (8, 3): ("P", "P"),
    (8, 4): ("RGBA", "LA"), (16, 4): ("RGBA", "LA;16B"), (8, 6): ("RGBA", "RGBA"),
    (16, 6): ("RGBA", "RGBA;16B"),
}  # fmt: skip


@dataclass(slots=True)
class _File:
    """What a PNG's chunks say, those that browsers ignore left out."""

    ihdr: memoryview
    palette: memoryview | None
    transparency: bytes | None
    data: list[memoryview]  # of IDAT
    described: dict[bytes, bytes]  # ancillary chunks before the picture's data, by type

    @property
    def width(self) -> int:
        return int.from_bytes(self.ihdr[:4])

    @property
    def height(self) -> int:
        return int.from_bytes(self.ihdr[4:8])

    @property
    def bits(self) -> int:
        return self.ihdr[8]

    @property
    def color_type(self) -> int:
        return self.ihdr[9]


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    # Yields type and body of the chunks up to IEND whose CRC is right. A wrong one is refused in a
    # critical chunk and in tRNS, which paints; any other is skipped, as browsers do.
    view, at = memoryview(data), len(SIGNATURE)
    while at < len(data):
        if at + 8 > len(data):
            raise Rejected(Reason.TRUNCATED, "ends within a chunk's head")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise Rejected(Reason.TRUNCATED, f"ends within {kind!r}")
        if kind == b"IEND":
            return
        if zlib.crc32(view[at + 4 : end - 4]) == int.from_bytes(view[end - 4 : end]):
            yield kind, view[at + 8 : end - 4]
        elif kind == b"tRNS" or not kind[0] & 0x20:  # lower case: ancillary
            raise Rejected(Reason.CORRUPT, f"wrong CRC in {kind!r}")
        at = end


def _parse(data: bytes) -> _File:
    """Return the file's chunks; raises Rejected for what libpng, and so browsers, refuse."""
    chunks = _chunks(data)
    kind, ihdr = next(chunks, (b"", memoryview(b"")))
    _check_ihdr(kind, ihdr)
    file = _File(ihdr, None, None, [], {})
    ended = False  # whether a chunk followed the picture's data
    for kind, body in chunks:
        if kind == b"IDAT":
            if ended:
                raise Rejected(Reason.CORRUPT, "IDAT chunks apart from each other")
            file.data.append(body)
        elif file.data:
            ended = True
            if kind in (b"eXIf", b"tIME"):
                file.described.setdefault(kind, bytes(body))
            elif kind == b"tEXt":
                _add_creation_time(file, body)
        elif kind == b"PLTE":
            _add_palette(file, body)
        elif kind == b"tRNS":
            file.transparency = file.transparency or _transparency(file, bytes(body))
        elif kind == b"tEXt":
            _add_creation_time(file, body)
        elif kind[0] & 0x20:
            file.described.setdefault(kind, bytes(body))
        else:
            raise Rejected(Reason.CORRUPT, f"{kind!r} before the picture's data")
    if not file.data:
        raise Rejected(Reason.TRUNCATED, "no picture data")
    if file.color_type == 3 and file.palette is None:
        raise Rejected(Reason.CORRUPT, "no palette")
    return file


def _check_ihdr(kind: bytes, body: memoryview) -> None:
    if kind != b"IHDR" or len(body) != 13:
        raise Rejected(Reason.CORRUPT, "does not start with IHDR")
    _, _, bits, color_type, *methods = struct.unpack(">IIBBBBB", body)
    if bits not in _BIT_DEPTHS.get(color_type, ()) or methods[:2] != [0, 0] or methods[2] > 1:
        raise Rejected(Reason.CORRUPT, f"IHDR {bytes(body[8:])!r}")


def _add_palette(file: _File, body: memoryview) -> None:
    if file.color_type != 3:
        return  # a suggestion
    if file.palette is not None or not 3 <= len(body) <= 768:
        raise Rejected(Reason.CORRUPT, f"PLTE of {len(body)} bytes")
    file.palette = body[: len(body) // 3 * 3]


def _add_creation_time(file: _File, body: memoryview) -> None:
    # Of many texts the one; kept under its keyword (11.3.3.2).
    if bytes(body[: len(_CREATION_TIME)]) == _CREATION_TIME:
        file.described.setdefault(_CREATION_TIME, bytes(body[len(_CREATION_TIME) :][:100]))


def _transparency(file: _File, body: bytes) -> bytes | None:
    """Return a tRNS chunk that counts: as long as its colour type demands, and after the palette."""
    if file.color_type == 3:
        return body if file.palette is not None and 0 < len(body) <= 256 else None
    return body if len(body) == {0: 2, 2: 6}.get(file.color_type) else None


def read_header(data: bytes) -> Header:
    """Return size, orientation, colours and time; raises Rejected for a chunk cut off or damaged."""
    file = _parse(data)
    block = file.described.get(b"eXIf", b"")
    icc, space = _colours(file)
    return Header(
        "png",
        file.width,
        file.height,
        orientation=exif.orientation(block),
        icc=icc,
        space=space,
        taken=exif.taken(block) or _created(file.described),
    )


def _created(said: dict[bytes, bytes]) -> datetime | None:
    """Return when the picture was made: its text says (as in RFC 1123, or ISO 8601), or tIME."""
    text = said.get(_CREATION_TIME, b"").decode("latin-1")
    with suppress(ValueError, IndexError, OverflowError):  # it may have the other form
        text = parsedate_to_datetime(text).isoformat()
    changed = said.get(b"tIME", b"")
    last = ""
    if len(changed) == 7:  # in UTC (11.3.5)
        last = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*struct.unpack(">H5B", changed))
    return exif.moment(text) or exif.moment(last)


def _colours(file: _File) -> tuple[bytes | None, ColourSpace | None]:
    """Return the profile or the colour space: cICP, iCCP, sRGB, gAMA with cHRM, in this order (11.3.2)."""
    said = file.described
    if len(cicp := said.get(b"cICP", b"")) == 4 and cicp[2] == 0:
        return None, from_cicp(cicp[0], cicp[1], *_brightest(said))
    grey = file.color_type in (0, 4)
    icc = usable(_profile(said.get(b"iCCP", b"")), GREY if grey else RGB)
    if icc is not None:
        return icc, None
    if b"sRGB" in said:
        return None, SRGB
    gamma = int.from_bytes(said.get(b"gAMA", b"")[:4]) / 100_000
    if not 0.01 <= gamma <= 100:
        return None, None
    chromaticities = None
    if len(chrm := said.get(b"cHRM", b"")) == 32:
        white_x, white_y, *others = (one / 100_000 for one in struct.unpack(">8I", chrm))
        chromaticities = (*others, white_x, white_y)
    return None, from_gamma(gamma, chromaticities)


def _brightest(said: dict[bytes, bytes]) -> tuple[float, float]:
    """Return the cd/m² of the content and of its display, 0 for unknown (cLLI, mDCV)."""
    content, display = said.get(b"cLLI", b""), said.get(b"mDCV", b"")
    levels = (
        content[:4] if len(content) == 8 else b"",
        display[16:20] if len(display) == 24 else b"",
    )
    first, second = (int.from_bytes(level) / 10_000 for level in levels)
    return first, second


def _profile(body: bytes) -> bytes | None:
    _, _, compressed = body.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        icc = inflate.decompress(compressed[1:], _MAX_PROFILE)
    except zlib.error:
        return None  # the picture can be seen without
    return icc if inflate.eof else None


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the picture, stored way up, with `need` pixels or more where it has them.

    Only the chunks that paint reach a decoder: no text, no animation, no metadata.
    """
    file = _parse(data)
    if (file.width, file.height) != (header.width, header.height):
        raise Rejected(Reason.CORRUPT, f"{file.width} × {file.height} at the second look")
    key = file.transparency
    if not key and (raster := _plain(file)):
        yield Frame(reduced(raster, need), extent=extent((file.width, file.height), need))
        return
    image, low = _inflated(file), None
    if file.color_type == 3:
        image.putpalette(bytes(file.palette or b"").ljust(768, b"\0"))
        if key:
            image.info["transparency"] = key.ljust(256, b"\xff")
    elif key and file.bits == 16:
        low = _inflated(file, low_bytes=True)

    def rows(top: int, bottom: int) -> Image.Image:
        box = (0, top, file.width, bottom)
        part = image.crop(box)
        if file.color_type == 3:
            return part.convert("RGBA" if key else "RGB")
        part = in_mode(part, "L") if part.mode == "1" else part
        return _keyed(part, low and low.crop(box), key, file.bits) if key else part

    yield Frame(from_rows(image.size, need, rows), extent=extent(image.size, need))


def _plain(file: _File) -> Raster | None:
    """Return what most files are, 8 bits and not interlaced, if libpng has nothing to say of it."""
    mode, _ = _MODES[file.bits, file.color_type]
    if file.bits != 8 or file.color_type not in (0, 2, 6) or file.ihdr[12]:
        return None
    chunks = [(b"IHDR", file.ihdr), *((b"IDAT", part) for part in file.data), (b"IEND", _EMPTY)]
    data: list[bytes | memoryview] = [SIGNATURE]
    for kind, body in chunks:
        check = zlib.crc32(body, zlib.crc32(kind))
        data += [struct.pack(">I4s", len(body), kind), body, struct.pack(">I", check)]
    pixels = libpng.decode(b"".join(data), (file.width, file.height), mode)
    return None if pixels is None else Raster(mode, file.width, file.height, pixels)


def _inflated(file: _File, *, low_bytes: bool = False) -> Image.Image:
    """Return the samples as mode 1, L, P, RGB or RGBA; of 16 bits the higher or the lower eight."""
    mode, raw = _MODES[file.bits, file.color_type]
    if low_bytes:
        raw = raw.replace(";16B", ";16" if mode == "L" else ";16L")
    size, interlaced = (file.width, file.height), file.ihdr[12]
    data = b"".join(file.data)
    try:
        with data_errors():
            image = Image.frombytes(mode, size, data, "zip", raw, interlaced)
    except Rejected:
        # Browsers do not look at zlib's check.
        whole = _with_right_check(data, file)
        with data_errors():
            return Image.frombytes(mode, size, whole, "zip", raw, interlaced)
    # Rows that are missing stay zeros, without a word.
    last = image.crop((0, file.height - 1, file.width, file.height))
    if interlaced or last.getbbox(alpha_only=False) is None:
        _with_right_check(data, file)
    return image


def _with_right_check(data: bytes, file: _File) -> bytes:
    """Return the zlib data with the check that it should have; raises Rejected unless it is whole."""
    inflate, check, left, count = zlib.decompressobj(-zlib.MAX_WBITS), 1, data[2:], 0
    wanted = _bytes_of_rows(file)
    try:
        while not inflate.eof and count <= 2 * wanted:
            part = inflate.decompress(left, 1 << 20)
            if not part and not inflate.unconsumed_tail:
                break
            check, count = zlib.adler32(part, check), count + len(part)
            left = inflate.unconsumed_tail
    except zlib.error as error:
        raise Rejected(Reason.CORRUPT, str(error)) from error
    if count < wanted or not inflate.eof:
        raise Rejected(Reason.CORRUPT, f"{count} of {wanted} bytes of rows")
    return data[: len(data) - len(inflate.unused_data)] + check.to_bytes(4)


def _bytes_of_rows(file: _File) -> int:
    """Return how many bytes the rows have with their filters, in all passes (8.1)."""
    bits = file.bits * _CHANNELS[file.color_type]
    total = 0
    for left, top, across, down in _ADAM7 if file.ihdr[12] else ((0, 0, 1, 1),):
        width, height = -(-(file.width - left) // across), -(-(file.height - top) // down)
        if width > 0 and height > 0:
            total += height * (1 + -(-width * bits // 8))
    return total


def _keyed(image: Image.Image, low: Image.Image | None, key: bytes, bits: int) -> Image.Image:
    """Return an L or RGB image as RGBA, transparent where the samples have the key's values.

    Of samples of 16 bits `low` has the lower eight.
    """
    levels = struct.unpack(f">{len(key) // 2}H", key)
    if low:
        halves = [
            (image, [level >> 8 for level in levels]),
            (low, [level & 255 for level in levels]),
        ]
    else:
        scale = 255 // ((1 << bits) - 1)
        halves = [(image, [level * scale for level in levels])]
    differs: Image.Image | None = None
    for part, wanted in halves:
        for band, level in zip(part.split(), wanted, strict=True):
            other = band.point([255 * (at != level) for at in range(256)])
            differs = other if differs is None else ImageChops.lighter(differs, other)
    keyed = halves[0][0].convert("RGBA")
    if differs is not None:
        keyed.putalpha(differs)
    return keyed
