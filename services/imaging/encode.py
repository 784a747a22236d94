"""Encoding, without any metadata."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from services.core.variants import Format
from services.imaging.codecs import libwebp_encoder, turbojpeg
from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import YCC420, Frame, Raster
from services.imaging.planes import split

QUALITY = 80  # of JPEG and WebP
WEBP_METHOD = 4  # libwebp's default effort
PNG_LEVEL = 4  # of zlib-ng: the bytes of 6 within 1 %, in two fifths of the time
_WHITE = (255, 255, 255)


def encode(frames: Sequence[Frame], format_: Format, *, loops: int = 0) -> bytes:
    """Return the frames (L, RGB, RGBA, YCC420) as one file of `format_`; only WebP keeps several.

    `loops` is how often an animation is shown, 0 for ever. JPEG lays transparency on white.
    """
    return _ENCODERS[format_.name](frames, loops)


def _jpeg(frames: Sequence[Frame], _loops: int) -> bytes:
    if frames[0].raster.mode == YCC420:
        return turbojpeg.encode(frames[0].raster, QUALITY)
    image = to_pillow(_on_white(frames[0].raster))
    return _saved(image, "JPEG", quality=QUALITY, optimize=True)


def _png(frames: Sequence[Frame], _loops: int) -> bytes:
    return _saved(to_pillow(frames[0].raster), "PNG", compress_level=PNG_LEVEL)


def _webp(frames: Sequence[Frame], loops: int) -> bytes:
    if len(frames) == 1 and frames[0].raster.mode == YCC420:
        return libwebp_encoder.encode(split(frames[0].raster), QUALITY, WEBP_METHOD)
    options: dict[str, Any] = {"quality": QUALITY, "method": WEBP_METHOD}
    first, *rest = (_shown(frame.raster) for frame in frames)
    if rest:
        durations = [frame.milliseconds for frame in frames]
        options |= {"save_all": True, "append_images": rest, "duration": durations, "loop": loops}
        # Key frames but the first serve seeking, which no page does, and each is encoded twice.
        options |= {"kmin": 0, "kmax": 0}
    return _saved(first, "WEBP", **options)


_ENCODERS = {"jpeg": _jpeg, "png": _png, "webp": _webp}


def _shown(raster: Raster) -> Image.Image:
    return to_pillow(turbojpeg.to_rgb(raster) if raster.mode == YCC420 else raster)


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
