"""Encoding, without any metadata."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import (  # Pillow itself passes over those that it cannot load
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from services.core.variants import Format, formats_for
from services.imaging.codecs import turbojpeg
from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import I420, Frame, Raster, Variant
from services.imaging.work import Work

QUALITY = 80  # of JPEG and WebP
WEBP_METHOD = 4  # libwebp's default effort
_LONG_ANIMATION = 8_000_000  # pixels of all frames, from which libwebp's least effort has to do:
_LONG_ANIMATION_METHOD = 0  # a quarter (with alpha) to a third of the time for 12 % more bytes
PNG_LEVEL = 4  # of zlib: the bytes of 6 within 1 %, in two fifths of the time
_ALPHA_FLAG = 0x10  # of VP8X
_WHITE = (255, 255, 255)


def encode_variants(work: Work) -> None:
    """Make a file of each size in each format."""
    work.has_alpha = any(frame.raster.mode == "RGBA" for frame in work.frames[work.fits[-1]])
    work.variants = tuple(
        Variant(fit, format_, encode(work.frames[fit], format_, loops=work.header.loops))
        for fit in work.fits
        for format_ in formats_for(work.formats, has_alpha=work.has_alpha)
    )


def encode(frames: Sequence[Frame], format_: Format, *, loops: int = 0) -> bytes:
    """Return the frames (L, RGB, RGBA, I420) as one file of `format_`; only WebP keeps several.

    `loops` is how often an animation is shown, 0 for ever. JPEG lays transparency on white.
    """
    return _ENCODERS[format_.name](frames, loops)


def _jpeg(frames: Sequence[Frame], _loops: int) -> bytes:
    if frames[0].raster.mode == I420:
        return turbojpeg.encode(frames[0].raster, QUALITY)
    image = to_pillow(_on_white(frames[0].raster))
    return _saved(image, "JPEG", quality=QUALITY, optimize=True)


def _png(frames: Sequence[Frame], _loops: int) -> bytes:
    return _saved(_shown(frames[0].raster), "PNG", compress_level=PNG_LEVEL)


def _webp(frames: Sequence[Frame], loops: int) -> bytes:
    options: dict[str, Any] = {"quality": QUALITY, "method": WEBP_METHOD}
    first, *rest = (_shown(frame.raster) for frame in frames)
    if rest:
        durations = [frame.milliseconds for frame in frames]
        options |= {"save_all": True, "append_images": rest, "duration": durations, "loop": loops}
        # Key frames but the first serve seeking, which no page does, and each is encoded twice.
        options |= {"kmin": 0, "kmax": 0}
        if len(frames) * first.width * first.height > _LONG_ANIMATION:
            options["method"] = _LONG_ANIMATION_METHOD
    data = _saved(first, "WEBP", **options)
    if data[12:16] == b"VP8X" and any(frame.raster.mode == "RGBA" for frame in frames):
        # libwebp leaves the flag out where what is transparent was cleared after an opaque frame.
        return data[:20] + bytes([data[20] | _ALPHA_FLAG]) + data[21:]
    return data


_ENCODERS = {"jpeg": _jpeg, "png": _png, "webp": _webp}


def _shown(raster: Raster) -> Image.Image:
    return to_pillow(turbojpeg.to_rgb(raster) if raster.mode == I420 else raster)


def _on_white(raster: Raster) -> Raster:
    if raster.mode != "RGBA":
        return raster
    image = to_pillow(raster)
    flat = Image.new("RGB", image.size, _WHITE)
    flat.paste(image, mask=image.getchannel("A"))
    return Raster("RGB", raster.width, raster.height, flat.tobytes())


def _saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()
