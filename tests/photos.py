"""Photos as their index entries have them, for tests that need no picture."""

from collections.abc import Iterable
from typing import Any

from services.core.photo import Photo, stored_variants
from services.core.variants import FORMATS, Fit, plan


def stored_photo(
    photo_id: str,
    *,
    album: str = "main",
    size: tuple[int, int] = (40, 30),
    boxes: Iterable[int] = (400,),
    formats: Iterable[str] = ("webp",),
    **changed: Any,
) -> Photo:
    """Return a photo of `size` pixels that is stored in these boxes and formats."""
    fits: tuple[Fit, ...] = plan(*size, tuple(boxes))
    kinds = [FORMATS[name] for name in formats]
    variants = stored_variants(album, photo_id, [(fit, kinds) for fit in fits], private=False)
    fields = {"thumbhash": b"hash", "name": "a.jpg"} | changed
    return Photo(album, photo_id, *size, variants=variants, **fields)
