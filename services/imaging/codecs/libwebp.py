"""libwebp's decoder, which scales while it decodes; Pillow's binding offers neither scaling nor
the reason of a failure.

Its advanced decoding API is a struct with an ABI version that the library checks.
Source: webp/decode.h, ABI 0x0209.
"""  # noqa: D205 - one sentence that needs two lines

import ctypes
from typing import Any

from PIL import _webp

from services.imaging.codecs.pixels import block_side
from services.imaging.picture import Raster

_ABI = 0x0209
_MODE_RGB, _MODE_RGBA = 0, 1
_OUT_OF_MEMORY = 1  # VP8_STATUS_OUT_OF_MEMORY
_STATUS = (
    "", "out of memory", "invalid parameter", "bitstream error", "unsupported feature",
    "suspended", "user abort", "not enough data",
)  # fmt: skip
_UNSEEN = 4  # averaging so many pixels a side leaves nothing of what the loop filter smooths


class DataError(Exception):
    """The data is not a whole, sound WebP; the message is libwebp's status."""


class _Features(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("width", "height", "alpha", "animation", "format")),
        ("pad", ctypes.c_uint32 * 5),
    )


class _Buffer(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("colorspace", "width", "height", "external")),
        ("pixels", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("rest_of_union", ctypes.c_uint8 * 56),  # the union's other member, YUVA, is 80 bytes
        ("pad", ctypes.c_uint32 * 4),
        ("private", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in (
            "bypass_filtering", "no_fancy_upsampling", "use_cropping", "crop_left", "crop_top",
            "crop_width", "crop_height", "use_scaling", "scaled_width", "scaled_height",
            "use_threads", "dithering", "flip", "alpha_dithering",
        )),
        ("pad", ctypes.c_uint32 * 5),
    )  # fmt: skip


class _Config(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Buffer), ("options", _Options))


def _load() -> Any:
    # Pillow's: newer than Debian's, and the same everywhere. A name is looked for in what its module
    # is linked with, too.
    decoder = ctypes.CDLL(_webp.__file__)
    config, data = ctypes.POINTER(_Config), ctypes.c_char_p
    decoder.WebPInitDecoderConfigInternal.argtypes = (config, ctypes.c_int)
    decoder.WebPGetFeaturesInternal.argtypes = (
        data, ctypes.c_size_t, ctypes.POINTER(_Features), ctypes.c_int,
    )  # fmt: skip
    decoder.WebPDecode.argtypes = (data, ctypes.c_size_t, config)
    if not decoder.WebPInitDecoderConfigInternal(_Config(), _ABI):
        raise ImportError("libwebp has another ABI than 0x0209")
    return decoder


_decoder = _load()


def decode(data: bytes, size: tuple[int, int], need: tuple[int, int]) -> Raster:
    """Return a still WebP, of `size` by its header, with `need` pixels or more where it has them.

    Raises DataError unless libwebp decodes the whole of it.
    """
    decoder, config = _decoder, _Config()
    decoder.WebPInitDecoderConfigInternal(config, _ABI)
    _check(decoder.WebPGetFeaturesInternal(data, len(data), config.input, _ABI))
    if (config.input.width, config.input.height) != size:
        msg = f"{config.input.width} × {config.input.height} in the bitstream"
        raise DataError(msg)
    block = block_side(size, need)  # libwebp's rescaler averages
    width, height = size
    if block > 1:
        width, height = (-(-side // block) for side in size)
        config.options.use_scaling = 1
        config.options.scaled_width, config.options.scaled_height = width, height
        config.options.bypass_filtering = block >= _UNSEEN
    mode, channels = ("RGBA", 4) if config.input.alpha else ("RGB", 3)
    pixels = bytearray(width * height * channels)
    output = config.output
    output.colorspace = _MODE_RGBA if config.input.alpha else _MODE_RGB
    output.external = 1
    output.pixels = ctypes.addressof((ctypes.c_char * len(pixels)).from_buffer(pixels))
    output.stride, output.size = width * channels, len(pixels)
    status = decoder.WebPDecode(data, len(data), config)
    if status == _OUT_OF_MEMORY and config.input.alpha and _has_memory(size):
        raise DataError("the alpha chunk cannot be read")
    _check(status)
    return Raster(mode, width, height, pixels)


def _has_memory(size: tuple[int, int]) -> bool:
    """Tell whether there is room for all planes, since libwebp calls a damaged alpha out of memory."""
    try:
        return bool(bytearray(size[0] * size[1] * 8))
    except MemoryError:
        return False


def _check(status: int) -> None:
    if status == _OUT_OF_MEMORY:
        raise MemoryError("libwebp")
    if status:
        raise DataError(_STATUS[status] if status < len(_STATUS) else f"status {status}")
