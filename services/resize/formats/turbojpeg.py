"""libjpeg-turbo through its TurboJPEG API: any-eighth scaled decoding that stops at a warning.

The API is flat C with a stable ABI since 2010 (libturbojpeg.so.0). Pillow decodes JPEG too, but
hides libjpeg's warnings, which are all that tells a damaged scan from a whole one.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from services.resize.picture import YCC420, Raster

_PIXEL_FORMATS = {1: (6, "L"), 3: (0, "RGB"), 4: (11, "CMYK")}  # TJPF_GRAY, TJPF_RGB, TJPF_CMYK
_STOP_ON_WARNING = 8192  # TJFLAG_STOPONWARNING
_WARNING = 0  # TJERR_WARNING
_YCBCR, _420 = 1, 2  # TJCS_YCbCr, TJSAMP_420
_LIMIT_SCANS = 32768  # TJFLAG_LIMITSCANS: refuses progressive files of more than 500 scans


class DataError(Exception):
    """The data is not a whole, sound JPEG; the message is libjpeg's."""


@cache
def _library() -> Any:
    for name in ("libturbojpeg.so.0", "libturbojpeg.dylib"):
        try:
            library = ctypes.CDLL(name)
            break
        except OSError:
            continue
    else:
        library = ctypes.CDLL(ctypes.util.find_library("turbojpeg") or "libturbojpeg.so.0")
    pointer, size, number = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
    out = ctypes.POINTER(number)
    library.tjInitDecompress.restype = pointer
    library.tjDestroy.argtypes = (pointer,)
    library.tjGetErrorStr2.argtypes = (pointer,)
    library.tjGetErrorStr2.restype = ctypes.c_char_p
    library.tjGetErrorCode.argtypes = (pointer,)
    library.tjDecompressHeader3.argtypes = (
        pointer, ctypes.c_char_p, size, out, out, out, out,
    )  # fmt: skip
    library.tjDecompress2.argtypes = (
        pointer, ctypes.c_char_p, size, pointer, number, number, number, number, number,
    )  # fmt: skip
    library.tjDecompressToYUV2.argtypes = (
        pointer, ctypes.c_char_p, size, pointer, number, number, number, number,
    )  # fmt: skip
    library.tjDecodeYUV.argtypes = (
        pointer, pointer, number, number, pointer, number, number, number, number, number,
    )  # fmt: skip
    return library


@contextmanager
def _decompressor() -> Iterator[tuple[Any, Any]]:
    library = _library()
    handle = library.tjInitDecompress()
    if not handle:
        raise MemoryError("libjpeg-turbo did not start")
    try:
        yield library, handle
    finally:
        library.tjDestroy(handle)


def decode(
    data: bytes,
    size: tuple[int, int],
    components: int,
    need: tuple[int, int],
    *,
    forgive: bool = False,
) -> Raster:
    """Return the picture at the smallest eighth of its `size` that has `need` pixels or more.

    `components` is 1 (L), 3 (RGB) or 4 (CMYK, 255 for no ink, as Adobe's JPEGs have it). Raises
    DataError at the first warning; `forgive` lets warnings pass.
    """
    with _decompressor() as (library, handle):
        _check_size(library, handle, data, size)
        eighths = _eighths(size, need)
        # libjpeg rounds up: the last column and row may lie partly outside of the picture.
        stored = [-(-side * eighths // 8) for side in size]
        inside = [max(1, side * eighths // 8) for side in size]
        pixel_format, mode = _PIXEL_FORMATS[components]
        pixels = bytearray(stored[0] * stored[1] * components)
        flags = _LIMIT_SCANS | (0 if forgive else _STOP_ON_WARNING)
        buffer = (ctypes.c_char * len(pixels)).from_buffer(pixels)
        failed = library.tjDecompress2(
            handle, data, len(data), buffer, stored[0], 0, stored[1], pixel_format, flags
        )
        if failed and not (forgive and library.tjGetErrorCode(handle) == _WARNING):
            raise _error(library, handle)
    if stored != inside:
        pixels = _crop(pixels, stored[0] * components, inside[0] * components, inside[1])
    return Raster(mode, inside[0], inside[1], pixels)


def decode_ycc(data: bytes, size: tuple[int, int], need: tuple[int, int]) -> Raster | None:
    """Return what `decode` would before its colours are converted, as mode YCC420.

    None for other JPEGs than YCbCr 4:2:0, and where libjpeg adds more than a side's even end.
    """
    eighths = _eighths(size, need)
    width, height = (max(1, side * eighths // 8) for side in size)
    stored = [-(-side * eighths // 8) for side in size]
    even = [side + side % 2 for side in stored]
    if even != [width + width % 2, height + height % 2]:
        return None
    with _decompressor() as (library, handle):
        if _check_size(library, handle, data, size) != (_YCBCR, _420):
            return None
        pixels = bytearray(even[0] * even[1] * 3 // 2)
        buffer = (ctypes.c_char * len(pixels)).from_buffer(pixels)
        flags = _LIMIT_SCANS | _STOP_ON_WARNING
        if library.tjDecompressToYUV2(
            handle, data, len(data), buffer, stored[0], 1, stored[1], flags
        ):  # fmt: skip
            raise _error(library, handle)
    return Raster(YCC420, width, height, pixels)


def to_rgb(raster: Raster) -> Raster:
    """Return a raster of mode YCC420 as RGB, as a JPEG of these samples is shown."""
    width, height = raster.width, raster.height
    pixels, samples = bytearray(width * height * 3), bytearray(raster.pixels)
    with _decompressor() as (library, handle):
        if library.tjDecodeYUV(
            handle, (ctypes.c_char * len(samples)).from_buffer(samples), 1, _420,
            (ctypes.c_char * len(pixels)).from_buffer(pixels), width, 0, height, 0, 0,
        ):  # fmt: skip
            raise _error(library, handle)
    return Raster("RGB", width, height, pixels)


def _eighths(size: tuple[int, int], need: tuple[int, int]) -> int:
    for eighths in range(1, 8):
        if all(side * eighths // 8 >= wanted for side, wanted in zip(size, need, strict=True)):
            return eighths
    return 8


def _check_size(library: Any, handle: Any, data: bytes, size: tuple[int, int]) -> tuple[int, int]:
    # Returns libjpeg-turbo's numbers for the colour space and the chroma subsampling.
    width, height, subsampling, colorspace = (ctypes.c_int() for _ in range(4))
    failed = library.tjDecompressHeader3(
        handle, data, len(data), *map(ctypes.byref, (width, height, subsampling, colorspace))
    )
    # It fails for rare chroma subsamplings too, which the decoder itself can do.
    if failed and (width.value, height.value) != size:
        raise _error(library, handle)
    if (width.value, height.value) != size:
        msg = f"{width.value} × {height.value} for libjpeg, {size} by the markers"
        raise DataError(msg)
    return colorspace.value, subsampling.value


def _error(library: Any, handle: Any) -> Exception:
    message = library.tjGetErrorStr2(handle).decode(errors="replace")
    if "memory" in message.lower():  # JERR_OUT_OF_MEMORY; tjGetErrorCode has no code for it
        return MemoryError(message)
    return DataError(message)


def _crop(pixels: bytearray, stride: int, width: int, height: int) -> bytearray:
    view = memoryview(pixels)
    return bytearray().join(view[row * stride : row * stride + width] for row in range(height))
