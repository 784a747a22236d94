"""Reprocessing: a stored photo gets other variants after the settings' list of them changed.

The source is the original where the album kept it. Where it did not, that is the largest stored
variant, which stays, and nothing is made that would enlarge it. Nothing stored is overwritten or removed: a variant's key says its pixels and
may be cached for ever. So the order that publishing has holds here too: new variants, then the new
entry, and only then goes the old entry.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from services.core.photo import Photo, Variant, stored_variants
from services.core.settings import Settings
from services.core.variants import FORMAT_BY_LETTER, FORMATS, Fit, Format, best_fit, plan
from services.imaging import make_variants
from services.resize.records import variant_records
from services.store import Store
from services.store.index import photos_in


class Reprocessing(StrEnum):
    """How reprocessing a photo ended."""

    DONE = "reprocessed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"  # a person deleted the photo meanwhile
    GONE = "gone"  # there is no such photo, or somebody has just hidden or closed it


class SourceMissingError(RuntimeError):
    """Somebody removed the largest variant of a photo, so there is nothing to make others of."""


def is_stale(listed: list[str], settings: Settings) -> bool:
    """Tell from the keys of a photo's entries alone whether there is anything to do."""
    photos = [photo for key in listed if (photo := Photo.from_key(key))]
    if len(listed) > 1:
        return bool(photos)
    return any(
        [(fit, _names(formats)) for fit, formats in _sizes(photo)]
        != [(fit, settings.variant_formats) for fit in fits_for(photo, settings)]
        for photo in photos
    )


def stale(store: Store, settings: Settings) -> list[tuple[str, str]]:
    """Return album and id of the photos that have other variants than the settings name."""
    return [
        (album, photo_id)
        for album, photo_id, listed in store.gallery.index()
        if is_stale(listed, settings)
    ]


def fits_for(photo: Photo, settings: Settings) -> tuple[Fit, ...]:
    """Return the sizes, smallest first, that a photo can have in the settings' boxes.

    Of an original all that `plan` makes. Without one those smaller than its largest stored variant,
    and that one. A photo for which `plan` would make other sizes of these boxes keeps those that it
    has.
    """
    return _fits_of_original(photo, settings) or _fits_of_variants(photo, settings.variant_sizes)


def _fits_of_original(photo: Photo, settings: Settings) -> tuple[Fit, ...]:
    """Return the sizes that can be made of a photo's original; none where it has none.

    None either where a file of one of these names may stand already with other pixels: those of a
    panorama, or of a picture that is smaller than its box, depend on the boxes that there were.
    """
    ends = photo.uploaded_at + timedelta(settings.originals_days)
    if photo.original is None or datetime.now(UTC) > ends:
        return ()
    width, height, boxes = photo.width, photo.height, settings.variant_sizes
    if photo.animated and max(width, height) < boxes[0]:  # how much it grows depends on its frames
        return ()
    fits = plan(width, height, boxes)
    stored = {fit for fit, _ in _sizes(photo)}
    sure = all(
        fit in stored or (fit.width, fit.height) == best_fit(width, height, fit.size, fit.size)
        for fit in fits
    )
    return fits if sure else ()


def _fits_of_variants(photo: Photo, boxes: tuple[int, ...]) -> tuple[Fit, ...]:
    stored = tuple(fit for fit, _ in _sizes(photo))
    largest = stored[-1]
    smaller = [
        fit
        for fit in plan(photo.width, photo.height, boxes)
        if max(fit.width, fit.height) < max(largest.width, largest.height)
    ]
    fits = (*smaller, largest)
    sizes = tuple(fit.size for fit in fits)
    return fits if plan(photo.width, photo.height, sizes) == fits else stored


def reprocess(
    album: str,
    photo_id: str,
    store: Store,
    settings: Settings,
    *,
    deadline: float,
) -> Reprocessing:
    """Give a published photo the variants that the settings name, as far as it can have them.

    `deadline` is the moment of `time.monotonic` by which decoding must end. Raises Rejected where
    the source cannot be decoded within the limits, and SourceMissingError; the photo then stays as
    it is. Doing it again, late, twice or at once ends in the same state.
    """
    gallery = store.gallery
    listed = gallery.entry_keys(album, photo_id)
    photos = {key: photo for key in listed if (photo := Photo.from_key(key))}
    if not photos:
        return _without_entry(album, photo_id, store)
    if not is_stale(listed, settings):
        return Reprocessing.UNCHANGED
    # Of two entries, which an interrupted run left, either has all that is needed.
    old_key, old = next(iter(photos.items()))
    manifest = gallery.get_json(old_key)
    if manifest is None:
        return _without_entry(album, photo_id, store)
    # Its lifecycle may have made an end of the original that the entry tells of.
    source = old if gallery.has_original(old) else replace(old, original=None)
    fits = fits_for(source, settings)
    standing = gallery.variants(album, photo_id, private=old.private)
    if _chosen(old, fits, settings, standing) is None:
        try:
            _put_missing(source, fits, manifest, standing, store, settings, deadline)
        except SourceMissingError:
            if _without_entry(album, photo_id, store) is Reprocessing.DELETED:
                return Reprocessing.DELETED
            raise
    standing = gallery.variants(album, photo_id, private=old.private)
    chosen = _chosen(old, fits, settings, standing)
    if chosen is None:  # what stood is gone: deleted or closed meanwhile
        _yields_to_a_move(old, store)
        return _without_entry(album, photo_id, store)
    new = replace(
        old, variants=chosen, stored_bytes=sum(standing[variant.key] for variant in chosen)
    )
    if new.key() not in photos:
        record = manifest | {
            "variants": variant_records(chosen, standing),
            "reprocessed": datetime.now(UTC).isoformat(),
        }
        gallery.put_entry(new, record)
        # As publishing does: who deletes wrote the tombstone before looking for entries.
        if gallery.deleted(album, [photo_id]):
            return _without_entry(album, photo_id, store)
        # Likewise, who closes an album or hides a photo wrote the new entry before looking for ours.
        if _yields_to_a_move(old, store, new.key()):
            return Reprocessing.GONE
    else:  # an earlier run may have ended before it put this one by time
        gallery.put_by_time(new)
    for key in photos:
        if key != new.key():
            gallery.drop_entries(key)
    return Reprocessing.DONE


def _sizes(photo: Photo) -> list[tuple[Fit, tuple[Format, ...]]]:
    """Return the sizes that a photo is stored in, smallest first, each with its formats."""
    by_size = groupby(photo.variants, lambda one: Fit(one.size, one.width, one.height))
    return [(fit, tuple(variant.format for variant in same)) for fit, same in by_size]


def _without_entry(album: str, photo_id: str, store: Store) -> Reprocessing:
    """Remove what an earlier or this run put after a person had deleted the photo."""
    if not store.gallery.deleted(album, [photo_id]):
        return Reprocessing.GONE
    store.gallery.remove(album, photo_id)
    return Reprocessing.DELETED


def _yields_to_a_move(photo: Photo, store: Store, *entries: str) -> bool:
    """Remove entries where the photo is hidden by now, or has its variants in the other place.

    Then what was made in this one goes, too: nothing of a closed album stays where anyone may see it.
    """
    gallery = store.gallery
    shown = photos_in(gallery.entry_keys(photo.album, photo.id))
    held = list(photos_in(gallery.entry_keys(photo.album, photo.id, pending=True)))
    elsewhere = any(one.private != photo.private for one in (*shown, *held))
    if not elsewhere and not held:
        return False
    gallery.drop_entries(*entries)
    if elsewhere:
        gallery.remove_variants(photo.album, photo.id, private=photo.private)
    return True


def _names(formats: tuple[Format, ...]) -> tuple[str, ...]:
    """Return the names by which settings ask for formats: PNG counts as JPEG."""
    return tuple("jpeg" if format_.name == "png" else format_.name for format_ in formats)


def _chosen(
    photo: Photo, fits: tuple[Fit, ...], settings: Settings, standing: dict[str, int]
) -> tuple[Variant, ...] | None:
    """Return what the new entry lists, or None where some of that does not stand yet."""
    chosen = []
    for fit in fits:
        for name in settings.variant_formats:
            found = [
                variant
                for one in (("png", "jpeg") if name == "jpeg" else (name,))
                for variant in _variants(photo, fit, FORMATS[one])
                if variant.key in standing
            ]
            if not found:
                return None
            chosen.append(found[0])
    return tuple(chosen)


def _variants(photo: Photo, fit: Fit, *formats: Format) -> tuple[Variant, ...]:
    return stored_variants(photo.album, photo.id, [(fit, formats)], private=photo.private)


def _put_missing(
    photo: Photo,
    fits: tuple[Fit, ...],
    manifest: dict[str, Any],
    standing: dict[str, int],
    store: Store,
    settings: Settings,
    deadline: float,
) -> None:
    """Make all variants of the source and put those whose keys are free.

    Where one stands it stays: it is the same size of the same upload.
    """
    from_original = bool(_fits_of_original(photo, settings))
    key = photo.original_key if from_original else _source(photo, standing)
    data = store.gallery.get_bytes(key) if key else None
    if data is None:
        largest = f"variant of {photo.variants[-1].size} pixels"
        msg = f"{photo.id} has no {'original' if from_original else largest}"
        raise SourceMissingError(msg)
    picture = make_variants(
        data,
        sizes=tuple(fit.size for fit in fits),
        formats=settings.variant_formats,
        limits=settings,
        deadline=deadline,
        shape=None if from_original else (photo.width, photo.height),
    )
    for made in picture.variants:
        (stored,) = _variants(photo, made.fit, made.format)
        store.gallery.put_variant(
            stored.key, made.data, stored.format, source=manifest["source"]["version"]
        )


def _source(photo: Photo, standing: dict[str, int]) -> str | None:
    """Return the key of the file that has most of the picture: movement, or else no loss."""
    largest = _sizes(photo)[-1][0]
    for letter in "wpj" if photo.animated else "pwj":
        (variant,) = _variants(photo, largest, FORMAT_BY_LETTER[letter])
        if variant.key in standing:
            return variant.key
    return None
