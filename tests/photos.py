"""Photos as their index entries have them, for tests that need no picture."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
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


def photo_ids(count: int) -> list[str]:
    """Return ids of successive seconds, newest first."""
    start = datetime(2026, 11, 24, tzinfo=UTC)
    ids = [keys.new_photo_id(start + timedelta(seconds=n)) for n in range(count)]
    return ids[::-1]


def publish(store: Store, *ids: str, **described: Any) -> list[Photo]:
    """Write the index entries of photos, as `stored_photo` describes them, and return these."""
    photos = [stored_photo(photo_id, **described) for photo_id in ids]

    def put(photo: Photo) -> None:
        content = {"id": photo.id, "delete_sha256": "", "variants": []}
        store.gallery.put_json(photo.key(), content)
        store.gallery.put_json(photo.taken_key(), {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, photos))
    return photos
