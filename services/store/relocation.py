"""Giving a published photo another place: another album, private or public variants, hidden or not.

Or another time: an entry's key says when the photo was taken.

At any instant the photo is whole in at least one place. What was cut short is ended by doing it
again; of a move and a delete at once, exactly one decides.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.core.albums import Album
from services.core.keys import tombstone_key, variants_prefix
from services.core.photo import Photo
from services.store.gallery import GalleryBucket, photos_in
from services.store.hashes import Hashes


def relocated(
    photo: Photo, *, album: str, private: bool, pending: bool, hidden: bool = False
) -> Photo:
    """Return the photo as it is in another place; `hidden` as `services.core.photo.Photo` has it."""
    prefix = variants_prefix(album, photo.id, private=private)
    variants = tuple(
        replace(variant, key=prefix + variant.key.rpartition("/")[2]) for variant in photo.variants
    )
    return replace(
        photo, album=album, private=private, pending=pending, hidden=hidden, variants=variants
    )


def as_its_album_is(photo: Photo, album: Album) -> Photo:
    """Return a photo as private as its album, and taken when its owner says that it was."""
    shift = album.shift_of(photo.sender) if photo.camera else None
    right = photo if shift is None else replace(photo, shift=shift)
    private = photo.private or album.closing or not album.is_public
    held = {"pending": photo.pending, "hidden": photo.hidden}
    return relocated(right, album=photo.album, private=private, **held)


def relocate(gallery: GalleryBucket, photo: Photo, new: Photo) -> bool:
    """Make `photo` stand as `new`, and tell whether it does; False where a person deleted it."""
    if new == photo:
        return True
    manifest = gallery.get_json(photo.key())
    # An earlier attempt may have got as far as removing what it had copied.
    stands = new.key() in gallery.entry_keys(new.album, new.id, pending=new.pending)
    if manifest:
        _forget_that_it_left(gallery, photo, new)
    # Or one that went the other way may have got as far as removing what was here.
    if not stands or not _has_variants(gallery, new):
        if manifest is not None and _copied(gallery, photo, new):
            gallery.put_entry(new, _rewritten(manifest, photo, new))
        elif stands:
            return False
        elif new.key() not in (standing := _entries_with_variants_of(gallery, new)):
            if not standing:
                _remove_files(gallery, new, photo)
            return False
    elif manifest:  # and ended before it had put its entry by time
        gallery.put_by_time(new)
    if manifest and not _decided(gallery, photo, new, manifest["delete_sha256"]):
        gallery.remove(new.album, new.id)
        return False
    if manifest and (not stands or photo.album == new.album):
        _take_caption(gallery, photo, new, known=None if stands else manifest)
    if manifest and photo.album != new.album:
        Hashes(gallery).move(manifest, photo.album, new.album)
    # One that goes the other way, at this moment, may have removed what was put here.
    if new.key() not in gallery.entry_keys(new.album, new.id, pending=new.pending):
        return False
    _remove_files(gallery, photo, new)
    # Not only the entry that was read: reprocessing may have put another one meanwhile. It looks for
    # ours after that, so one of both sees the other.
    there = photos_in(gallery.entry_keys(photo.album, photo.id, pending=photo.pending))
    before = {photo.key(), *(one.key() for one in there if one.private == photo.private)}
    gallery.drop_entries(*(before - {new.key()}))
    return True


def _entries_with_variants_of(gallery: GalleryBucket, new: Photo) -> set[str]:
    """Return the entries whose variants are where those of `new` are to be.

    Where a variant is gone, another run of the same move may have ended: it put its entry first.
    """
    return {
        one.key()
        for pending in (False, True)
        for one in photos_in(gallery.entry_keys(new.album, new.id, pending=pending))
        if one.private == new.private
    }


def _has_variants(gallery: GalleryBucket, photo: Photo) -> bool:
    stored = gallery.variants(photo.album, photo.id, private=photo.private)
    return all(variant.key in stored for variant in photo.variants)


def _copied(gallery: GalleryBucket, photo: Photo, new: Photo) -> bool:
    pairs = zip(photo.variants, new.variants, strict=True)
    if not all(old.key == copy.key or gallery.copy(old.key, copy.key) for old, copy in pairs):
        return False
    # Of an original the lifecycle may have made an end: the photo moves without it.
    if photo.original and photo.album != new.album:
        gallery.copy(photo.original_key, new.original_key)
    return True


def _remove_files(gallery: GalleryBucket, photo: Photo, other: Photo) -> None:
    """Remove what `photo` has where `other`, the same photo elsewhere, has not."""
    if photo.variants != other.variants:
        gallery.remove_variants(photo.album, photo.id, private=photo.private)
    if photo.original and photo.album != other.album:
        gallery.remove_originals(photo.album, photo.id)


def _forget_that_it_left(gallery: GalleryBucket, photo: Photo, new: Photo) -> None:
    """Remove the tombstone of an album that the photo comes back to: it would count as deleted."""
    key = tombstone_key(new.album, new.id)
    if new.album != photo.album and "moved_to" in (gallery.get_json(key) or {}):
        gallery.drop(key)


def _rewritten(manifest: dict[str, Any], photo: Photo, new: Photo) -> dict[str, Any]:
    pairs = zip(photo.variants, new.variants, strict=True)
    moved = {old.key: copy.key for old, copy in pairs}
    variants = [one | {"key": moved.get(one["key"], one["key"])} for one in manifest["variants"]]
    taken = new.taken.isoformat() if new.taken else None
    return manifest | {"album": new.album, "variants": variants, "taken": taken}


def _take_caption(
    gallery: GalleryBucket, photo: Photo, new: Photo, *, known: dict[str, Any] | None
) -> None:
    """Take along the caption that was written since the manifest was read: `known`, by this run.

    Who writes a caption writes it into every entry in the album, so within one the old entry has the
    latest. An entry that changed or went in the same instant is left alone: a caption was written
    there too, or somebody removed the photo.
    """
    latest = gallery.get_json(photo.key())
    if latest is None or (known and latest.get("caption") == known.get("caption")):
        return
    standing = gallery.get_record(new.key())
    if standing and latest.get("caption") != standing[0].get("caption"):
        taken = standing[0] | {"caption": latest.get("caption", "")}
        gallery.put_json(new.key(), taken, IfMatch=standing[1])


def _decided(gallery: GalleryBucket, photo: Photo, new: Photo, delete_sha256: str) -> bool:
    """Tell whether the move counts, and not a delete that came meanwhile."""
    if new.album == photo.album:
        # Who deletes writes the tombstone before looking for entries; the new one stands already.
        return not gallery.deleted(photo.album, [photo.id])
    tombstone = {
        "id": photo.id,
        "delete_sha256": delete_sha256,
        "moved_to": new.album,
        "moved": datetime.now(UTC).isoformat(),
    }
    standing = gallery.put_tombstone(photo.album, photo.id, tombstone)
    return standing.get("moved_to") == new.album
