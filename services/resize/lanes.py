"""Resizing grey planes by ImageMagick, several at once where that costs no more than one.

ImageMagick 6 computes four channels whatever a picture has. So four planes of one size, or two
planes in two bands each, or one in four, ride as the channels of one image, and each sample of the
result is the one that the plane alone would have got. ImageMagick 7 pays by the channel and gets
the planes one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, gcd

from PIL import Image

from services.resize import magick
from services.resize.formats.pixels import to_pillow, to_raster
from services.resize.picture import LANES, Raster
from services.resize.resize import REACH, filter_for, resized, scaled

_LANES = 4


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a side that is resized apart: `before` the resizing, `after`, and what to keep.

    Each is a half-open range in pixels of the whole side.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    keep: tuple[int, int]


def bands(before: int, after: int, count: int, reach: float) -> list[Band]:
    """Return bands of one length that together make a side of `before` pixels one of `after`.

    They begin and end where a pixel's edge falls on a pixel's edge on both sides, so the filter
    finds each pixel where it stands in the whole, and reach over what they keep by as much as the
    filter does, `reach` pixels of the result. One band is all there is where the sides have no
    such places, or too few.
    """
    places = gcd(before, after)
    margin = ceil((reach * max(before / after, 1) + 1) * places / before)
    length = -(-(places + 2 * margin * (count - 1)) // count)
    if length >= places:
        return [Band((0, before), (0, after), (0, after))]
    made: list[Band] = []
    kept = 0
    for number in range(count):
        start = min(number * (length - 2 * margin), places - length)
        end = places if number == count - 1 else start + length - margin
        made.append(
            Band(
                _scaled_range(start, start + length, before // places),
                _scaled_range(start, start + length, after // places),
                _scaled_range(kept, end, after // places),
            )
        )
        kept = end
    return made


def resized_planes_together(
    planes: Sequence[Raster], width: int, height: int, shrinking: str
) -> list[Raster]:
    """Return up to four planes (L) of one size at exactly `width` × `height` pixels."""
    first = planes[0]
    if magick.PAID_BY_CHANNEL or (first.width, first.height) == (width, height):
        return [resized(plane, width, height, shrinking) for plane in planes]
    count = _LANES // len(planes)
    filter_ = filter_for(first.width, first.height, width, height, shrinking)
    rows = bands(first.height, height, count, REACH[filter_])
    columns = bands(first.width, width, count, REACH[filter_])
    by_rows = _share(rows, height) <= _share(columns, width)
    chosen = rows if by_rows else columns

    def box(part: tuple[int, int], across: int) -> tuple[int, int, int, int]:
        return (0, part[0], across, part[1]) if by_rows else (part[0], 0, part[1], across)

    across_before = first.width if by_rows else first.height
    across = width if by_rows else height
    pieces = [
        to_pillow(plane).crop(box(band.before, across_before))
        for plane in planes
        for band in chosen
    ]
    made = _resized_lanes(pieces, box(chosen[0].after, across)[2:], filter_)
    wholes = []
    for number in range(len(planes)):
        whole = Image.new("L", (width, height))
        for band, piece in zip(chosen, made[number * len(chosen) :], strict=False):
            start, end = (edge - band.after[0] for edge in band.keep)
            whole.paste(piece.crop(box((start, end), across)), box(band.keep, across))
        wholes.append(to_raster(whole))
    return wholes


def _share(made: list[Band], after: int) -> float:
    return (made[0].after[1] - made[0].after[0]) / after


def _scaled_range(start: int, end: int, step: int) -> tuple[int, int]:
    return start * step, end * step


def _resized_lanes(
    pieces: list[Image.Image], size: tuple[int, int], filter_: str
) -> tuple[Image.Image, ...]:
    lanes = Image.merge("RGBA", pieces + pieces[:1] * (_LANES - len(pieces)))
    raster = Raster(LANES, lanes.width, lanes.height, lanes.tobytes())
    return to_pillow(replace(scaled(raster, *size, filter_), mode="RGBA")).split()
