"""Resizing by ImageMagick, to the best fit in a box."""

from typing import Any

from services.core.variants import Fit, best_fit
from services.imaging.magick import from_wand, resize, to_wand
from services.imaging.picture import I420, Frame, Raster, plane_sizes
from services.imaging.planes import joined, of_size, split
from services.imaging.work import Work

MITCHELL = "mitchell"
LANCZOS2 = "lanczos2"
LANCZOS3 = "lanczos"  # sharper by 0.008 SSIM at 1600 pixels, for the same time

_SLIP, _TRIES = 1 / 32, 32  # of a pixel of the result; so many of its pixels more are tried


def shrink_to_largest(work: Work) -> None:
    """Resize what was decoded to the largest variant's size, still as the file stores it."""
    shrinking = _shrinking(work, work.fits[-1])
    work.raster = resized(work.raster, *work.stored_fit, shrinking, work.extent)


def shrink_to_each(work: Work) -> None:
    """Add the frame in each size, each made from the next larger one."""
    for fit in reversed(work.fits):
        work.raster = resized(work.raster, fit.width, fit.height, _shrinking(work, fit))
        work.frames[fit].append(Frame(work.raster, work.duration))


def _shrinking(work: Work, fit: Fit) -> str:
    # The smallest variant is the tutorial's to the letter; larger ones are made for sharpness.
    return LANCZOS2 if fit == work.fits[0] else LANCZOS3


def resize_image(
    image: Any, width: int, height: int, *, exact: bool = False, shrinking: str = LANCZOS2
) -> Any:
    """Resize a wand Image in place to the best fit in a box of `width` × `height`; return it.

    Pixels in. The ratio is kept, sides are rounded and never 0. Enlarging uses Mitchell, shrinking
    Lanczos2 or another filter of wand.image.FILTER_TYPES, and a picture that fits exactly is left
    alone: the rules of the original tutorial. `exact` fills the box, which then is the best fit of
    the whole picture: the sides of a scaled decode, or of one of its planes, are rounded already.
    """
    fit = (width, height) if exact else best_fit(image.width, image.height, width, height)
    if image.size != fit:
        enlarges = (image.width - fit[0]) + (image.height - fit[1]) < 0
        resize(image, *fit, MITCHELL if enlarges else shrinking)
    return image


def resized(
    raster: Raster,
    width: int,
    height: int,
    shrinking: str = LANCZOS2,
    extent: tuple[float, float] | None = None,
) -> Raster:
    """Return the raster at exactly `width` × `height` pixels, by `resize_image`.

    Of an I420 raster only the luma is `shrinking` by a filter of choice: of chroma nobody sees more
    than Lanczos2 keeps. `extent` is a Frame's.
    """
    if (raster.width, raster.height) == (width, height):
        return raster
    across, down = extent or (raster.width, raster.height)
    if raster.mode == I420:
        luma, *chroma = split(raster)
        _, halves, _ = plane_sizes(width, height)
        planes = [resized(luma, width, height, shrinking, extent)]
        part = (across / width * halves[0], down / height * halves[1])
        return joined([*planes, *(resized(plane, *halves, LANCZOS2, part) for plane in chroma)])
    columns, rows = _whole(across, width), _whole(down, height)
    with to_wand(of_size(raster, columns[0], rows[0])) as image:
        resize_image(image, columns[1], rows[1], exact=True, shrinking=shrinking)
        return from_wand(image, raster.mode, (width, height))


def _whole(extent: float, pixels: int) -> tuple[int, int]:
    """Return whole numbers of pixels, before and after, in the ratio of `extent` to `pixels`.

    ImageMagick maps whole pixels to whole pixels. A few more than there are, repeated at the end and
    cut off again, keep all others in their place: a fifth of a pixel costs .002 SSIM.
    """
    ratio = extent / pixels
    after = min(
        range(pixels, pixels + _TRIES),
        key=lambda number: max(abs(round(ratio * number) - ratio * number), _SLIP * ratio),
    )
    return round(ratio * after), after
