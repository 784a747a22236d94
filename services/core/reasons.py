"""Why an upload cannot become a photo: stable codes, each with one plain sentence."""

from enum import StrEnum

from services.core.settings import Limits
from services.core.variants import ACCEPTED_TYPES


class Reason(StrEnum):
    """A permanent refusal; the value is what APIs, logs and metrics carry."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_MANY_PIXELS = "too_many_pixels"
    SIDE_TOO_LONG = "side_too_long"
    TOO_MANY_FRAMES = "too_many_frames"
    TOO_MUCH_MEMORY = "too_much_memory"
    TIMEOUT = "timeout"
    GIVEN_UP = "given_up"
    ARCHIVED = "archived"
    ALREADY_PUBLISHED = "already_published"
    PAUSED = "paused"
    DAY_IS_FULL = "day_is_full"
    GALLERY_IS_FULL = "gallery_is_full"
    ALBUM_GONE = "album_gone"
    DUPLICATE = "duplicate"
    NOT_APPROVED = "not_approved"


# English; the page's translations carry a sentence for each code too. The placeholders are the
# keys of `limits_in_words`.
ENGLISH = {
    Reason.EMPTY: "The file is empty.",
    Reason.TOO_LARGE: "The file is larger than {max_upload}.",
    Reason.UNSUPPORTED_FORMAT: "This is not a picture we can read; please use {formats}.",
    Reason.TRUNCATED: "The file is incomplete; please upload it again.",
    Reason.CORRUPT: "The file is damaged and cannot be read.",
    Reason.TOO_MANY_PIXELS: "The picture has more than {max_pixels}.",
    Reason.SIDE_TOO_LONG: "The picture is longer than {max_side} on one side.",
    Reason.TOO_MANY_FRAMES: "The animation has more than {max_frames} frames or is too large.",
    Reason.TOO_MUCH_MEMORY: "The picture takes more memory to read than there is; a smaller one will do.",
    Reason.TIMEOUT: "The picture took too long to read.",
    Reason.GIVEN_UP: "The picture could not be read, though it was tried several times.",
    Reason.ARCHIVED: "The file lies in an archive, from where it cannot be read.",
    Reason.ALREADY_PUBLISHED: "This upload was already published and cannot be replaced.",
    Reason.PAUSED: "The gallery takes no pictures at the moment; please try again later.",
    Reason.DAY_IS_FULL: "The gallery has taken all the pictures that it takes in a day; please come back tomorrow.",
    Reason.GALLERY_IS_FULL: "The gallery is full; its owner can make room.",
    Reason.ALBUM_GONE: "The album was deleted before the picture arrived.",
    Reason.DUPLICATE: "The album has this very picture already.",
    Reason.NOT_APPROVED: "The album's owner did not publish it.",
}


def limits_in_words(limits: Limits) -> dict[str, str]:
    """Return what the sentences' placeholders stand for, in words."""
    names = [name for name, _ in ACCEPTED_TYPES.values() if name != "HEIF"]
    return {
        "max_upload": f"{limits.max_upload_bytes / 1_000_000:g} MB",
        "max_pixels": f"{limits.max_pixels / 1_000_000:g} megapixels",
        "max_side": f"{limits.max_side} pixels",
        "max_frames": str(limits.max_frames),
        "formats": ", ".join(names[:-1]) + " or " + names[-1],
    }


def sentence(reason: Reason, limits: Limits) -> str:
    """Return the sentence that tells a person why, in English."""
    return ENGLISH[reason].format(**limits_in_words(limits))
