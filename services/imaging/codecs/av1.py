"""AV1: what the sequence header says of its frames before a decoder takes memory for them.

Source: AV1 bitstream specification, 5.3 (OBU headers), 5.5 (sequence header), 4.10 (uvlc, leb128).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.imaging.codecs.bits import Bits

_SEQUENCE_HEADER = 1
_LONGEST = 1024  # bytes of one; 32 operating points with a decoder model take some 300


@dataclass(frozen=True, slots=True)
class SequenceHeader:
    """The largest frame, and H.273's numbers of primaries and transfer where they are there."""

    width: int
    height: int
    colours: tuple[int, int] | None


def sequence_headers(data: bytes) -> Iterator[SequenceHeader]:
    """Yield each sequence header in a picture's OBUs; raises ValueError for one that is cut off."""
    at = 0
    while at < len(data):
        head = data[at]
        kind, extended, sized = head >> 3 & 15, head >> 2 & 1, head >> 1 & 1
        at += 1 + extended
        length = len(data) - at
        if sized:
            length = shift = 0
            more = True
            while more and at < len(data) and shift < 56:
                length |= (data[at] & 127) << shift
                more, at, shift = data[at] > 127, at + 1, shift + 7
        if kind == _SEQUENCE_HEADER:
            yield _read(Bits(data[at : at + min(length, _LONGEST)]))
        at += length


def _read(bits: Bits) -> SequenceHeader:
    profile, _still, reduced = bits.take(3), bits.flag(), bits.flag()
    if reduced:
        bits.take(5)  # level
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
    if not reduced and bits.flag():  # frame ids
        bits.take(4 + 3)
    bits.take(3)  # superblocks, intra filter and edge
    if not reduced:
        _skip_tools(bits)
    bits.take(3)  # superres, CDEF, restoration
    deep = bits.flag()
    if profile == 2 and deep:
        bits.take(1)
    if profile != 1:
        bits.take(1)  # monochrome
    colours = (bits.take(8), bits.take(8)) if bits.flag() else None
    return SequenceHeader(width, height, colours)


def _skip_operating_points(bits: Bits) -> None:
    delay = 0
    if bits.flag():  # timing
        bits.take(32 + 32)
        if bits.flag():  # pictures at equal distances
            bits.exp_golomb()
        if bits.flag():  # decoder model
            delay = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    display_delay = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay and bits.flag():
            bits.take(2 * delay + 1)
        if display_delay and bits.flag():
            bits.take(4)


def _skip_tools(bits: Bits) -> None:
    bits.take(4)  # inter-intra, masked, warped motion, dual filter
    ordered = bits.flag()
    if ordered:
        bits.take(2)
    screen = 2 if bits.flag() else bits.take(1)
    if screen and not bits.flag():
        bits.take(1)
    if ordered:
        bits.take(3)
