"""Conversion to sRGB, by LittleCMS where there is a profile."""

import io
from functools import cache, lru_cache
from itertools import product

from PIL import (
    Image,
    ImageChops,
    ImageCms,
    _imagingcms,  # noqa: F401 - ImageCms would miss it at the first profile only
)

from services.imaging.codecs.icc import GREY
from services.imaging.codecs.pixels import to_pillow, to_raster
from services.imaging.codecs.turbojpeg import to_planes, to_rgb
from services.imaging.convert import converted
from services.imaging.picture import I420, Header, Raster
from services.imaging.upright import upright
from services.imaging.work import Work

_LEVELS = (0, 8, 32, 64, 96, 128, 160, 192, 224, 255)
_UNSEEN = 1  # 8-bit levels by which profiles of the same space differ through rounding


def show_in_srgb(work: Work) -> None:
    """Turn the frame upright and convert it to sRGB."""
    raster, header = work.raster, work.header
    if raster.mode != I420:
        work.raster = to_srgb(upright(raster, header.orientation), header)
    elif header.orientation != 1 or _is_to_be_converted(header):
        work.raster = to_planes(to_srgb(upright(to_rgb(raster), header.orientation), header))


def _is_to_be_converted(header: Header) -> bool:
    # Most photographs say that they are sRGB, and stay the planes that they are.
    if header.icc is not None:
        return _transform(header.icc, "RGB") is not None
    return header.space is not None and not header.space.is_srgb


def to_srgb(raster: Raster, header: Header) -> Raster:
    """Return the raster in sRGB as L, RGB or RGBA, by what its file says of its colours.

    Perceptual intent. A profile that is damaged counts as none. CMYK without a profile is
    multiplied out, as browsers do.
    """
    if header.icc is not None:
        return _by_profile(raster, header.icc)
    if raster.mode == "CMYK":
        return to_raster(_inks(raster).convert("RGB"))
    if header.space is None or header.space.is_srgb:
        return raster
    image = to_pillow(raster)
    if raster.mode != "RGBA":
        return to_raster(converted(image, header.space))
    shown = converted(image.convert("RGB"), header.space)
    shown.putalpha(image.getchannel("A"))
    return to_raster(shown)


def _by_profile(raster: Raster, icc: bytes) -> Raster:
    image = _inks(raster) if raster.mode == "CMYK" else to_pillow(raster)
    # Grey may have become RGBA for its transparency's sake, and may have a profile for colours.
    mode = "L" if icc[16:20] == GREY else image.mode.replace("RGBA", "RGB").replace("L", "RGB")
    transform = _transform(icc, mode)
    if transform is None:
        return raster if raster.mode != "CMYK" else to_raster(image.convert("RGB"))
    source = image.getchannel(0) if mode == "L" else image.convert(mode)
    shown = transform.apply(source)
    if raster.mode == "RGBA":
        shown.putalpha(image.getchannel("A"))
    return to_raster(shown)


def _inks(raster: Raster) -> Image.Image:
    return ImageChops.invert(to_pillow(raster))


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(4)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        transform = ImageCms.ImageCmsTransform(
            source, _srgb(), mode, "RGB", ImageCms.Intent.PERCEPTUAL
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # the picture can be seen without the profile
    if mode == "RGB" and _changes_nothing(transform):
        return None  # sRGB itself, under one of its many profiles
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    lattice = bytes(level for colour in product(_LEVELS, repeat=3) for level in colour)
    image = Image.frombytes("RGB", (len(lattice) // 3, 1), lattice)
    pairs = zip(lattice, transform.apply(image).tobytes(), strict=True)
    return all(abs(before - after) <= _UNSEEN for before, after in pairs)
