"""The step that stores a picture's variants, and finds who else does under the same id."""

from concurrent.futures import ThreadPoolExecutor

from services.core.photo import Photo
from services.imaging import Picture
from services.store import Original, Store

PUTS_AT_ONCE = 4


def put_variants(photo: Photo, original: Original, picture: Picture, store: Store) -> bool:
    """Store all variants and tell whether they stand: the first decides between uploads to a key."""

    def put(index: int) -> bool:
        made, stored = picture.variants[index], photo.variants[index]
        return store.gallery.put_variant(
            stored.key, made.data, stored.format, source=original.version
        )

    if not put(0):
        return False
    with ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
        return all(pool.map(put, range(1, len(photo.variants))))


def has_another(original: Original, photo: Photo, store: Store) -> bool:
    """Tell whether a photo is, or is about to be, made of another use of the form.

    Of several that arrive within an instant S3 may list a later one before the first: both are then
    read. The waiting are looked at before the published, as the other goes from here to there.
    """
    waiting = store.uploads.versions(original.key)
    return any(version.version != original.version for version in waiting) or bool(
        store.gallery.published_version(photo.album, photo.id)
    )
