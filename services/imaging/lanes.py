"""Resizing grey planes by ImageMagick, several at once where that costs no more than one.

ImageMagick 6 computes four channels whatever a picture has. So four planes of one size, or two
planes in two bands each, or one in four, ride as the channels of one image, and each sample of the
result is the one that the plane alone would have got, or nearly: see `bands`. ImageMagick 7 pays by the channel and gets
the planes one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil

from PIL import Image

from services.imaging import magick
from services.imaging.codecs.pixels import to_pillow, to_raster
from services.imaging.picture import LANES, Raster
from services.imaging.resize import REACH, filter_for, resized, scaled

_LANES = 4
_UNSEEN = 1 / 64  # pixels: less than a level but at the sharpest edges
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Band:
    """A part of a side that is resized apart: `before` the resizing, `after`, and what to keep.

    Each is a half-open range in pixels of the whole side.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    keep: tuple[int, int]


@lru_cache(256)
def bands(before: int, after: int, count: int, reach: float, slip: float) -> tuple[Band, ...]:
    """Return bands of one length that together make a side of `before` pixels one of `after`.

    They begin and end where a pixel's edge falls on a pixel's edge on both sides, or no farther
    from one than `slip` pixels of the original, so the filter finds each pixel where it stands in
    the whole. They reach over what they keep by as much as the filter does, `reach` pixels of the
    smaller side. One band is all there is where the sides have no such places, or too few.
    """
    ratio = before / after
    margin = ceil((reach * max(ratio, 1) + 1) / ratio)

    def fits(place: int) -> bool:
        return abs(place * ratio - round(place * ratio)) <= slip + _ROUNDING

    shortest = -(-(after + 2 * margin * (count - 1)) // count)
    for length in range(shortest, after):
        if not fits(length):
            continue
        made: list[Band] = []
        kept = 0
        for number in range(count):
            latest = min(max(kept - margin, 0), after - length)
            start = latest if number == count - 1 else _at_or_before(latest, fits)
            end = after if number == count - 1 else max(kept, start + length - margin)
            first, size = round(start * ratio), round(length * ratio)
            made.append(Band((first, first + size), (start, start + length), (kept, end)))
            kept = end
        if made[-1].after[1] == after:
            return tuple(made)
    return (Band((0, before), (0, after), (0, after)),)


def _at_or_before(latest: int, fits: Callable[[int], bool]) -> int:
    return next(place for place in range(latest, -1, -1) if fits(place))


def resized_planes_together(
    planes: Sequence[Raster], width: int, height: int, shrinking: str
) -> list[Raster]:
    """Return up to four planes (L) of one size at exactly `width` × `height` pixels."""
    first = planes[0]
    if magick.PAID_BY_CHANNEL or (first.width, first.height) == (width, height):
        return [resized(plane, width, height, shrinking) for plane in planes]
    count = _LANES // len(planes)
    filter_ = filter_for(first.width, first.height, width, height, shrinking)
    chosen, by_rows = _shortest(first, width, height, count, REACH[filter_])

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


def _shortest(
    plane: Raster, width: int, height: int, count: int, reach: float
) -> tuple[tuple[Band, ...], bool]:
    """Return the bands that repeat least, and whether they are of rows, not of columns."""
    for slip in (0.0, _UNSEEN):
        rows = bands(plane.height, height, count, reach, slip)
        columns = bands(plane.width, width, count, reach, slip)
        if len(rows) > 1 or len(columns) > 1:
            break
    by_rows = rows[0].after[1] / height <= columns[0].after[1] / width
    return (rows if by_rows else columns), by_rows


def _resized_lanes(
    pieces: list[Image.Image], size: tuple[int, int], filter_: str
) -> tuple[Image.Image, ...]:
    lanes = Image.merge("RGBA", pieces + pieces[:1] * (_LANES - len(pieces)))
    raster = Raster(LANES, lanes.width, lanes.height, lanes.tobytes())
    return to_pillow(replace(scaled(raster, *size, filter_), mode="RGBA")).split()
