"""XMP: a packet that names no place stays; any other becomes spaces of the same length."""

import re

from services.imaging.location.error import StillLocatedError
from services.imaging.location.text import PLACE

# Says how bright the second picture of a high dynamic range one is: without it that is lost.
_GAIN_MAP = re.compile(rb"hdrgm|hdr-gain-map", re.IGNORECASE)


def without_location(packet: bytes) -> bytes:
    """Return a packet of the same length that names no place."""
    if b"\0" not in packet and not PLACE.search(packet):  # no zero: it is UTF-8
        return packet
    if _GAIN_MAP.search(packet):
        raise StillLocatedError("one XMP packet has both a place and a gain map")
    return b" " * len(packet)
