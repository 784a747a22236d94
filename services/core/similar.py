"""Photos that look alike, by the thumbhashes that their entries have. Pure.

Source of the layout: thumbhash by Evan Wallace, `thumbHashToRGBA`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from services.core.photo import Photo

MOST_APART = 12
"""Of the distance of `_signature`s. A picture made smaller, brighter, warmer or cropped a little is at most
11 from what it was, two different ones seldom less than 20 (tests/resize/test_similar.py)."""

_LEVELS = 64


def groups_of(photos: Sequence[Photo]) -> list[list[Photo]]:
    """Return the photos that look like another one, in groups, each in the order given.

    Who looks like one of a group is of it. Compares each with each of the same shape: of 1,000 that
    takes some tenths of a second.
    """
    by_shape: defaultdict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for number, photo in enumerate(photos):
        if found := _signature(photo.thumbhash):
            shape, bits = found
            by_shape[shape].append((number, bits))
    leader = list(range(len(photos)))

    def led_by(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    for alike in by_shape.values():
        for (one, bits), (other, more) in combinations(alike, 2):
            if (bits ^ more).bit_count() <= MOST_APART:
                first, second = sorted((led_by(one), led_by(other)))
                leader[second] = first
    groups: defaultdict[int, list[Photo]] = defaultdict(list)
    for number, photo in enumerate(photos):
        groups[led_by(number)].append(photo)
    return [group for group in groups.values() if len(group) > 1]


def _signature(thumbhash: bytes) -> tuple[tuple[int, ...], int] | None:
    """Return shape and a number: how many bits two numbers of a shape differ in is their distance.

    Each coefficient is as many ones as its level says, so that differing bits add up to the sum of
    the differences (a thermometer code). None for what is no thumbhash.
    """
    if len(thumbhash) < 5:
        return None
    head = int.from_bytes(thumbhash[:3], "little")
    rest = int.from_bytes(thumbhash[3:5], "little")
    has_alpha, landscape, count = head >> 23, rest >> 15, rest & 7
    full = 5 if has_alpha else 7
    wide, high = (full, max(3, count)) if landscape else (max(3, count), full)
    scales = (head >> 18 & 31) / 31, (rest >> 3 & 63) / 63, (rest >> 9 & 63) / 63
    averages = (head & 63) / 63, (head >> 6 & 63) / 63, (head >> 12 & 63) / 63
    # Averages weigh twice; the light's waves as they are, the two colours' likewise.
    levels = [round(average * _LEVELS) for average in averages for _ in range(2)]
    nibbles = _nibbles(thumbhash[6 if has_alpha else 5 :])
    for scale, waves in zip(scales, (_waves(wide, high), _waves(3, 3), _waves(3, 3)), strict=True):
        for _ in range(waves):
            value = (next(nibbles, 7.5) / 7.5 - 1) * scale
            levels.append(round((value + 1) / 2 * _LEVELS))
    bits = 0
    for level in levels:
        bits = bits << _LEVELS | (1 << level) - 1
    return (has_alpha, wide, high), bits


def _nibbles(data: bytes) -> Iterator[float]:
    for byte in data:
        yield byte & 15
        yield byte >> 4


def _waves(wide: int, high: int) -> int:
    """Return how many coefficients a channel has beside its average."""
    return sum(
        1 for y in range(high) for x in range(0 if y else 1, wide) if x * high < wide * (high - y)
    )
