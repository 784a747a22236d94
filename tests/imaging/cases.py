"""The table: generated files of every kind, each with its verdict or the picture it must give."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image

from services.core.reasons import Reason
from tests import pictures
from tests.pictures import avif, gif, heic, jpeg, png, quadrants, raw_png, stored_as, webp


@dataclass(frozen=True)
class Case:
    """A file, and what must become of it."""

    name: str
    make: Callable[[], bytes]
    expected: Reason | tuple[str, int, int]  # a refusal, or format and upright size
    corners: bool = True  # whether the picture is `quadrants`
    tolerance: int = 14
    frames: int = 1
    alpha: bool = False
    shown: tuple[tuple[int, int, int], ...] | None = None  # in the middle of each quadrant


Q = quadrants(320, 240)
GREY = tuple((value,) * 3 for value in (82, 110, 66, 196))


def _orientations() -> Iterator[Case]:
    for orientation in range(1, 9):
        stored = stored_as(Q, orientation)
        for name, build in (("jpeg", jpeg), ("png", png), ("webp", webp), ("avif", avif), ("heic", heic)):  # fmt: skip
            yield Case(
                f"{name} orientation {orientation}",
                lambda build=build, stored=stored, turn=orientation: build(  # type: ignore[misc]
                    image=stored, orientation=turn
                ),
                (name, 320, 240),
            )


def _jpegs() -> Iterator[Case]:
    for subsampling, progressive, restart in product(
        ("4:4:4", "4:2:2", "4:2:0"), (False, True), (0, 1)
    ):
        yield Case(
            f"jpeg {subsampling} progressive={progressive} restart={restart}",
            lambda s=subsampling, p=progressive, r=restart: jpeg(  # type: ignore[misc]
                image=Q, subsampling=s, progressive=p, restart_rows=r
            ),
            ("jpeg", 320, 240),
        )
    for mode, progressive in product(("L", "CMYK"), (False, True)):
        yield Case(
            f"jpeg {mode} progressive={progressive}",
            lambda m=mode, p=progressive: jpeg(image=Q.convert(m), progressive=p),  # type: ignore[misc]
            ("jpeg", 320, 240),
            corners=mode != "L",
        )
    for width, height in ((1, 1), (1, 300), (300, 1), (7, 9), (8, 8), (17, 2999), (641, 481)):
        yield Case(
            f"jpeg {width}x{height}",
            lambda w=width, h=height: jpeg(w, h),  # type: ignore[misc]
            ("jpeg", width, height),
            corners=False,
        )
    whole = jpeg(image=Q)
    yield Case("jpeg with bytes after EOI", lambda: whole + b"\0trailing" * 99, ("jpeg", 320, 240))
    yield Case("jpeg without EOI", lambda: whole[:-2], ("jpeg", 320, 240))
    yield Case(
        "progressive without EOI", lambda: jpeg(image=Q, progressive=True)[:-2], ("jpeg", 320, 240)
    )
    yield Case(
        "jpeg with bytes before EOI", lambda: whole[:-2] + b"\x01\x02\x03\xff\xd9", ("jpeg", 320, 240)
    )  # fmt: skip
    yield Case("jpeg with a bad profile", lambda: jpeg(image=Q, icc=b"x" * 200), ("jpeg", 320, 240))
    broken = b"Exif\0\0II*\0\xff\xff\xff\xff"
    yield Case("jpeg with bad EXIF", lambda: jpeg(image=Q, exif_block=broken), ("jpeg", 320, 240))
    yield Case("jpeg with comment", lambda: jpeg(image=Q, comment=b"hello"), ("jpeg", 320, 240))


def samples_of(channels: int, bits: int) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint16]]":
    """Return the quadrants' samples, height × width × channels, scaled to so many bits."""
    source = Q.convert({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels])
    samples = np.asarray(source, np.uint32).reshape(240, 320, channels)
    return np.round(samples * ((1 << bits) - 1) / 255).astype(np.uint16)


def _pngs() -> Iterator[Case]:
    kinds = (
        (0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (4, 2, (8, 16)), (6, 4, (8, 16)),
    )  # fmt: skip
    for color_type, channels, depths in kinds:
        for bits, interlaced in product(depths, (False, True)):
            yield Case(
                f"png type {color_type}, {bits} bits, interlaced={interlaced}",
                lambda c=channels, b=bits, t=color_type, i=interlaced: raw_png(  # type: ignore[misc]
                    samples_of(c, b), bits=b, color_type=t, interlaced=i
                ),
                ("png", 320, 240),
                corners=channels >= 3,
            )
    for bits, interlaced in product((1, 2, 4, 8), (False, True)):
        indices = np.indices((240, 320)).sum(0)[:, :, None] % 2
        palette = (b"PLTE", bytes((*pictures.RED, *pictures.BLUE)))
        yield Case(
            f"png palette of {bits} bits, interlaced={interlaced}",
            lambda s=indices, b=bits, i=interlaced, p=palette: raw_png(  # type: ignore[misc]
                s, bits=b, color_type=3, interlaced=i, before_data=[p]
            ),
            ("png", 320, 240),
            corners=False,
        )
    yield Case("png with alpha", lambda: png(320, 240, mode="RGBA"), ("png", 320, 240), corners=False, alpha=True)  # fmt: skip
    opaque = Q.convert("RGBA")
    yield Case("png with alpha nobody uses", lambda: png(image=opaque), ("png", 320, 240))
    keyed = struct.pack(">HHH", *pictures.RED)
    yield Case(
        "png with a transparent colour",
        lambda: raw_png(samples_of(3, 8), bits=8, color_type=2, before_data=[(b"tRNS", keyed)]),
        ("png", 320, 240), corners=False, alpha=True,
    )  # fmt: skip
    grey = int(samples_of(1, 16)[0, 0, 0])
    yield Case(
        "png with a transparent grey of 16 bits",
        lambda: raw_png(
            samples_of(1, 16),
            bits=16,
            color_type=0,
            before_data=[(b"tRNS", struct.pack(">H", grey))],
        ),
        ("png", 320, 240),
        corners=False,
        alpha=True,
    )
    animation = [(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", struct.pack(">IIIIIHHBB", 0, 320, 240, 0, 0, 1, 10, 0, 0))]  # fmt: skip
    yield Case(
        "apng, its first frame",
        lambda: raw_png(
            samples_of(3, 8),
            bits=8,
            color_type=2,
            before_data=animation,
            after_data=[(b"fdAT", b"\0\0\0\1nothing")],
        ),
        ("png", 320, 240),
    )
    whole = png(image=Q)
    yield Case("png without IEND", lambda: whole[:-12], ("png", 320, 240))
    yield Case("png with bytes after IEND", lambda: whole + b"more", ("png", 320, 240))
    bad_text = pictures.png_chunk(b"tEXt", b"profile\0/etc/passwd")[:-1] + b"\0"
    yield Case(
        "png with a bad CRC in a text chunk", lambda: whole[:33] + bad_text + whole[33:], ("png", 320, 240)
    )  # fmt: skip
    yield Case("png with a bad profile", lambda: png(image=Q, icc=b"bad" * 50), ("png", 320, 240))


def _others() -> Iterator[Case]:
    yield Case("gif", lambda: gif(images=[Q.quantize(8)]), ("gif", 320, 240))
    yield Case("gif of 3 frames", lambda: gif(96, 64, frames=3), ("gif", 96, 64), corners=False, frames=3)  # fmt: skip
    yield Case("gif without trailer", lambda: gif(images=[Q.quantize(8)])[:-1], ("gif", 320, 240))
    yield Case(
        "gif with bytes after the trailer", lambda: gif(images=[Q.quantize(8)]) + b"x", ("gif", 320, 240)
    )  # fmt: skip
    for quality, lossless in ((50, False), (90, False), (80, True)):
        yield Case(f"webp {quality} lossless={lossless}", lambda q=quality, l=lossless: webp(image=Q, quality=q, lossless=l), ("webp", 320, 240))  # type: ignore[misc] # noqa: E741 # fmt: skip
        yield Case(f"webp alpha {quality} lossless={lossless}", lambda q=quality, l=lossless: webp(320, 240, mode="RGBA", quality=q, lossless=l), ("webp", 320, 240), corners=False, alpha=True)  # type: ignore[misc] # noqa: E741 # fmt: skip
    yield Case("webp of 3 frames", lambda: webp(96, 64, frames=3), ("webp", 96, 64), corners=False, frames=3)  # fmt: skip
    yield Case("webp of 3 frames with alpha", lambda: webp(96, 64, mode="RGBA", frames=3), ("webp", 96, 64), corners=False, frames=3, alpha=True)  # fmt: skip
    yield Case("webp with bytes after RIFF", lambda: webp(image=Q) + b"more", ("webp", 320, 240))
    yield Case("avif with alpha", lambda: avif(320, 240, mode="RGBA"), ("avif", 320, 240), corners=False, alpha=True)  # fmt: skip
    yield Case("avif sequence, its first", lambda: avif(96, 64, frames=3), ("avif", 96, 64), corners=False)  # fmt: skip
    yield Case("heic of 10 bits", lambda: heic(image=Q, ten_bits=True), ("heic", 320, 240))
    yield Case("heic with alpha", lambda: heic(320, 240, mode="RGBA"), ("heic", 320, 240), corners=False, alpha=True)  # fmt: skip


def _cuts() -> Iterator[Case]:
    builders = {
        "jpeg": lambda: jpeg(640, 480),
        "progressive jpeg": lambda: jpeg(640, 480, progressive=True),
        "png": lambda: png(320, 240),
        "interlaced png": lambda: raw_png(samples_of(3, 8), bits=8, color_type=2, interlaced=True),
        "gif": lambda: gif(160, 120, frames=3),
        "webp": lambda: webp(320, 240),
        "animated webp": lambda: webp(96, 64, frames=3),
        "avif": lambda: avif(320, 240),
        "heic": lambda: heic(320, 240),
    }
    for name, build in builders.items():
        for percent in (10, 50, 90, 99):
            yield Case(
                f"{name} cut at {percent} %",
                lambda b=build, p=percent: b()[: len(b()) * p // 100],  # type: ignore[misc]
                Reason.TRUNCATED,
            )


def _flipped(data: bytes, at: int, value: int = 0xFF) -> bytes:
    return data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]


def _refused() -> Iterator[Case]:
    yield from _cuts()
    unsupported = {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "mvg": b"push graphic-context\nimage over 0,0 9,9 'https://127.0.0.1/x.png'",
        "msl": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>',
        "ps": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file",
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
        "text": b"label:@/etc/passwd",
        "html": b"<!doctype html><script>alert(1)</script>",
        "tiff": b"II*\0\x08\0\0\0",
        "bmp": b"BM" + bytes(60),
        "ico": b"\0\0\1\0" + bytes(40),
        "psd": b"8BPS\0\1" + bytes(40),
        "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
        "jpeg xl": b"\xff\x0a" + bytes(40),
        "mp4": struct.pack(">I", 24) + b"ftypisom\0\0\2\0isommp42",
        "wav": b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt ",
        "zip": b"PK\x03\x04" + bytes(40),
        "zeros": bytes(1000),
        "one byte": b"\xff",
    }
    for name, data in unsupported.items():
        yield Case(name, lambda d=data: d, Reason.UNSUPPORTED_FORMAT)  # type: ignore[misc]
    yield Case("nothing", lambda: b"", Reason.EMPTY)
    yield Case("too many bytes", lambda: jpeg(64, 64) + bytes(2_000_000), Reason.TOO_LARGE)
    yield Case("too many pixels", lambda: png(image=Image.new("1", (2500, 2500))), Reason.TOO_MANY_PIXELS)  # fmt: skip
    yield Case("side too long", lambda: png(image=Image.new("1", (3001, 10))), Reason.SIDE_TOO_LONG)
    yield Case("gif of 9 frames", lambda: gif(16, 16, frames=9), Reason.TOO_MANY_FRAMES)
    yield Case("webp of 9 frames", lambda: webp(16, 16, frames=9), Reason.TOO_MANY_FRAMES)
    small, head = png(32, 32), len(pictures.PNG_SIGNATURE)
    huge = small[:16] + struct.pack(">II", 2999, 1) + small[24:]
    huge = huge[: head + 21] + struct.pack(">I", zlib.crc32(huge[head + 4 : head + 21])) + huge[head + 25 :]  # fmt: skip
    yield Case("png whose header lies about its size", lambda: huge, Reason.CORRUPT)
    yield Case("png with a bad CRC in IHDR", lambda: _flipped(small, 18), Reason.CORRUPT)
    yield Case("png with a bad CRC in IDAT", lambda: _flipped(small, len(small) - 30), Reason.CORRUPT)  # fmt: skip
    yield Case("png without a palette", lambda: raw_png(np.zeros((9, 9, 1), int), bits=8, color_type=3), Reason.CORRUPT)  # fmt: skip
    photograph = jpeg(640, 480)
    middle = photograph[:9000] + bytes(600) + photograph[9600:]
    yield Case("jpeg with zeros in its middle", lambda: middle, Reason.CORRUPT)
    yield Case("jpeg of no height", lambda: photograph.replace(struct.pack(">HH", 480, 640), struct.pack(">HH", 0, 640), 1), Reason.CORRUPT)  # fmt: skip
    yield Case("jpeg of 12 bits", lambda: photograph.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), Reason.UNSUPPORTED_FORMAT)  # fmt: skip
    yield Case("lossless jpeg", lambda: photograph.replace(b"\xff\xc0\0\x11", b"\xff\xc3\0\x11"), Reason.UNSUPPORTED_FORMAT)  # fmt: skip
    yield Case("gif without a frame", lambda: gif(16, 16)[:13] + b";", Reason.TRUNCATED)
    riff = webp(320, 240)
    yield Case("webp with a damaged frame tag", lambda: _flipped(riff, 23), Reason.CORRUPT)
    boxes = avif(320, 240)
    yield Case("avif without ispe", lambda: boxes.replace(b"ispe", b"free"), Reason.CORRUPT)
    yield Case("avif without pitm", lambda: boxes.replace(b"pitm", b"free"), Reason.CORRUPT)


CASES = [*_orientations(), *_jpegs(), *_pngs(), *_others(), *_refused()]
