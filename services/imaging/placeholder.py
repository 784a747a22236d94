"""What stands for a picture until it is loaded: its ThumbHash."""

from functools import cache
from itertools import pairwise
from math import cos, pi

from PIL import Image

from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import Raster
from services.imaging.work import Work

# A ThumbHash has 7 × 7 cosine terms at most: more pixels than this a side change nothing in it.
_SIDE = 18


def make_placeholder(work: Work) -> None:
    """Make the ThumbHash of the smallest variant."""
    work.thumbhash = thumbhash(work.smallest)


def thumbhash(raster: Raster) -> bytes:
    """Return the picture's ThumbHash, 5 to 25 bytes.

    Source: Evan Wallace's thumbhash.js. The packages for Python fail on transparency.
    """
    image = _small(raster)
    width, height = image.size
    red, green, blue, alpha = (
        [value / 255 for value in image.getchannel(band).tobytes()] for band in "RGBA"
    )
    visible = sum(alpha)
    has_alpha = visible < width * height
    if has_alpha:
        # Transparent pixels take the mean colour of the visible ones.
        red, green, blue = (_over_mean(channel, alpha, visible) for channel in (red, green, blue))
    colours = list(zip(red, green, blue, strict=True))
    lightness = [(r + g + b) / 3 for r, g, b in colours]
    yellow_blue = [(r + g) / 2 - b for r, g, b in colours]
    red_green = [r - g for r, g, b in colours]
    most = 5 if has_alpha else 7
    terms = [max(1, round(most * side / max(width, height))) for side in (width, height)]
    size = width, height
    l_dc, l_ac, l_scale = _cosines(lightness, size, max(3, terms[0]), max(3, terms[1]))
    p_dc, p_ac, p_scale = _cosines(yellow_blue, size, 3, 3)
    q_dc, q_ac, q_scale = _cosines(red_green, size, 3, 3)
    landscape = width > height
    head = (
        round(63 * l_dc)
        | round(31.5 + 31.5 * p_dc) << 6
        | round(31.5 + 31.5 * q_dc) << 12
        | round(31 * l_scale) << 18
        | has_alpha << 23
    )
    tail = (
        terms[landscape] | round(63 * p_scale) << 3 | round(63 * q_scale) << 9 | landscape << 15
    )  # fmt: skip
    hash_ = head.to_bytes(3, "little") + tail.to_bytes(2, "little")
    nibbles = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_ac, a_scale = _cosines(alpha, size, 5, 5)
        hash_ += bytes([round(15 * a_dc) | round(15 * a_scale) << 4])
        nibbles += a_ac
    nibbles.append(0)  # fills the last byte where their number is odd
    return hash_ + bytes(low | high << 4 for low, high in list(pairwise(nibbles))[::2])


def _small(raster: Raster) -> Image.Image:
    image = to_pillow(raster).convert("RGBA")
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    return image


def _over_mean(channel: list[float], alpha: list[float], visible: float) -> list[float]:
    pairs = list(zip(channel, alpha, strict=True))
    mean = sum(value * opacity for value, opacity in pairs) / visible if visible else 0.0
    return [mean * (1 - opacity) + value * opacity for value, opacity in pairs]


def _cosines(
    channel: list[float], size: tuple[int, int], across: int, down: int
) -> tuple[float, list[int], float]:
    """Return the mean, the other cosine terms of a triangle as 4-bit numbers, and their scale."""
    width, height = size
    rows = [channel[row * width : (row + 1) * width] for row in range(height)]
    columns = [_wave(width, term) for term in range(across)]
    sums = [
        [sum(map(float.__mul__, row, wave)) for row in rows] for wave in columns
    ]  # term → row → sum
    values = []
    for vertical in range(down):
        wave = _wave(height, vertical)
        horizontal = 0
        while horizontal * down < across * (down - vertical):
            total = sum(map(float.__mul__, sums[horizontal], wave))
            values.append(total / (width * height))
            horizontal += 1
    mean, *rest = values
    scale = max(map(abs, rest), default=0.0)
    return mean, [round(15 * (0.5 + 0.5 * value / scale)) if scale else 0 for value in rest], scale


@cache
def _wave(length: int, term: int) -> tuple[float, ...]:
    return tuple(cos(pi / length * term * (at + 0.5)) for at in range(length))
