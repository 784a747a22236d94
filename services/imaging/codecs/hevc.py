"""HEVC: how large a picture is, and what can be told of damage in coded slices.

libde265 paints over damage without a word.

A slice is arithmetically coded and has no check, so other bytes are another picture: changed bytes
are not to be told, missing and zeroed ones are. Source: ITU-T H.265, 7.3.1.1 and 7.4.2 (NAL units),
7.3.2.2 (sequence parameter set), ISO/IEC 14496-15, 8.3.3 (hvcC).
"""

import re
from collections.abc import Iterator

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.bits import Bits

_SEQUENCE_PARAMETERS = 33
_LONGEST = 256  # bytes of them; the size stands in the first 120
_LARGEST_SLICE_TYPE = 31
# Encoders put a 3 after two zeros that one of these would follow, so that no slice contains them.
_NEVER_IN_A_NAL_UNIT = re.compile(rb"\0\0[\0-\2]")


def sizes(hvcc: memoryview) -> Iterator[tuple[int, int]]:
    """Yield the width and height that each sequence parameter set says; ValueError if cut off."""
    at = 23
    for _ in range(hvcc[22]):
        kind, count = hvcc[at] & 63, int.from_bytes(hvcc[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            end = at + 2 + int.from_bytes(hvcc[at : at + 2])
            if kind == _SEQUENCE_PARAMETERS:
                unit = bytes(hvcc[at + 4 : min(end, at + _LONGEST)])
                yield _size(Bits(unit.replace(b"\0\0\3", b"\0\0")))
            at = end


def _size(bits: Bits) -> tuple[int, int]:
    bits.take(4)
    layers = bits.take(3)  # of time, beside the first
    bits.take(1 + 88 + 8)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.exp_golomb()
    chroma = bits.exp_golomb()
    if chroma == 3:
        bits.take(1)
    width, height = bits.exp_golomb(), bits.exp_golomb()
    if bits.flag():  # what is cut off: left, right, top, bottom
        across, down = {1: (2, 2), 2: (2, 1)}.get(chroma, (1, 1))
        width -= across * (bits.exp_golomb() + bits.exp_golomb())
        height -= down * (bits.exp_golomb() + bits.exp_golomb())
    return width, height


def check_slices(coded: bytes, hvcc: memoryview) -> None:
    """Raise Rejected for a picture without slices, or with one that is cut off or zeroed."""
    length_size = (hvcc[21] & 3) + 1
    at, slices = 0, 0
    while at + length_size < len(coded):
        start = at + length_size
        at = start + int.from_bytes(coded[at:start])
        if at > len(coded):
            raise Rejected(Reason.CORRUPT, "an HEVC slice ends too late")
        if at > start and coded[start] >> 1 & 63 <= _LARGEST_SLICE_TYPE:
            slices += 1
            if _NEVER_IN_A_NAL_UNIT.search(coded, start, at):
                raise Rejected(Reason.CORRUPT, "zeros in an HEVC slice")
    if not slices:
        raise Rejected(Reason.CORRUPT, "no HEVC slice")
