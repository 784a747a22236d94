"""GIF: has no EXIF; one with XMP is not taken apart."""

from services.imaging.location.error import StillLocatedError


def without_location(data: bytes) -> bytes:
    """Return the file as it is, unless it has XMP."""
    if b"XMP DataXMP" in data:
        raise StillLocatedError("a GIF with XMP")
    return data
