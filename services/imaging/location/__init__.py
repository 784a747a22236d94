"""Where a picture was taken, taken out of its file without touching the picture's own data.

Of each container only what is known to say no place stays, in the bytes that it has: EXIF without its
GPS directory, makers' notes and thumbnail; XMP that names no place; colour profiles. Whatever else
might carry a place, such as the film of a motion photo, makes this raise.
"""

from collections.abc import Callable

from services.imaging.location import gif, heif, jpeg, png, webp
from services.imaging.location.error import StillLocatedError

__all__ = ["StillLocatedError", "without_location"]

_REMOVERS: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": jpeg.without_location,
    "png": png.without_location,
    "webp": webp.without_location,
    "gif": gif.without_location,
    "avif": heif.without_location,
    "heic": heif.without_location,
}


def without_location(data: bytes, format_: str) -> bytes:
    """Return the file without its location; `format_` is one of picture.SOURCE_FORMATS.

    Raises StillLocatedError, whose message says what it met, where that cannot be done without loss.
    """
    try:
        return _REMOVERS[format_](data)
    except StillLocatedError:
        raise
    except Exception as error:  # whatever the bytes provoke: the photo itself is fine
        msg = f"{format_} of an unexpected form: {error}"
        raise StillLocatedError(msg) from error
