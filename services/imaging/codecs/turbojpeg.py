"""libjpeg-turbo through its TurboJPEG API: any-eighth scaled decoding that stops at a warning, and
encoding of luma and chroma as they are.

The API is flat C with a stable ABI since 2010 (libturbojpeg.so.0). Pillow decodes JPEG too, but
hides libjpeg's warnings, which are all that tells a damaged scan from a whole one.
"""  # noqa: D205 - one sentence that needs two lines

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.imaging.picture import I420, Raster, plane_sizes

_PIXEL_FORMATS = {1: (6, "L"), 3: (0, "RGB"), 4: (11, "CMYK")}  # TJPF_GRAY, TJPF_RGB, TJPF_CMYK
_STOP_ON_WARNING = 8192  # TJFLAG_STOPONWARNING
_WARNING = 0  # TJERR_WARNING
_YCBCR, _420 = 1, 2  # TJCS_YCbCr, TJSAMP_420
_ACCURATE_DCT = 4096  # TJFLAG_ACCURATEDCT
# jidctred.c averages to 1, 2 and 4 eighths; jidctint.c cuts off frequencies for the others, which
# keeps what is left as sharp. To be as near to the picture, the former have to leave more a side.
_AVERAGED = (1, 2, 4)
_LIMIT_SCANS = 32768  # TJFLAG_LIMITSCANS: refuses progressive files of more than 500 scans


class DataError(Exception):
    """The data is not a whole, sound JPEG; the message is libjpeg's."""


def _load() -> Any:
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
    library.tjInitCompress.restype = pointer
    library.tjCompressFromYUV.argtypes = (
        pointer, pointer, number, number, number, number, ctypes.POINTER(pointer),
        ctypes.POINTER(size), number, number,
    )  # fmt: skip
    library.tjEncodeYUV3.argtypes = (
        pointer, pointer, number, number, number, number, pointer, number, number, number,
    )  # fmt: skip
    library.tjFree.argtypes = (pointer,)
    return library


_library = _load()


@contextmanager
def _instance(kind: str) -> Iterator[tuple[Any, Any]]:
    handle = getattr(_library, f"tjInit{kind}")()
    if not handle:
        raise MemoryError("libjpeg-turbo did not start")
    try:
        yield _library, handle
    finally:
        _library.tjDestroy(handle)


def decode(
    data: bytes,
    size: tuple[int, int],
    components: int,
    eighths: int,
    *,
    forgive: bool = False,
) -> Raster:
    """Return the picture at so many `eighths` of its `size`.

    `components` is 1 (L), 3 (RGB) or 4 (CMYK, 255 for no ink, as Adobe's JPEGs have it). Raises
    DataError at the first warning; `forgive` lets warnings pass.
    """
    with _instance("Decompress") as (library, handle):
        _check_size(library, handle, data, size)
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


def decode_planes(data: bytes, size: tuple[int, int], eighths: int) -> Raster | None:
    """Return what `decode` would before its colours are converted, as mode I420.

    None for other JPEGs than YCbCr 4:2:0.
    """
    stored = [-(-side * eighths // 8) for side in size]
    inside = [max(1, side * eighths // 8) for side in size]
    with _instance("Decompress") as (library, handle):
        if _check_size(library, handle, data, size) != (_YCBCR, _420):
            return None
        samples = bytearray(sum(width * height for width, height in plane_sizes(*stored)))
        buffer = (ctypes.c_char * len(samples)).from_buffer(samples)
        flags = _LIMIT_SCANS | _STOP_ON_WARNING
        if library.tjDecompressToYUV2(
            handle, data, len(data), buffer, stored[0], 1, stored[1], flags
        ):  # fmt: skip
            raise _error(library, handle)
    if plane_sizes(*stored) != plane_sizes(*inside):
        samples = _crop_planes(samples, plane_sizes(*stored), plane_sizes(*inside))
    return Raster(I420, inside[0], inside[1], samples)


def to_planes(raster: Raster) -> Raster:
    """Return an RGB raster as mode I420, as a JPEG of it would be stored."""
    width, height = raster.width, raster.height
    pixels = bytearray(raster.pixels)
    samples = bytearray(sum(w * h for w, h in plane_sizes(width, height)))
    with _instance("Compress") as (library, handle):
        if library.tjEncodeYUV3(
            handle, (ctypes.c_char * len(pixels)).from_buffer(pixels), width, 0, height,
            _PIXEL_FORMATS[3][0], (ctypes.c_char * len(samples)).from_buffer(samples), 1, _420, 0,
        ):  # fmt: skip
            raise _error(library, handle)
    return Raster(I420, width, height, samples)


def to_rgb(raster: Raster) -> Raster:
    """Return a raster of mode I420 as RGB, as a JPEG of these samples is shown."""
    width, height = raster.width, raster.height
    pixels, samples = bytearray(width * height * 3), bytearray(raster.pixels)
    with _instance("Decompress") as (library, handle):
        if library.tjDecodeYUV(
            handle, (ctypes.c_char * len(samples)).from_buffer(samples), 1, _420,
            (ctypes.c_char * len(pixels)).from_buffer(pixels), width, 0, height, 0, 0,
        ):  # fmt: skip
            raise _error(library, handle)
    return Raster("RGB", width, height, pixels)


def encode(raster: Raster, quality: int) -> bytes:
    """Return a raster of mode I420 as a JPEG of `quality` 1 to 100."""
    samples = bytearray(raster.pixels)
    jpeg, size = ctypes.c_void_p(), ctypes.c_ulong()
    with _instance("Compress") as (library, handle):
        try:
            if library.tjCompressFromYUV(
                handle, (ctypes.c_char * len(samples)).from_buffer(samples), raster.width, 1,
                raster.height, _420, ctypes.byref(jpeg), ctypes.byref(size), quality, _ACCURATE_DCT,
            ):  # fmt: skip
                raise _error(library, handle)
            return ctypes.string_at(jpeg, size.value)
        finally:
            library.tjFree(jpeg)


def eighths_for(size: tuple[int, int], need: tuple[int, int], margin: float) -> int:
    """Return the smallest scale that leaves `need` pixels, `margin` times as many if it averages."""
    for eighths in (1, 2, 3, 4, 5, 6):  # 7 takes longer than 8, which has SIMD
        left = min(side * eighths / 8 / wanted for side, wanted in zip(size, need, strict=True))
        if left >= (margin if eighths in _AVERAGED else 1):
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


def _crop(pixels: bytearray | memoryview, stride: int, width: int, height: int) -> bytearray:
    view = memoryview(pixels)
    return bytearray().join(view[row * stride : row * stride + width] for row in range(height))


def _crop_planes(
    samples: bytearray, stored: tuple[tuple[int, int], ...], inside: tuple[tuple[int, int], ...]
) -> bytearray:
    view, cropped, at = memoryview(samples), bytearray(), 0
    for (stride, rows), (width, height) in zip(stored, inside, strict=True):
        cropped += _crop(view[at:], stride, width, height)
        at += stride * rows
    return cropped
