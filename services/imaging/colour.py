"""Conversion to sRGB, by LittleCMS."""

import io
from functools import cache
from itertools import product

from PIL import Image, ImageChops, ImageCms

from services.imaging.codecs.pixels import to_pillow
from services.imaging.codecs.turbojpeg import to_planes, to_rgb
from services.imaging.picture import I420, Raster
from services.imaging.upright import upright
from services.imaging.work import Work

_SPACES = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}
_LEVELS = (0, 8, 32, 64, 96, 128, 160, 192, 224, 255)
_UNSEEN = 1  # 8-bit levels by which profiles of the same space differ through rounding


def show_in_srgb(work: Work) -> None:
    """Turn the frame upright and convert it to sRGB."""
    raster, orientation, icc = work.raster, work.header.orientation, work.header.icc
    if raster.mode != I420:
        work.raster = to_srgb(upright(raster, orientation), icc)
    elif icc is not None or orientation != 1:
        work.raster = to_planes(to_srgb(upright(to_rgb(raster), orientation), icc))


def to_srgb(raster: Raster, icc: bytes | None) -> Raster:
    """Return the raster in sRGB as L, RGB or RGBA, by its ICC profile if it has a sound one.

    Perceptual intent. A profile that is damaged or of another colour space counts as none. CMYK
    without a profile is multiplied out, as browsers do.
    """
    transform = None
    if icc is not None and icc[16:20] == _SPACES[raster.mode.removesuffix("A")]:
        transform = _transform(icc, raster.mode.removesuffix("A"))
    if transform is not None:
        return _converted(raster, transform)
    if raster.mode == "CMYK":
        image = ImageChops.invert(to_pillow(raster)).convert("RGB")
        return Raster("RGB", raster.width, raster.height, image.tobytes())
    return raster


def _converted(raster: Raster, transform: ImageCms.ImageCmsTransform) -> Raster:
    image = to_pillow(raster)
    if raster.mode == "CMYK":
        image = ImageChops.invert(image)
    converted = transform.apply(image.convert("RGB") if raster.mode == "RGBA" else image)
    if raster.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return Raster(converted.mode, raster.width, raster.height, converted.tobytes())


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        transform = ImageCms.ImageCmsTransform(
            source, _srgb(), mode, "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError):
        return None  # the picture can be seen without the profile
    if mode == "RGB" and _changes_nothing(transform):
        return None  # sRGB itself, under one of its many profiles
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    lattice = bytes(level for colour in product(_LEVELS, repeat=3) for level in colour)
    image = Image.frombytes("RGB", (len(lattice) // 3, 1), lattice)
    pairs = zip(lattice, transform.apply(image).tobytes(), strict=True)
    return all(abs(before - after) <= _UNSEEN for before, after in pairs)
