"""The way of one upload: read, make variants, publish, and only then remove the original.

At any instant either the original exists, or all variants and the index entry exist (and the copy
of the original that the entry tells of), or a person deleted the photo. Doing it again, late, twice or at once ends in the same state. Each attempt is
counted, and after services.store.attempts.MAX_ATTEMPTS the upload gets a verdict unread.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from time import monotonic, perf_counter

from services.core import keys
from services.core.albums import MAIN, Album, State
from services.core.photo import Photo
from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Settings
from services.imaging import CannotStartError, make_variants
from services.resize.duplicates import digest_of, is_duplicate, yields_to_twin
from services.resize.events import UploadEvent
from services.resize.originals import keep_original, without_other_originals
from services.resize.records import manifest, photo_of, verdict
from services.resize.variants import has_another, put_variants
from services.store import Attempt, Original, Store, Version
from services.store.client import is_storage_failure
from services.store.relocation import as_its_album_is, relocate


class Outcome(StrEnum):
    """How an upload ended."""

    PUBLISHED = "published"
    REJECTED = "rejected"
    DELETED = "deleted"  # a person deleted the photo meanwhile
    GONE = "gone"  # an earlier delivery of the event did it all
    REPLAYED = "replayed"  # the form was used before: removed unread
    DUPLICATE = "duplicate"  # the album has a photo of these bytes already


@dataclass(slots=True)
class Report:
    """What is logged of one upload: sizes in bytes, steps in milliseconds."""

    outcome: Outcome
    album: str | None = None
    photo_id: str | None = None
    reason: Reason | None = None
    detail: str = ""
    format: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    variants: int = 0
    not_kept: str = ""  # why the album has no original of it
    milliseconds: dict[str, float] = field(default_factory=dict)


def process(upload: UploadEvent, store: Store, settings: Settings, *, deadline: float) -> Report:
    """Publish the upload, or reject it with a verdict, and report which.

    `deadline` is the moment of `time.monotonic` by which decoding must end. Whatever this raises,
    the original is still there and the event may come again.
    """
    began = perf_counter()
    stored = store.uploads.versions(upload.key)
    version = _named(stored, upload.version_id)
    if version is None:
        return Report(Outcome.GONE)
    photo_id = photo_id_of(version, store)
    album = album_of(upload.key, store)
    report = Report(Outcome.GONE, album.slug, photo_id, bytes_in=version.size)
    first = stored[0] if upload.key.endswith(photo_id) else version
    if ended := _ended_before(album.slug, photo_id, version, first, store, settings):
        report.outcome = ended
        report.milliseconds["total"] = round((perf_counter() - began) * 1000, 1)
        return report
    attempt = store.attempts.begin(album.slug, photo_id)
    try:
        original = _read(version, attempt, store)
        report.milliseconds["get"] = round((perf_counter() - began) * 1000, 1)
        if original is None:
            store.attempts.end(attempt)
            return Report(Outcome.GONE)
        try:
            report.outcome = _publish(album, attempt, original, store, settings, report, deadline)
        except Rejected as refusal:
            report.outcome = _reject(attempt, original, refusal, store, settings)
            report.reason, report.detail = refusal.reason, refusal.detail
    except CannotStartError:  # as after an upgrade that broke a library: no picture is to blame
        store.attempts.forget(attempt)
        raise
    except Exception as error:
        store.attempts.fail(attempt, error)
        raise
    report.milliseconds["total"] = round((perf_counter() - began) * 1000, 1)
    return report


def photo_id_of(version: Version, store: Store) -> str:
    """Return the id of the photo that an upload becomes."""
    return keys.photo_id_of_object(
        store.uploads.name, version.key, version.version, version.modified
    )


def album_of(key: str, store: Store) -> Album:
    """Return the album that an upload's key names, or else the main one.

    Raises UnreadableAlbumError where its record cannot be read: the upload waits, since anywhere
    else more people might see it.
    """
    slug, _ = keys.split_upload_key(key)
    album = store.albums.read(slug) if slug and slug != keys.MAIN_ALBUM else None
    return album or store.albums.read(keys.MAIN_ALBUM) or MAIN


def _named(stored: list[Version], version_id: str | None) -> Version | None:
    """Return the version that an event names, or the newest for one that names none."""
    if not version_id:  # Ceph's event of a form names an empty one
        return stored[-1] if stored else None
    return next((version for version in stored if version.version_id == version_id), None)


def _ended_before(
    album: str, photo_id: str, version: Version, first: Version, store: Store, settings: Settings
) -> Outcome | None:
    """Return how an upload ended that is not to be read, having removed it; None for all others.

    A form is good for one picture, but S3 lets it be used until it expires: of the versions under
    a photo id the first counts, and what was sent later is removed unread.
    """
    gallery = store.gallery
    if gallery.is_deleted(album, photo_id):
        return _unpublish(album, photo_id, store, version)
    published = gallery.published_version(album, photo_id)
    accepted = published or gallery.rejected_version(album, photo_id) or first.version
    if accepted != version.version:
        store.uploads.delete(version)
        return Outcome.REPLAYED
    if published:
        # An earlier delivery ended before it removed the original, perhaps before it claimed its hash
        # or looked at what changed in the album meanwhile. One that is pending is private, whatever
        # changed.
        try:
            shown = gallery.photos(album, [photo_id])
            for photo in (shown or gallery.photos(album, [photo_id], pending=True)).values():
                if yields_to_twin(photo, gallery.get_json(photo.key()) or {}, store, settings):
                    store.uploads.delete(version)
                    return Outcome.DUPLICATE
                if shown:  # of one that waits or is hidden there is none
                    gallery.put_by_time(photo)
                _follow_album(without_other_originals(photo, store), store)
        except Rejected:
            return None  # the album is gone, and the photo with it: now the upload gets its verdict
        store.uploads.delete(version)
        return Outcome.PUBLISHED
    return None


def _read(version: Version, attempt: Attempt, store: Store) -> Original | None:
    """Return the upload, or None where it is gone; what was given up on may be unreadable."""
    try:
        return store.uploads.read(version.key, version.version_id)
    except Exception as error:
        if not attempt.failures or is_storage_failure(error):
            raise
        return Original(**asdict(version), name="", delete_sha256="", guest="", uploader="")


def _publish(
    album: Album,
    attempt: Attempt,
    original: Original,
    store: Store,
    settings: Settings,
    report: Report,
    deadline: float,
) -> Outcome:
    gallery, photo_id = store.gallery, attempt.photo_id
    if album.state is not State.OPEN:
        raise Rejected(Reason.ALBUM_GONE)
    if original.archived:
        raise Rejected(Reason.ARCHIVED)
    if attempt.failures:
        raise Rejected(Reason.GIVEN_UP, attempt.failures[-1])
    if original.data is None:
        raise Rejected(Reason.TOO_LARGE, f"{original.size} bytes")
    digest = digest_of(album, original)
    if is_duplicate(digest, attempt, original, store, settings):
        return _leave_to_twin(attempt, original, store)
    picture = make_variants(
        original.data,
        sizes=settings.variant_sizes,
        formats=settings.variant_formats,
        limits=settings,
        deadline=deadline,
    )
    report.format = picture.format
    report.variants = len(picture.variants)
    report.bytes_out = sum(len(variant.data) for variant in picture.variants)
    report.milliseconds |= picture.milliseconds
    if monotonic() > deadline:
        raise TimeoutError("no time is left to store the variants; the event comes again")
    began = perf_counter()
    photo = photo_of(album, photo_id, original, picture)
    if not put_variants(photo, original, picture, store):
        if not has_another(original, photo, store):
            raise Rejected(Reason.ALREADY_PUBLISHED)
        store.attempts.forget(attempt)
        store.uploads.delete(original)
        return Outcome.REPLAYED
    photo, report.not_kept = keep_original(photo, album, original, picture.format, store)
    record = manifest(photo, original, store.uploads.name, picture, report.not_kept) | digest
    gallery.put_entry(photo, record)
    report.milliseconds["put"] = round((perf_counter() - began) * 1000, 1)
    store.attempts.end(attempt)
    # Whoever deletes writes the tombstone before looking for the entry; we look for the tombstone
    # after writing the entry. S3 is strongly consistent, so one of both sees the other.
    if gallery.is_deleted(album.slug, photo_id):
        return _unpublish(album.slug, photo_id, store, original)
    if yields_to_twin(photo, record, store, settings):
        return _leave_to_twin(attempt, original, store)
    _follow_album(without_other_originals(photo, store), store)
    store.uploads.delete(original)
    return Outcome.PUBLISHED


def _leave_to_twin(attempt: Attempt, original: Original, store: Store) -> Outcome:
    """Remove an upload whose verdict says which photo has its bytes."""
    store.attempts.end(attempt)
    store.gallery.remove_originals(attempt.album, attempt.photo_id)  # that a killed attempt kept
    store.uploads.delete(original)
    # As below: who deletes wrote the tombstone before looking for what there is to remove.
    if store.gallery.is_deleted(attempt.album, attempt.photo_id):
        return _unpublish(attempt.album, attempt.photo_id, store)
    return Outcome.DUPLICATE


def _reject(
    attempt: Attempt, original: Original, refusal: Rejected, store: Store, settings: Settings
) -> Outcome:
    """Write the verdict and set the original aside."""
    album, photo_id, reason = attempt.album, attempt.photo_id, refusal.reason
    record = verdict(album, photo_id, original, store.uploads.name, refusal, settings)
    store.gallery.put_json(keys.verdict_key(album, photo_id), record)
    store.attempts.end(attempt)
    if reason is not Reason.ALREADY_PUBLISHED:  # that photo may have its own
        store.gallery.remove_originals(album, photo_id)  # that a killed attempt kept
    moved = store.uploads.quarantine(original, album, photo_id, reason)
    # As above: who deletes wrote the tombstone before looking for what there is to remove.
    if store.gallery.is_deleted(album, photo_id):
        return _unpublish(album, photo_id, store)
    if not moved or reason is Reason.GIVEN_UP:
        store.attempts.give_up(attempt, original.key, reason, refusal.detail)
    return Outcome.REJECTED


def _follow_album(photo: Photo, store: Store) -> None:
    """Do what changed in the album while the picture was made ready.

    Whoever changes an album writes its record before looking for photos; the photo stands already,
    so one of both sees the other.
    """
    album = store.albums.read(photo.album)
    if album and album.state is not State.OPEN:
        store.gallery.remove(photo.album, photo.id)
        raise Rejected(Reason.ALBUM_GONE)
    if album:
        relocate(store.gallery, photo, as_its_album_is(photo, album))


def _unpublish(album: str, photo_id: str, store: Store, version: Version | None = None) -> Outcome:
    store.gallery.remove(album, photo_id)
    store.uploads.purge(album, photo_id)
    if version is not None:  # any other client's key is no photo id
        store.uploads.delete(version)
    return Outcome.DELETED
