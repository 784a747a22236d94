"""Making a photo anew after the variant list changed, from what is stored of it.

The original is gone, so the largest stored variant is the source. It stays, and nothing is made
that would enlarge it. Nothing stored is overwritten or removed: a variant's key says its pixels and
may be cached for ever. So the order that publishing has holds here too: new variants, then the new
entry, and only then goes the old entry.
"""

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services.core import keys
from services.core.settings import Settings
from services.core.variants import FORMAT_BY_LETTER, FORMATS, Format, plan
from services.imaging.engine import make_variants
from services.store import Store


class Renewal(StrEnum):
    """How it ended."""

    RENEWED = "renewed"
    UNCHANGED = "unchanged"
    DELETED = "deleted"  # a person deleted the photo meanwhile
    GONE = "gone"  # there is no such photo


class SourceMissingError(RuntimeError):
    """Somebody removed the largest variant of a photo, so there is nothing to make others of."""


def is_stale(listed: list[str], settings: Settings) -> bool:
    """Tell from the keys of a photo's entries alone whether there is anything to do."""
    entries = [entry for key in listed if (entry := keys.IndexEntry.from_key(key))]
    if len(listed) > 1:
        return bool(entries)
    return any(
        tuple(stored.size for stored in entry.sizes) != sizes_for(entry, settings.variant_sizes)
        or any(_names(stored.formats) != settings.variant_formats for stored in entry.sizes)
        for entry in entries
    )


def sizes_for(entry: keys.IndexEntry, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Return the box sides, ascending, that a photo can have of those that are wanted.

    Those smaller than its largest stored variant, and that one. A photo for which these would not
    say how large each variant is (see `plan`) keeps the sizes that it has.
    """
    stored = tuple(stored.size for stored in entry.sizes)
    largest = plan(entry.width, entry.height, stored)[-1]
    smaller = [
        fit
        for fit in plan(entry.width, entry.height, wanted)
        if max(fit.width, fit.height) < max(largest.width, largest.height)
    ]
    fits = (*smaller, largest)
    sizes = tuple(fit.size for fit in fits)
    return sizes if plan(entry.width, entry.height, sizes) == fits else stored


def renew(
    photo_id: str, store: Store, settings: Settings, *, deadline: float | None = None
) -> Renewal:
    """Give a published photo the variants that the settings name, as far as it can have them.

    `deadline` is the moment of `time.monotonic` by which decoding must end. Raises Rejected where
    the source cannot be decoded within the limits, and SourceMissingError; the photo then stays as
    it is. Doing it again, late, twice or at once ends in the same state.
    """
    gallery = store.gallery
    listed = gallery.entry_keys(photo_id)
    entries = {key: entry for key in listed if (entry := keys.IndexEntry.from_key(key))}
    if not entries:
        return _without_entry(photo_id, store)
    if not is_stale(listed, settings):
        return Renewal.UNCHANGED
    # Of two entries, which an interrupted run left, either has all that is needed.
    old_key, old = next(iter(entries.items()))
    manifest = gallery.get_json(old_key)
    if manifest is None:
        return _without_entry(photo_id, store)
    sizes = sizes_for(old, settings.variant_sizes)
    standing = gallery.variants(photo_id)
    if _chosen(old, sizes, settings, standing) is None:
        try:
            _put_missing(old, sizes, manifest, standing, store, settings, deadline)
        except SourceMissingError:
            if _without_entry(photo_id, store) is Renewal.DELETED:
                return Renewal.DELETED
            raise
    standing = gallery.variants(photo_id)
    chosen = _chosen(old, sizes, settings, standing)
    if chosen is None:
        return _without_entry(photo_id, store)  # what stood is gone: deleted meanwhile
    new = replace(old, sizes=chosen)
    if new.key() not in entries:
        gallery.put_json(new.key(), _manifest(new, manifest, standing))
        # As publishing does: who deletes wrote the tombstone before looking for entries.
        if gallery.deleted([photo_id]):
            return _without_entry(photo_id, store)
    for key in entries:
        if key != new.key():
            gallery.drop_entry(key)
    return Renewal.RENEWED


def _without_entry(photo_id: str, store: Store) -> Renewal:
    """Remove what an earlier or this run put after a person had deleted the photo."""
    if not store.gallery.deleted([photo_id]):
        return Renewal.GONE
    store.gallery.remove(photo_id)
    return Renewal.DELETED


def _names(formats: tuple[Format, ...]) -> tuple[str, ...]:
    """Return the names by which settings ask for formats: PNG stands where JPEG was asked for."""
    return tuple("jpeg" if format_.name == "png" else format_.name for format_ in formats)


def _chosen(
    entry: keys.IndexEntry, sizes: tuple[int, ...], settings: Settings, standing: dict[str, int]
) -> tuple[keys.StoredSize, ...] | None:
    """Return what the new entry lists, or None where some of that does not stand yet."""
    chosen = []
    for size in sizes:
        formats = []
        for name in settings.variant_formats:
            asked = ("png", "jpeg") if name == "jpeg" else (name,)
            found = [
                FORMATS[one]
                for one in asked
                if keys.variant_key(entry.id, size, FORMATS[one]) in standing
            ]
            if not found:
                return None
            formats.append(found[0])
        chosen.append(keys.StoredSize(size, tuple(formats)))
    return tuple(chosen)


def _put_missing(
    entry: keys.IndexEntry,
    sizes: tuple[int, ...],
    manifest: dict[str, Any],
    standing: dict[str, int],
    store: Store,
    settings: Settings,
    deadline: float | None,
) -> None:
    """Make all variants of the source and put those whose keys are free.

    Where one stands it stays: it is the same size of the same upload.
    """
    source = _source(entry, standing)
    data = store.gallery.read_variant(source) if source else None
    if data is None:
        msg = f"{entry.id} has no variant of {entry.sizes[-1].size} pixels"
        raise SourceMissingError(msg)
    picture = make_variants(
        data,
        sizes=sizes,
        formats=settings.variant_formats,
        limits=settings,
        deadline=deadline,
        shape=(entry.width, entry.height),
    )
    version = manifest["source"]["version"]
    for variant in picture.variants:
        key = keys.variant_key(entry.id, variant.fit.size, variant.format)
        store.gallery.put_variant(key, variant.data, variant.format, source=version)


def _source(entry: keys.IndexEntry, standing: dict[str, int]) -> str | None:
    """Return the key of the file that has most of the picture: movement, or else no loss."""
    size = entry.sizes[-1].size
    for letter in "wpj" if entry.animated else "pwj":
        key = keys.variant_key(entry.id, size, FORMAT_BY_LETTER[letter])
        if key in standing:
            return key
    return None


def _manifest(
    entry: keys.IndexEntry, old: dict[str, Any], standing: dict[str, int]
) -> dict[str, Any]:
    sizes = tuple(stored.size for stored in entry.sizes)
    variants = []
    for fit, stored in zip(plan(entry.width, entry.height, sizes), entry.sizes, strict=True):
        for format_ in stored.formats:
            key = keys.variant_key(entry.id, fit.size, format_)
            variants.append(
                {
                    "key": key,
                    "size": fit.size,
                    "width": fit.width,
                    "height": fit.height,
                    "type": format_.content_type,
                    "bytes": standing[key],
                }
            )
    return old | {"variants": variants, "reprocessed": datetime.now(UTC).isoformat()}
