"""The step that keeps the original of a photo, where its album wants that."""

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
