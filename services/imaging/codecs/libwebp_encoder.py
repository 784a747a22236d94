"""libwebp's lossy encoder, given the luma and chroma that it stores; Pillow's binding takes only RGB.

Its API are structs with an ABI version that the library checks. Source: webp/encode.h, ABI 0x020f;
a WebP's Y is 16 to 235, its U and V 16 to 240 (RFC 6386, section 9.2, which names ITU-R BT.601).
"""

import ctypes
from functools import cache
from typing import Any

from services.imaging.codecs.libwebp import library
from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import Raster

_ABI = 0x020F
_LUMA = [round(16 + level * 219 / 255) for level in range(256)]
_CHROMA = [round(128 + (level - 128) * 224 / 255) for level in range(256)]


class _Config(ctypes.Structure):
    _fields_ = (
        ("lossless", ctypes.c_int),
        ("quality", ctypes.c_float),
        ("method", ctypes.c_int),
        ("rest", ctypes.c_int * 26),  # all of four bytes
    )


class _Picture(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("use_argb", "colorspace", "width", "height")),
        *((name, ctypes.c_void_p) for name in ("y", "u", "v")),
        *((name, ctypes.c_int) for name in ("y_stride", "uv_stride")),
        ("alpha", ctypes.c_void_p),
        ("alpha_stride", ctypes.c_int),
        ("pad1", ctypes.c_uint32 * 2),
        ("argb", ctypes.c_void_p),
        ("argb_stride", ctypes.c_int),
        ("pad2", ctypes.c_uint32 * 3),
        ("writer", ctypes.c_void_p),
        ("custom", ctypes.c_void_p),
        ("extra_info_type", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("extra_info", "stats")),
        ("error_code", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("progress_hook", "user_data")),
        ("pad3", ctypes.c_uint32 * 3),
        ("pad4", ctypes.c_void_p * 2),
        ("pad5", ctypes.c_uint32 * 8),
        ("memory", ctypes.c_void_p * 2),
        ("pad6", ctypes.c_void_p * 2),
    )


class _Writer(ctypes.Structure):
    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("pad", ctypes.c_uint32),
    )


@cache
def _encoder() -> Any:
    encoder, pointer = library(), ctypes.c_void_p
    encoder.WebPConfigInitInternal.argtypes = (
        pointer, ctypes.c_int, ctypes.c_float, ctypes.c_int,
    )  # fmt: skip
    encoder.WebPPictureInitInternal.argtypes = (pointer, ctypes.c_int)
    encoder.WebPMemoryWriterInit.argtypes = (pointer,)
    encoder.WebPMemoryWriterInit.restype = None
    encoder.WebPMemoryWriterClear.argtypes = (pointer,)
    encoder.WebPMemoryWriterClear.restype = None
    encoder.WebPEncode.argtypes = (pointer, pointer)
    return encoder


def encode(planes: list[Raster], quality: int, method: int) -> bytes:
    """Return luma, Cb and Cr (JFIF's, the chroma of half the sides, rounded up) as a lossy WebP.

    `quality` is 0 to 100, `method` the effort from 0 to 6.
    """
    encoder = _encoder()
    config, picture, writer = _Config(), _Picture(), _Writer()
    default_preset = 0
    if not (
        encoder.WebPConfigInitInternal(ctypes.byref(config), default_preset, quality, _ABI)
        and encoder.WebPPictureInitInternal(ctypes.byref(picture), _ABI)
    ):
        raise RuntimeError("libwebp has another ABI than 0x020f")
    config.method = method
    samples = [
        to_pillow(plane).point(levels).tobytes()
        for plane, levels in zip(planes, (_LUMA, _CHROMA, _CHROMA), strict=True)
    ]
    picture.width, picture.height = planes[0].width, planes[0].height
    picture.y, picture.u, picture.v = (
        ctypes.cast(ctypes.c_char_p(plane), ctypes.c_void_p) for plane in samples
    )
    picture.y_stride, picture.uv_stride = planes[0].width, planes[1].width
    encoder.WebPMemoryWriterInit(ctypes.byref(writer))
    picture.writer = ctypes.cast(encoder.WebPMemoryWrite, ctypes.c_void_p)
    picture.custom = ctypes.addressof(writer)
    try:
        if not encoder.WebPEncode(ctypes.byref(config), ctypes.byref(picture)):
            msg = f"libwebp did not encode: error {picture.error_code}"
            raise MemoryError(msg) if picture.error_code == 1 else RuntimeError(msg)
        return ctypes.string_at(writer.bytes, writer.size)
    finally:
        encoder.WebPMemoryWriterClear(ctypes.byref(writer))
