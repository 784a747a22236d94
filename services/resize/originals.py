"""The steps that keep the original of a photo where its album wants that, and nothing else of it."""

from dataclasses import replace

from services.core.albums import Album, Originals
from services.core.photo import KeptOriginal, Photo
from services.core.variants import ORIGINAL_EXTENSIONS
from services.store import Original, Store


def keep_original(
    photo: Photo, album: Album, upload: Original, format_: str, store: Store
) -> tuple[Photo, str]:
    """Return the photo with its original kept as the album says, and otherwise why that is not.

    `format_` is the one that was read. What may still say where it was taken, where the album wants
    that away, is not kept. The reason is empty where the album keeps none.
    """
    if album.originals is Originals.NONE or upload.data is None:
        return photo, ""
    extension = ORIGINAL_EXTENSIONS[format_]
    data = upload.data
    if album.originals is Originals.UNLOCATED:
        # Here, so that no cold start waits for it.
        from services.imaging.location import StillLocatedError, without_location

        try:
            data = without_location(data, format_)
        except StillLocatedError as error:
            return photo, str(error)
    located = album.originals is Originals.UPLOADED
    kept = replace(photo, original=KeptOriginal(extension, len(data), located=located))
    # Another delivery of the event may have removed the upload; what was read of it will do.
    if not located or not store.gallery.keep_original(kept, upload, store.uploads.name):
        store.gallery.put_original(kept, data)
    return kept, ""


def without_other_originals(photo: Photo, store: Store) -> Photo:
    """Remove what was kept of a published photo while its album's setting was another.

    That is what an attempt left that was killed before it put its entry, or what another delivery
    keeps at this moment. That one looks, too, after its entry; so one of both finds two entries, and
    the one that keeps less, which is the first by key, stays. Returns the photo as that has it.
    """
    gallery = store.gallery
    kept = gallery.originals(photo.album, photo.id)
    if not kept and photo.original is None:
        return photo
    listed = gallery.entry_keys(photo.album, photo.id, pending=photo.pending)
    entries = {key: one for key in listed if (one := Photo.from_key(key))}
    same = [k for k, one in entries.items() if replace(one, original=photo.original) == photo]
    if not same:  # somebody has hidden, moved or removed it since
        return photo
    stays = entries[min(same)]
    if stays.original is None or not stays.original.located:
        # Only what says more than this entry: no other that stays in its place tells of that.
        gallery.drop_entries(*(key for key in same if key != stays.key()))
        gallery.drop(*(kept - {stays.original_key}))
    return stays
