"""Which variants a picture gets: formats, content types and best-fit sizes. Pure."""

from dataclasses import dataclass
from math import isqrt


@dataclass(frozen=True, slots=True, eq=False)  # each is one object, compared as such
class Format:
    """A format that variants are stored in."""

    name: str
    extension: str
    content_type: str
    letter: str  # stands for the format in an index entry's key


FORMATS = {
    "webp": Format("webp", "webp", "image/webp", "w"),
    "jpeg": Format("jpeg", "jpg", "image/jpeg", "j"),
    "png": Format("png", "png", "image/png", "p"),
}
FORMAT_BY_LETTER = {format_.letter: format_ for format_ in FORMATS.values()}

# What may be uploaded: declared content type → name of the format in words and extensions.
# The declaration only spares a person a useless upload; the resize function decides by content.
ACCEPTED_TYPES = {
    "image/jpeg": ("JPEG", (".jpg", ".jpeg", ".jfif")),
    "image/png": ("PNG", (".png",)),
    "image/gif": ("GIF", (".gif",)),
    "image/webp": ("WebP", (".webp",)),
    "image/avif": ("AVIF", (".avif",)),
    "image/heic": ("HEIC", (".heic",)),
    "image/heif": ("HEIF", (".heif",)),
}


# Of a format that was read → the extension under which an original is kept.
ORIGINAL_EXTENSIONS = {
    type_.removeprefix("image/"): ends[0].removeprefix(".")
    for type_, (_, ends) in ACCEPTED_TYPES.items()
}


def original_type(extension: str) -> str:
    """Return the content type of an original by its extension."""
    return next(type_ for type_, (_, ends) in ACCEPTED_TYPES.items() if f".{extension}" in ends)


@dataclass(frozen=True, slots=True)
class Fit:
    """A picture of `width` × `height` pixels made to fit the box of `size` × `size`."""

    size: int
    width: int
    height: int


def best_fit(width: int, height: int, box_width: int, box_height: int) -> tuple[int, int]:
    """Return the size of a `width` × `height` picture that just fits the box, ratio kept.

    Pixels in and out. Enlarges too. Rounds half to even as Python does, and never to 0.
    """
    ratio = width / height
    if ratio > box_width / box_height:
        return box_width, max(1, round(box_width / ratio))
    return max(1, round(box_height * ratio)), box_height


def plan(width: int, height: int, sizes: tuple[int, ...], frames: int = 1) -> tuple[Fit, ...]:
    """Return the sizes to make of a picture of `width` × `height` pixels, smallest first.

    `sizes` are the sides of square boxes, ascending. Only the first may enlarge. The first box
    that the picture does not fill gets it at its own size, so that nothing between two boxes is
    thrown away; still larger boxes get nothing. For panoramas and tall pictures all boxes but the
    first are longer than they are wide: see `_long_side`. A long animation is enlarged less: to no
    more than MOST_ENLARGED pixels over all its frames.
    """
    fits: list[Fit] = []
    for size in sizes:
        box = _long_side(width, height, size) if fits else size
        if fits and max(width, height) <= box:
            if max(fits[-1].width, fits[-1].height) < max(width, height):
                fits.append(Fit(size, width, height))
            break
        if not fits and frames > 1:
            box = min(box, max(width, height, isqrt(MOST_ENLARGED // frames)))
        fits.append(Fit(size, *best_fit(width, height, box, box)))
    return tuple(fits)


MOST_ENLARGED = 10_000_000  # 62 frames of 400 × 400: a few bytes must not make much work
MOST_STRETCHED = 4  # times a box's side that a long picture's long side may be
MAX_WEBP_SIDE = 16_383  # the format's own limit


def _long_side(width: int, height: int, size: int) -> int:
    """Return how long the long side may be in the box of `size` × `size`.

    From a ratio of 2:1 on the short side keeps half the box, up to a ratio of 8:1: an 8:1 panorama
    in the box of 1600 has 6400 × 800 pixels, where 1600 × 200 would be a strip of its sky.
    """
    ratio = max(width, height) / min(width, height)
    return min(round(size * min(max(ratio / 2, 1), MOST_STRETCHED)), max(size, MAX_WEBP_SIDE))


def formats_for(names: tuple[str, ...], *, has_alpha: bool) -> tuple[Format, ...]:
    """Return the formats to store; transparency turns JPEG, which has none, into PNG."""
    return tuple(
        FORMATS["png"] if name == "jpeg" and has_alpha else FORMATS[name] for name in names
    )
