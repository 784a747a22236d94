"""Giving a published photo another place: another album, private or public variants, hidden or not.

Or another time: an entry's key says when the photo was taken.

At any instant the photo is whole in at least one place. What was cut short is ended by doing it
again; of a move and a delete at once, exactly one decides.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from services.core.albums import Album
from services.core.keys import tombstone_key, variants_prefix
from services.core.photo import Photo
from services.store.gallery import GalleryBucket
from services.store.hashes import Hashes
from services.store.index import photos_in

Record = tuple[dict[str, Any], str]  # a manifest and its entry's ETag

LONGEST = timedelta(seconds=60)  # that a request may take; API Gateway ends one after 30 s
_ATTEMPTS = 10  # at what others undo at the same time


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


def put_right(photo: Photo, album: Album) -> Photo:
    """Return a photo taken when the album's owner says that it was, if that was ever said."""
    shift = album.shift_of(photo.sender) if photo.camera else None
    return photo if shift is None else replace(photo, shift=shift)


def as_its_album_is(photo: Photo, album: Album) -> Photo:
    """Return a photo as private as its album, and taken when its owner says that it was."""
    private = photo.private or album.closing or not album.is_public
    held = {"pending": photo.pending, "hidden": photo.hidden}
    return relocated(put_right(photo, album), album=photo.album, private=private, **held)


def relocate(gallery: GalleryBucket, photo: Photo, new: Photo) -> bool:
    """Make `photo` stand as `new`, and tell whether it does; False where a person deleted it.

    Of two that go opposite ways at once the last one counts. Each puts its entry, with a content of
    its own, over nothing but what it read there before it read the other one; and it removes that one
    only as it read it. So neither removes what the other has put since, and one entry always stands.
    """
    if new == photo:
        return True
    known: dict[str, Any] | None = None
    before: tuple[Record | None, Record | None] | None = None
    for _ in range(_ATTEMPTS):
        target = gallery.get_record(new.key())
        source = gallery.get_record(photo.key())
        if (target, source) == before and target:
            # Nobody else was at it: Ceph 16 refuses every ETag that it gave.
            _remove_files(gallery, photo, new)
            gallery.drop_entries(photo.key())
            return True
        before = target, source
        if source is None and target:
            photo, source = _put_by_reprocessing(gallery, photo, new)
        if source is None:
            return _was_ended(gallery, photo, new)
        ended = _attempt(gallery, photo, new, source, target, known)
        if ended is not None:
            return ended
        known = source[0]
    return _stands(gallery, new)


def _attempt(
    gallery: GalleryBucket,
    photo: Photo,
    new: Photo,
    source: Record,
    target: Record | None,
    known: dict[str, Any] | None,
) -> bool | None:
    """Do what `relocate` says; None where something came between, so that it is to be done again.

    `source` and `target` are the entries that stand, `known` is the manifest of the attempt before.
    """
    manifest, version = source
    _forget_that_it_left(gallery, photo, new)
    if not _copied(gallery, photo, new):
        if gallery.get_record(photo.key()) != source:
            return None
        _remove_copies(gallery, photo, new)
        return False
    apart = _place(photo) != _place(new)
    # Of what stands in one place only what was read before ours is put may go: another run puts its own
    # there, and each would remove the other's.
    beside = {} if apart else _beside(gallery, photo, new)
    content = _content(photo, new, manifest, target, known) | {"relocation": token_hex(8)}
    over = {"IfMatch": target[1]} if target else {"IfNoneMatch": "*"}
    if not gallery.put_entry(new, content, **over):
        return None
    if not _decided(gallery, photo, new, manifest["delete_sha256"]):
        gallery.remove(new.album, new.id)
        return False
    if not apart and _is_elsewhere(gallery, new):
        # Who hides it, or closes its album, puts an entry there before looking for those that are to
        # go here: ours may have come after that look.
        _take_back(gallery, new, content["relocation"])
        return None
    if photo.album != new.album:
        Hashes(gallery).move(manifest, photo.album, new.album)
    if _prefix(photo) != _prefix(new):
        # Tells one that goes the other way that files are being removed here.
        leaving = manifest | {"relocation": token_hex(8), "leaving": datetime.now(UTC).isoformat()}
        claimed = gallery.put_json(photo.key(), leaving, IfMatch=version)
        if claimed is None or not _stands(gallery, new):
            return None
        version = claimed
        if not _is_leaving(target):
            _remove_files(gallery, photo, new)
    if apart:
        # Not only the entry that was read: reprocessing may have put another one meanwhile. It looks for
        # ours after that, so one of both sees the other.
        before = {one.key() for one in _there(gallery, photo)}
        gallery.drop_entries(*(before - {photo.key(), new.key()}))
    else:
        for key, read in beside.items():
            gallery.drop_entry(key, read)
    return True if gallery.drop_entry(photo.key(), version) else None


def _put_by_reprocessing(
    gallery: GalleryBucket, photo: Photo, new: Photo
) -> tuple[Photo, Record | None]:
    """Return the photo as the entry has it that stands instead of its own, and that; None for none.

    Its variants are others of the same picture. They go: where `new` stands, those of that do.
    """
    for one in _there(gallery, photo):
        if one.key() != new.key():
            return one, gallery.get_record(one.key())
    return photo, None


def _was_ended(gallery: GalleryBucket, photo: Photo, new: Photo) -> bool:
    """Tell whether another run, or an earlier one, did it all; otherwise somebody removed the photo."""
    if _stands(gallery, new):
        return True
    _remove_copies(gallery, photo, new)
    return False


def _stands(gallery: GalleryBucket, new: Photo) -> bool:
    """Tell whether there is an entry where `new` is to be; its time may have been put right since."""
    return bool(_there(gallery, new))


def _there(gallery: GalleryBucket, photo: Photo) -> list[Photo]:
    """Return the photo as each of the entries in its place has it."""
    listed = photos_in(gallery.entry_keys(photo.album, photo.id, pending=photo.pending))
    return [one for one in listed if one.private == photo.private]


def _anywhere(gallery: GalleryBucket, photo: Photo) -> Iterator[Photo]:
    """Yield the photo as each of its entries in its album has it."""
    for pending in (False, True):
        yield from photos_in(gallery.entry_keys(photo.album, photo.id, pending=pending))


def _is_leaving(target: Record | None) -> bool:
    """Tell whether one that goes the other way may be removing files just where ours are to be.

    What it removes of them it copies back from where they were: so those are left there. One that has
    been at it for longer was killed.
    """
    since = target[0].get("leaving") if target else None
    return since is not None and datetime.now(UTC) - datetime.fromisoformat(since) < LONGEST


def _place(photo: Photo) -> tuple[str, bool]:
    return _prefix(photo), photo.pending


def _is_elsewhere(gallery: GalleryBucket, photo: Photo) -> bool:
    """Tell whether the photo has an entry in another place of its album, too."""
    return any(_place(one) != _place(photo) for one in _anywhere(gallery, photo))


def _take_back(gallery: GalleryBucket, photo: Photo, relocation: str) -> None:
    """Remove an entry that still is the one that this relocation put."""
    record = gallery.get_record(photo.key())
    if record and record[0].get("relocation") == relocation:
        gallery.drop_entry(photo.key(), record[1])


def _beside(gallery: GalleryBucket, photo: Photo, new: Photo) -> dict[str, str]:
    """Return the ETags of the entries, by key, that stand in the place of both besides these two."""
    others = {one.key() for one in _there(gallery, photo)}
    read = {key: gallery.get_record(key) for key in others - {photo.key(), new.key()}}
    return {key: record[1] for key, record in read.items() if record}


def _prefix(photo: Photo) -> str:
    return variants_prefix(photo.album, photo.id, private=photo.private)


def _copied(gallery: GalleryBucket, photo: Photo, new: Photo) -> bool:
    """Copy the files that are not where they are to be; False where one is gone."""
    if _prefix(photo) == _prefix(new):
        return True
    there = gallery.variants(new.album, new.id, private=new.private)
    missing = [copy.key for copy in new.variants if copy.key not in there]
    if not all(gallery.copy(_prefix(photo) + key.rpartition("/")[2], key) for key in missing):
        return False
    # Of an original the lifecycle may have made an end: the photo moves without it.
    if photo.original and photo.album != new.album:
        gallery.copy(photo.original_key, new.original_key)
    return True


def _remove_copies(gallery: GalleryBucket, photo: Photo, new: Photo) -> None:
    """Remove what was copied of a photo that is gone, unless an entry stands that has these files."""
    if not any(one.private == new.private for one in _anywhere(gallery, new)):
        _remove_files(gallery, new, photo)


def _remove_files(gallery: GalleryBucket, photo: Photo, other: Photo) -> None:
    """Remove what `photo` has where `other`, the same photo elsewhere, has not."""
    if _prefix(photo) != _prefix(other):
        gallery.remove_variants(photo.album, photo.id, private=photo.private)
    if photo.album != other.album:
        gallery.remove_originals(photo.album, photo.id)


def _forget_that_it_left(gallery: GalleryBucket, photo: Photo, new: Photo) -> None:
    """Remove the tombstone of an album that the photo comes back to: it would count as deleted."""
    key = tombstone_key(new.album, new.id)
    if new.album != photo.album and "moved_to" in (gallery.get_json(key) or {}):
        gallery.drop(key)


def _content(
    photo: Photo,
    new: Photo,
    manifest: dict[str, Any],
    target: Record | None,
    known: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the manifest of `new`: what stands there, or else that of `photo`, rewritten.

    With the caption that was written at the source since: who writes one writes it into every entry in
    the album, so within one that at the source is the latest.
    """
    if target is None or "leaving" in target[0]:
        return _rewritten(manifest, new)
    caption = manifest.get("caption", "")
    if known is None and photo.album != new.album:
        return target[0]
    if caption == (target[0] if known is None else known).get("caption", ""):
        return target[0]
    return target[0] | {"caption": caption}


def _rewritten(manifest: dict[str, Any], new: Photo) -> dict[str, Any]:
    variants = [
        one | {"key": _prefix(new) + one["key"].rpartition("/")[2]} for one in manifest["variants"]
    ]
    taken = new.taken.isoformat() if new.taken else None
    kept = {name: value for name, value in manifest.items() if name != "leaving"}
    return kept | {"album": new.album, "variants": variants, "taken": taken}


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
