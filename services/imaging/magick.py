"""ImageMagick through Wand: loads it under our policy, moves pixels in and out.

Whoever needs Wand imports it from here, so that the policy is in force before the library starts.
"""

import ctypes
import ctypes.util
import os
from typing import Any

from services.imaging.environment import LIBRARIES
from services.imaging.picture import CHANNELS, Raster

# ImageMagick reads its configuration once, when the library starts.
if any(os.environ.get(name) != LIBRARIES[name] for name in LIBRARIES if name.startswith("MAGICK")):
    raise ImportError("ImageMagick's policy is not in force; see services.imaging.environment")

# Of Debian 13; of Ubuntu 24.04 and of Debian 12.
_SONAMES = {
    "MagickWand-7.Q16": ("libMagickWand-7.Q16.so.10",),
    "MagickCore-7.Q16": ("libMagickCore-7.Q16.so.10",),
    "MagickWand-6.Q16": ("libMagickWand-6.Q16.so.7", "libMagickWand-6.Q16.so.6"),
    "MagickCore-6.Q16": ("libMagickCore-6.Q16.so.7", "libMagickCore-6.Q16.so.6"),
    "c": ("libc.so.6",),
}


def _load_wand() -> Any:
    # Wand asks ctypes for two dozen names, and each question starts ldconfig and a compiler: 370 ms
    # of a cold start. Debian's and Ubuntu's names are known, so they are answered here; elsewhere
    # (macOS) the ordinary search follows.
    search = ctypes.util.find_library

    def known(name: str) -> str | None:
        for soname in _SONAMES.get(name, ()):
            try:
                ctypes.CDLL(soname)
            except OSError:
                continue
            return soname
        return None

    def load() -> Any:
        import wand.image

        return wand.image

    ctypes.util.find_library = known
    try:
        return load()
    except ImportError:
        ctypes.util.find_library = search
        return load()
    finally:
        ctypes.util.find_library = search


_wand = _load_wand()
Image = _wand.Image
_library = _wand.library

_FILTERS: tuple[str, ...] = _wand.FILTER_TYPES
_CHAR_PIXEL = 1  # StorageType CharPixel, in ImageMagick 6 and 7
_MAP = {"L": b"I", "RGB": b"RGB", "RGBA": b"RGBA", "CMYK": b"CMYK"}
_EXPORT_MAP = _MAP | {"L": b"R"}  # its only channel as it is: "I" computes an intensity

# Wand's own import_pixels and export_pixels convert sample by sample in Python.
_constitute = _library.MagickConstituteImage
_constitute.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int,
    ctypes.c_void_p,
)  # fmt: skip
_export = _library.MagickExportImagePixels
_export.argtypes = (
    ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_size_t, ctypes.c_size_t,
    ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p,
)  # fmt: skip


def to_wand(raster: Raster) -> Any:
    """Return a new wand Image with the raster's pixels; the caller closes it.

    Raises MemoryError where ImageMagick's resources do not suffice.
    """
    size = raster.width * raster.height * CHANNELS[raster.mode]
    if len(raster.pixels) != size:
        msg = f"{raster.width} × {raster.height} {raster.mode} are not {len(raster.pixels)} bytes"
        raise ValueError(msg)
    image = Image()
    if not _constitute(
        image.wand, raster.width, raster.height, _MAP[raster.mode], _CHAR_PIXEL,
        _address(raster.pixels),
    ):  # fmt: skip
        raise _error(image, "took no pixels")
    return image


def resize(image: Any, width: int, height: int, filter_: str) -> None:
    """Resize a wand Image in place by a filter of wand.image.FILTER_TYPES.

    Wand's own asks for the picture's MIME type each time, which is half a millisecond.
    """
    sharpness = ctypes.c_double(1.0)
    if not _library.MagickResizeImage(
        image.wand, width, height, _FILTERS.index(filter_), sharpness
    ):  # fmt: skip
        raise _error(image, "did not resize")


def from_wand(image: Any, mode: str, size: tuple[int, int] | None = None) -> Raster:
    """Return a wand Image, or `size` pixels from its upper left corner on, as a raster of `mode`."""
    width, height = size or image.size
    pixels = bytearray(width * height * CHANNELS[mode])
    if not _export(
        image.wand, 0, 0, width, height, _EXPORT_MAP[mode], _CHAR_PIXEL, _address(pixels)
    ):  # fmt: skip
        raise _error(image, "gave no pixels")
    return Raster(mode, width, height, pixels)


def _error(image: Any, what: str) -> Exception:
    """Return what a call failed with, which has seen no file: for want of memory, unless it is a bug."""
    from wand.exceptions import CacheError, ResourceLimitError, WandException

    try:
        image.raise_exception()
    except (CacheError, ResourceLimitError) as error:
        return MemoryError(f"ImageMagick {what}: {error}")
    except WandException as error:
        failure: Exception = error
        return failure
    return MemoryError(f"ImageMagick {what}")


def _address(pixels: Any) -> Any:
    if isinstance(pixels, bytes | memoryview):
        return bytes(pixels)
    return (ctypes.c_char * len(pixels)).from_buffer(pixels)
