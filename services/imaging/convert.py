"""Pictures of a stated colour space to sRGB: by an ICC profile made of it, or by a table."""

import io
import struct
from functools import lru_cache

from PIL import Image, ImageCms, ImageFilter

from services.imaging.colour_space import ColourSpace, Light, linear_to_srgb, show, to_pcs

_NODES = 65  # a side of the table; of 100 colours 99 are right to 4 levels, of 33 nodes to 10
_CURVE = 1024  # entries of a profile's curves


def converted(image: Image.Image, space: ColourSpace) -> Image.Image:
    """Return an image of mode L or RGB in sRGB."""
    if image.mode == "L":
        return image.point(_grey_table(space))
    if space.is_hdr:
        return image.filter(_cube(space))
    return _transform(space).apply(image)


@lru_cache(8)
def _transform(space: ColourSpace) -> ImageCms.ImageCmsTransform:
    stated = ImageCms.ImageCmsProfile(io.BytesIO(profile(space)))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return ImageCms.ImageCmsTransform(stated, srgb, "RGB", "RGB")


def profile(space: ColourSpace) -> bytes:
    """Return an ICC profile of a colour space that is not of high dynamic range.

    Source: ICC.1:2001-04, matrix and tone curves (6.3.1.2).
    """
    linear = space.linear()
    levels = [min(round(65535 * linear(at / (_CURVE - 1))), 65535) for at in range(_CURVE)]
    curve = b"curv" + struct.pack(f">4xI{_CURVE}H", _CURVE, *levels)
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50
    tags = {b"wtpt": b"XYZ \0\0\0\0" + white, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), zip(*to_pcs(space.primaries), strict=True), strict=True):  # fmt: skip
        tags[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(one * 65536) for one in column))
    at, index, bodies = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        index += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = at + len(bodies)
    header = struct.pack(">I4xI4s4s4s12x4s28x12s48x", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp", white)  # fmt: skip
    return header + index + bodies


@lru_cache(8)
def _grey_table(space: ColourSpace) -> list[int]:
    linear, shown = space.linear(), show(space)
    greys = (shown((linear(level / 255),) * 3) for level in range(256))
    return [round(255 * min(max(linear_to_srgb(red), 0), 1)) for red, _, _ in greys]


@lru_cache(8)
def _cube(space: ColourSpace) -> ImageFilter.Color3DLUT:
    linear, shown = space.linear(), show(space)
    levels = [linear(node / (_NODES - 1)) for node in range(_NODES)]

    def colour(red: float, green: float, blue: float) -> Light:
        # What lies beyond sRGB is cut after interpolation, or the cut would reach what does not.
        a, b, c = (min(max(linear_to_srgb(one), -1), 2) for one in shown((red, green, blue)))
        return a, b, c

    table = [
        value
        for blue in levels
        for green in levels
        for red in levels
        for value in colour(red, green, blue)
    ]
    return ImageFilter.Color3DLUT(_NODES, table)
