"""Photos as their index entries have them, for tests that need no picture."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.core import keys
from services.core.photo import Photo, stored_variants
from services.core.variants import FORMATS, Fit, plan
from services.store import Store


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


def publish(store: Store, count: int) -> list[str]:
    """Write index entries of successive milliseconds and return their ids, newest first."""
    start = datetime(2026, 11, 24, tzinfo=UTC)
    ids = [keys.new_photo_id(start + timedelta(milliseconds=n)) for n in range(count)]
    for photo_id in ids:
        entry = stored_photo(photo_id)
        store.gallery.put_json(entry.key(), {"delete_sha256": ""})
    return ids[::-1]
