"""Files taken apart into their chunks and put together again, so that a fuzzer reaches behind them.

`Mutate` is libFuzzer's: bytes and the most that may come out.
"""

import random
import struct
import zlib
from collections.abc import Callable

from services.imaging.codecs import png

Mutate = Callable[[bytes, int], bytes]
Chunk = tuple[bytes, bytes]  # type and body

# What decoders compare with: chunk and box types, markers, brands, ICC's signatures.
WORDS = (
    *(b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP"),
    *(b"eXIf", b"acTL", b"fcTL", b"fdAT", b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"),
    *(b"ICCP", b"EXIF", b"ftyp", b"avif", b"avis", b"heic", b"mif1", b"meta", b"hdlr", b"pitm"),
    *(b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ipma", b"ispe", b"pixi", b"av1C", b"hvcC"),
    *(b"colr", b"nclx", b"prof", b"irot", b"imir", b"clap", b"auxC", b"grid", b"iref", b"moov"),
    *(b"\xff\xd8", b"\xff\xd9", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdb"),
    *(b"\xff\xdd", b"\xff\xe1Exif\0\0", b"ICC_PROFILE\0\1\1", b"Adobe\0d\0\0\0\0\2", b"JFIF\0\1\1"),
    *(b"NETSCAPE2.0", b"!\xf9\4", b"!\xff\x0b", b"GIF87a", b"GIF89a", b"acsp", b"mntr", b"RGB "),
    *(b"GRAY", b"CMYK", b"XYZ ", b"Lab ", b"rXYZ", b"rTRC", b"kTRC", b"A2B0", b"curv", b"para"),
    *(b"mft1", b"mft2", b"mAB ", b"chad", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"),
)

_NESTED = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"moov": 0,
    b"trak": 0,
}  # bytes before boxes in boxes


def dictionary() -> str:
    """Return WORDS as libFuzzer reads them."""
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in WORDS)
    return "\n".join(lines) + "\n"


def mutated(data: bytes, most: int, seed: int, mutate: Mutate) -> bytes:
    """Return a file changed within its structure, or anywhere where it has none that is known."""
    choose = random.Random(seed)  # noqa: S311 no secret
    taken_apart = _apart(data)
    if taken_apart is None or choose.random() < 0.2:
        return mutate(data, most)
    chunks, together = taken_apart
    _change(chunks, most, choose, mutate)
    return together(chunks)[:most]


def _change(chunks: list[Chunk], most: int, choose: random.Random, mutate: Mutate) -> None:
    """Change, copy, drop or move one chunk."""
    at = choose.randrange(len(chunks))
    kind, body = chunks[at]
    match choose.randrange(8):
        case 0:
            chunks.insert(choose.randrange(len(chunks) + 1), (kind, body))
        case 1 if len(chunks) > 1:
            del chunks[at]
        case 2:
            chunks.insert(choose.randrange(len(chunks)), chunks.pop(at))
        case 3:
            chunks[at] = (choose.choice(WORDS)[:4].ljust(4, b" "), body)
        case _ if (skipped := _NESTED.get(kind)) is not None and len(body) > skipped + 8:
            inner = _split(body, skipped, ">I4s", -8)
            _change(inner, most, choose, mutate)
            chunks[at] = (kind, body[:skipped] + _boxes(inner))
        case _ if kind == b"iCCP" and body.count(b"\0"):
            chunks[at] = (kind, _profile_changed(body, most, mutate))
        case _:
            chunks[at] = (kind, mutate(body or b"\0", most))


def _profile_changed(body: bytes, most: int, mutate: Mutate) -> bytes:
    """Return an iCCP chunk whose profile is changed behind its compression."""
    name, _, packed = body.partition(b"\0")
    try:
        profile = zlib.decompressobj().decompress(packed[1:], 1 << 16)
    except zlib.error:
        return mutate(body, most)
    return name + b"\0\0" + zlib.compress(mutate(profile or b"\0", most))


def _apart(data: bytes) -> tuple[list[Chunk], Callable[[list[Chunk]], bytes]] | None:
    if data.startswith(png.SIGNATURE):
        chunks = _split(data, len(png.SIGNATURE), ">I4s", 4)
        return (chunks, _png) if chunks else None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        chunks = _split(data, 12, "<4sI", 0)
        return (chunks, _riff) if chunks else None
    if data[4:8] == b"ftyp":
        chunks = _split(data, 0, ">I4s", -8)
        return (chunks, _boxes) if chunks else None
    if data.startswith(b"\xff\xd8"):
        chunks = _segments(data)
        return (chunks, _jpeg) if chunks else None
    if data.startswith(b"GIF8") and len(data) > 13:
        return _blocks(data), lambda chunks: b"".join(body for _, body in chunks)
    return None


def _split(data: bytes, at: int, head: str, more: int) -> list[Chunk]:
    """Return chunks of a head with length and type; `more` is what the length leaves out of a body."""
    chunks = []
    while at + 8 <= len(data):
        first, second = struct.unpack_from(head, data, at)
        length, kind = (first, second) if isinstance(first, int) else (second, first)
        body = length if more >= 0 else max(length - 8, 0)
        chunks.append((kind, data[at + 8 : at + 8 + body]))
        at += 8 + body + max(more, 0) + (body & 1 if head.startswith("<") else 0)
    return chunks


def _png(chunks: list[Chunk]) -> bytes:
    parts = [png.SIGNATURE]
    for kind, body in chunks:
        crc = zlib.crc32(body, zlib.crc32(kind))
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc))
    return b"".join(parts)


def _riff(chunks: list[Chunk]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) & 1) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _boxes(chunks: list[Chunk]) -> bytes:
    return b"".join(struct.pack(">I", len(body) + 8) + kind + body for kind, body in chunks)


def _blocks(data: bytes) -> list[Chunk]:
    """Return a GIF's head, its blocks and the rest, without types."""

    def table(flags: int) -> int:
        return 6 << (flags & 7) if flags & 0x80 else 0

    at = 13 + table(data[10])
    chunks = [(b"", data[:at])]
    while len(data) > at + 11 and data[at] in b"!,":
        start, at = at, at + (2 if data[at] == 0x21 else 11 + table(data[at + 9]))
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
        chunks.append((b"", data[start:at]))
    return [*chunks, (b"", data[at:])]


def _segments(data: bytes) -> list[Chunk]:
    """Return a JPEG's segments, the last of which has all that follows it."""
    chunks, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4])
        end = len(data) if marker == b"\xff\xda" else at + 2 + max(length, 2)
        chunks.append((marker, data[at + 4 : end]))
        at = end
    return chunks


def _jpeg(chunks: list[Chunk]) -> bytes:
    parts = [b"\xff\xd8"]
    for marker, body in chunks:
        # A scan's header has no length of its own here: six bytes and two for each component.
        length = 4 + 2 * body[0] + 2 if marker == b"\xff\xda" and body else len(body) + 2
        parts.append(marker[:2] + struct.pack(">H", min(length, 65_535)) + body)
    return b"".join(parts)
