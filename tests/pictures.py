"""The one builder of test pictures: every accepted format in every kind, made by code.

Each format has a function that returns the encoded bytes; `width` and `height` are the stored
picture's pixels, `image` replaces the generated content, and further options are that format's.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

RED, GREEN, BLUE, YELLOW = (200, 30, 40), (30, 160, 60), (30, 60, 190), (230, 210, 40)


@cache
def _photo(width: int, height: int, seed: int) -> Image.Image:
    # Octaves of smooth noise whose amplitude falls with the frequency, as photographs' spectra do,
    # under a gradient, with a few hard edges.
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    cells, amplitude = 3, 70.0
    while cells < 2 * max(width, height) and amplitude > 2:
        shape = (max(2, cells * height // max(width, height)), max(2, cells), 3)
        octave = random.integers(0, 256, shape, np.uint8)
        smooth = Image.fromarray(octave).resize((width, height), Image.Resampling.BICUBIC)
        picture += (np.asarray(smooth, np.float32) - 127.5) * (amplitude / 127.5)
        cells, amplitude = cells * 2, amplitude * 0.6
    ramp = np.linspace(80, 180, width, dtype=np.float32)[None, :, None]
    picture += ramp + np.array([10, 0, -10], np.float32)
    for _ in range(6):
        left, top = random.integers(0, width), random.integers(0, height)
        box = picture[top : top + height // 5 + 1, left : left + width // 7 + 1]
        box += random.integers(-60, 60, 3)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def photo(width: int = 640, height: int = 480, *, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """Return a photograph-like picture, the same one for the same arguments.

    Modes with alpha fade from transparent at the left to opaque at the right.
    """
    image = _photo(width, height, seed)
    if mode in ("RGBA", "LA"):
        image = image.convert(mode.removesuffix("A"))
        ramp = np.linspace(0, 255, width).astype(np.uint8)
        image.putalpha(Image.fromarray(np.broadcast_to(ramp, (height, width)).copy()))
        return image
    return image.convert(mode) if mode != "RGB" else image.copy()


def quadrants(width: int = 640, height: int = 480) -> Image.Image:
    """Return red top left, green top right, blue bottom left, yellow bottom right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def stored_as(image: Image.Image, orientation: int) -> Image.Image:
    """Return the pixels that a camera stores so that `orientation` turns them into `image`."""
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image.transpose(turn[orientation]) if orientation in turn else image


def exif(
    *,
    orientation: int = 1,
    gps: bool = False,
    description: str = "",
    dates: Mapping[int, object] | None = None,
    changed: str = "",
) -> bytes:
    """Return an EXIF block, as a JPEG carries it; `dates` are tags of its second directory."""
    block = Image.Exif()
    if dates:
        block[0x8769] = dict(dates)
    if changed:
        block[0x0132] = changed
    if orientation != 1:
        block[0x0112] = orientation
    if description:
        block[0x010E] = description
    if gps:
        block[0x8825] = {1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)}
    return block.tobytes()


def display_p3() -> bytes:
    """Return the ICC profile of Display P3, which phones embed."""
    # A matrix profile made from sRGB's by exchanging the primaries for P3's (D50, ICC's s15.16).
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.1571, 0.06657, 0.78407),
    }  # fmt: skip
    for tag, values in primaries.items():
        at = icc.index(tag, 128)
        offset = int.from_bytes(icc[at + 4 : at + 8])
        numbers = b"".join(round(v * 65536).to_bytes(4, signed=True) for v in values)
        icc[offset + 8 : offset + 20] = numbers
    return bytes(icc)


def srgb() -> bytes:
    """Return an ICC profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def grey_profile(gamma: float) -> bytes:
    """Return an ICC profile of greys whose light is the sample to the power of `gamma`.

    Source: ICC.1:2001-04, 6.3.1.1 (monochrome) and 6.5.3 (curveType).
    """
    white = struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + struct.pack(">4xIHxx", 1, round(gamma * 256))
    tags = {b"wtpt": b"XYZ " + bytes(4) + white, b"kTRC": curve}
    at, index_of_tags, bodies = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        index_of_tags += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x", at + len(bodies), 0x02400000, b"mntr", b"GRAY", b"XYZ ",
        b"acsp", white,
    )  # fmt: skip
    return header + index_of_tags + bodies


def cmyk_profile() -> bytes:
    """Return an ICC profile of a press whose inks multiply: CMYK by an 8-bit table to Lab.

    Source: ICC.1:2001-04, 6.5.7 (lut8Type), corners of two grid points an ink.
    """
    corners = Image.new("RGB", (16, 1))
    for index in range(16):
        cyan, magenta, yellow, black = (index >> shift & 1 for shift in (3, 2, 1, 0))
        inks = (cyan, magenta, yellow)
        corners.putpixel((index, 0), tuple(230 - 190 * max(ink, black) for ink in inks))
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(corners, to_lab)
    assert lab is not None
    # Pillow keeps a* and b* signed; ICC's eight bits have them around 128.
    table = bytes(
        value if band == 0 else value ^ 0x80
        for pixel in zip(*(lab.getchannel(n).tobytes() for n in "LAB"), strict=True)
        for band, value in enumerate(pixel)
    )
    one = struct.pack(">i", 65536)
    matrix = b"".join(one if n in (0, 4, 8) else bytes(4) for n in range(9))
    curve = bytes(range(256))
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 6) + b"press\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061),
        b"A2B0": b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + curve * 4 + table + curve * 3,
    }
    at, index_of_tags, bodies = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        padded = body + bytes(-len(body) % 4)
        index_of_tags += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += padded
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sI4s4sQI3i4s44x",
        at + len(bodies), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ", bytes(12), b"acsp",
        b"APPL", 0, b"none", b"none", 0, 0, 63190, 65536, 54061, b"none",
    )  # fmt: skip
    return header + index_of_tags + bodies


def _save(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **{k: v for k, v in options.items() if v is not None})
    return buffer.getvalue()


def jpeg(
    width: int = 640,
    height: int = 480,
    *,
    image: Image.Image | None = None,
    mode: str = "RGB",
    quality: int = 85,
    subsampling: str = "4:2:0",
    progressive: bool = False,
    restart_rows: int = 0,
    orientation: int = 1,
    gps: bool = False,
    description: str = "",
    comment: bytes | None = None,
    icc: bytes | None = None,
    exif_block: bytes | None = None,
) -> bytes:
    """Return a JPEG; `mode` is RGB, L or CMYK (stored inverted with Adobe's marker, as usual)."""
    if exif_block is None and (orientation != 1 or gps or description):
        exif_block = exif(orientation=orientation, gps=gps, description=description)
    return _save(
        image if image is not None else photo(width, height, mode=mode),
        "JPEG",
        quality=quality,
        subsampling=subsampling,
        progressive=progressive,
        restart_marker_rows=restart_rows or None,
        exif=exif_block,
        comment=comment,
        icc_profile=icc,
    )


def png(
    width: int = 640,
    height: int = 480,
    *,
    image: Image.Image | None = None,
    mode: str = "RGB",
    icc: bytes | None = None,
    orientation: int = 1,
    transparency: int | bytes | None = None,
) -> bytes:
    """Return a PNG of 8 bits (or 1, in mode "1"); see `raw_png` for every other kind."""
    return _save(
        image if image is not None else photo(width, height, mode=mode),
        "PNG",
        icc_profile=icc,
        transparency=transparency,
        compress_level=1,
        exif=exif(orientation=orientation) if orientation != 1 else None,
    )


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    """Return one PNG chunk: length, type, body, CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # fmt: skip


def raw_png(
    samples: "np.ndarray[Any, Any]",
    *,
    bits: int,
    color_type: int,
    interlaced: bool = False,
    before_data: Iterable[tuple[bytes, bytes]] = (),
    after_data: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Return a PNG of any bit depth and colour type, interlaced by Adam7 if asked.

    `samples` has shape height × width × channels with values of `bits` bits. The extra chunks
    (type, body) go before or after the picture's data.
    """
    height, width, channels = samples.shape
    if channels != _PNG_CHANNELS[color_type]:
        msg = f"colour type {color_type} has {_PNG_CHANNELS[color_type]} channels, not {channels}"
        raise ValueError(msg)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = bytearray()
    for left, top, step_x, step_y in passes:
        part = samples[top::step_y, left::step_x]
        if part.size:
            for row in part.reshape(part.shape[0], -1):
                rows += b"\0" + _pack(row, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), *before_data, (b"IDAT", zlib.compress(bytes(rows), 1))]
    chunks += [*after_data, (b"IEND", b"")]
    return PNG_SIGNATURE + b"".join(png_chunk(kind, body) for kind, body in chunks)


def _pack(row: "np.ndarray[Any, Any]", bits: int) -> bytes:
    if bits == 16:
        return row.astype(">u2").tobytes()
    unpacked = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]
    return np.packbits(unpacked.reshape(-1)).tobytes()


def gif(
    width: int = 320,
    height: int = 240,
    *,
    frames: int = 1,
    images: Sequence[Image.Image] | None = None,
    duration: int | Sequence[int] = 100,
    loop: int | None = 0,
    **options: Any,
) -> bytes:
    """Return a GIF; `duration` in milliseconds, `loop` 0 for ever, None for no loop block."""
    if images is None:
        images = [photo(width, height, seed=seed + 1).quantize(64) for seed in range(frames)]
    first, *rest = images
    if rest:
        options |= {"save_all": True, "append_images": rest, "duration": duration}
        if loop is not None:
            options["loop"] = loop
    return _save(first, "GIF", **options)


def webp(
    width: int = 640,
    height: int = 480,
    *,
    image: Image.Image | None = None,
    mode: str = "RGB",
    lossless: bool = False,
    quality: int = 80,
    frames: int = 1,
    duration: int | Sequence[int] = 100,
    loop: int = 0,
    orientation: int = 1,
    icc: bytes | None = None,
) -> bytes:
    """Return a WebP, still or animated; `duration` in milliseconds."""
    if image is None:
        image = photo(width, height, mode=mode)
    options: dict[str, Any] = {"lossless": lossless, "quality": quality, "method": 1}
    if frames > 1:
        rest = [photo(width, height, mode=mode, seed=seed + 1) for seed in range(1, frames)]
        options |= {"save_all": True, "append_images": rest, "duration": duration, "loop": loop}
    block = exif(orientation=orientation) if orientation != 1 else None
    return _save(image, "WEBP", icc_profile=icc, exif=block, **options)


def avif(
    width: int = 640,
    height: int = 480,
    *,
    image: Image.Image | None = None,
    mode: str = "RGB",
    orientation: int = 1,
    icc: bytes | None = None,
    frames: int = 1,
) -> bytes:
    """Return an AVIF; its orientation is stored as `irot`/`imir` properties."""
    if image is None:
        image = photo(width, height, mode=mode)
    options: dict[str, Any] = {"speed": 10, "quality": 80}
    if frames > 1:
        rest = [photo(width, height, mode=mode, seed=seed + 1) for seed in range(1, frames)]
        options |= {"save_all": True, "append_images": rest}
    block = exif(orientation=orientation) if orientation != 1 else None
    return _save(image, "AVIF", icc_profile=icc, exif=block, **options)


def heic(
    width: int = 640,
    height: int = 480,
    *,
    image: Image.Image | None = None,
    mode: str = "RGB",
    orientation: int = 1,
    icc: bytes | None = None,
    ten_bits: bool = False,
) -> bytes:
    """Return an HEIC; its orientation is stored both as `irot`/`imir` and in its EXIF block."""
    import pillow_heif  # slow, and few tests need it

    if image is None:
        image = photo(width, height, mode=mode)
    options: dict[str, Any] = {"quality": 90}
    if orientation != 1:
        options["exif"] = exif(orientation=orientation)
    if icc is not None:
        options["icc_profile"] = icc
    if ten_bits:
        sixteen = np.asarray(image.convert("RGB"), np.uint16) * 257
        pixels = sixteen.astype("<u2").tobytes()
        encoded = pillow_heif.from_bytes("RGB;16", image.size, pixels)
    else:
        encoded = pillow_heif.from_pillow(image)
    buffer = io.BytesIO()
    encoded.save(buffer, **options)
    return buffer.getvalue()


def _box(kind: bytes, body: bytes, *, full: int | None = None) -> bytes:
    """Return an ISO base media box; with `full`, of that version and no flags."""
    head = b"" if full is None else struct.pack(">I", full << 24)
    return struct.pack(">I4s", len(head) + len(body) + 8, kind) + head + body


def grid(
    build: Callable[..., bytes],
    image: Image.Image,
    *,
    side: int = 64,
    size: tuple[int, int] | None = None,
    more: bytes = b"",
) -> bytes:
    """Return a HEIC or AVIF, by what `build` says, of square tiles, as phones write them.

    `size` is what of the tiles is the picture, `more` properties of it. Source: HEIF, 6.6.2.3.
    """
    across, down = image.width // side, image.height // side
    boxes = [(x * side, y * side, (x + 1) * side, (y + 1) * side) for y in range(down) for x in range(across)]  # fmt: skip
    files = [build(image=image.crop(box)) for box in boxes]
    coded = [file[file.index(b"mdat") + 4 :] for file in files]
    kind, config = (b"hvc1", b"hvcC") if b"hvcC" in files[0] else (b"av01", b"av1C")
    at = files[0].index(config) - 4
    configuration = files[0][at : at + int.from_bytes(files[0][at : at + 4])]
    width, height = size or image.size
    sizes = (_box(b"ispe", struct.pack(">II", *one), full=0) for one in ((width, height), (side, side)))  # fmt: skip
    properties = _box(b"ipco", b"".join(sizes) + configuration + more)
    shown = bytes([1, *([4 | 0x80 * (more[4:8] != b"colr")] if more else [])])
    items = range(1, len(files) + 2)
    uses = b"".join(struct.pack(">HB", n, len(used)) + used for n in items for used in [shown if n == 1 else b"\2\x83"])  # fmt: skip
    ipma = _box(b"ipma", struct.pack(">I", len(items)) + uses, full=0)
    kinds = b"".join(_box(b"infe", struct.pack(">HH4sx", n, 0, b"grid" if n == 1 else kind), full=2) for n in items)  # fmt: skip
    parts = struct.pack(f">HH{len(files)}H", 1, len(files), *items[1:])
    parts_before = [
        _box(b"hdlr", struct.pack(">4x4s13x", b"pict"), full=0),
        _box(b"pitm", struct.pack(">H", 1), full=0),
        _box(b"iinf", struct.pack(">H", len(items)) + kinds, full=0),
        _box(b"iref", _box(b"dimg", parts), full=0),
        _box(b"iprp", properties + ipma),
        _box(b"idat", struct.pack(">4B2H", 0, 0, down - 1, across - 1, width, height)),
    ]

    def located(start: int) -> bytes:
        places, at = [(0, 8)], start
        for one in coded:
            places.append((at, len(one)))
            at += len(one)
        entries = b"".join(struct.pack(">HHHHII", n, n == 1, 0, 1, *place) for n, place in zip(items, places, strict=True))  # fmt: skip
        return _box(b"iloc", struct.pack(">HH", 0x4400, len(items)) + entries, full=1)

    ftyp = files[0][: int.from_bytes(files[0][:4])]
    before = b"".join(parts_before)
    head = len(ftyp) + 12 + len(before) + len(located(0)) + 8
    meta = _box(b"meta", before + located(head), full=0)
    return ftyp + meta + _box(b"mdat", b"".join(coded))


def seeds() -> list[bytes]:
    """Return a small file of each kind, for tests that damage them."""
    return [
        jpeg(48, 32), jpeg(48, 32, progressive=True), jpeg(48, 32, mode="CMYK"), png(48, 32),
        png(48, 32, mode="RGBA"), gif(24, 16, frames=3), webp(48, 32), webp(48, 32, mode="RGBA"),
        webp(24, 16, frames=3), avif(48, 32), heic(64, 64), jpeg(48, 32, icc=display_p3()),
        png(48, 32, icc=display_p3()), webp(48, 32, icc=display_p3()), heic(33, 25),
    ]  # fmt: skip
