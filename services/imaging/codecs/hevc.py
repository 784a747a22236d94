"""HEVC: what can be told of damage in coded slices, over which libde265 paints without a word.

A slice is arithmetically coded and has no check, so other bytes are another picture: changed bytes
are not to be told, missing and zeroed ones are. Source: ITU-T H.265, 7.3.1.1 and 7.4.2 (NAL units),
ISO/IEC 14496-15, 8.3.3 (hvcC).
"""

import re

from services.core.reasons import Reason
from services.core.rejected import Rejected

_LARGEST_SLICE_TYPE = 31
# Encoders put a 3 after two zeros that one of these would follow, so that no slice contains them.
_NEVER_IN_A_NAL_UNIT = re.compile(rb"\0\0[\0-\2]")


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
