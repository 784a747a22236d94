"""How much the gallery has taken, and whether it takes more: tallied from keys alone.

The sweep tallies everything once an hour and keeps the result; each resize function, at most once a
minute, brings the part of the album it works for up to date. So a budget is exceeded by no more than
what arrives in a minute in one album, or in an hour over all of them.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from services.core import keys
from services.core.photo import bytes_in_key
from services.core.reasons import Reason
from services.core.settings import Settings
from services.store.bucket import Bucket

USAGE_PREFIX = "usage/"
TALLY_KEY = f"{USAGE_PREFIX}tally.json"
PAUSED_PREFIX = "paused/"
BY_OWNER = f"{PAUSED_PREFIX}owner"  # whoever may write to the bucket pauses uploads by this object
TOTAL = f"{PAUSED_PREFIX}total"
DAY = f"{PAUSED_PREFIX}day/"  # and the date

# What is tallied → the setting that bounds it.
BUDGETS = {
    "photos_today": "photos_a_day",
    "bytes_today": "bytes_a_day",
    "photos": "photos_in_total",
    "bytes": "bytes_in_total",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TALLY_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=60)


@dataclass(slots=True)
class Usage:
    """What an album has: photos and bytes kept of them, in all and of today's uploads.

    Of today's uploads those count too that ended in quarantine or were deleted.
    """

    photos: int = 0
    bytes: int = 0
    photos_today: int = 0
    bytes_today: int = 0


@dataclass(slots=True)
class Tally:
    """What each album has, as of a moment."""

    moment: datetime
    albums: dict[str, Usage] = field(default_factory=dict)

    def total(self, name: str) -> int:
        """Return one of Usage's numbers over all albums."""
        return sum(getattr(usage, name) for usage in self.albums.values())


class Budget:
    """Tallies, and pauses uploads where a budget is spent."""

    def __init__(self, uploads: Bucket, gallery: Bucket) -> None:
        self._uploads = uploads
        self._gallery = gallery
        self._looked = datetime.min.replace(tzinfo=UTC)

    def pause(self, now: datetime) -> Reason | None:
        """Return why no uploads are taken, or None where they are; one request to S3."""
        listed = self._gallery.listed(PAUSED_PREFIX)
        if BY_OWNER in listed:
            return Reason.PAUSED
        if TOTAL in listed:
            return Reason.GALLERY_IS_FULL
        return Reason.DAY_IS_FULL if _day_key(now) in listed else None

    def set_paused(self, *, paused: bool) -> None:
        """Pause uploads, or take them again as far as the budgets allow."""
        if paused:
            self._gallery.put_json(BY_OWNER, {})
        else:
            self._gallery.drop(BY_OWNER)

    def tally(self, settings: Settings, now: datetime) -> Tally:
        """Tally all albums unless that was done within TALLY_EVERY, and pause or resume uploads."""
        kept = self.kept()
        if kept and kept.moment.date() == now.date() and now - kept.moment < TALLY_EVERY:
            return kept
        tally = Tally(now)
        for bucket, prefix in self._counted():
            _count(tally, bucket.objects(prefix), now, settings)
        albums = {album: asdict(usage) for album, usage in tally.albums.items()}
        self._gallery.put_json(TALLY_KEY, {"moment": now.isoformat(), "albums": albums})
        paused = self._pause_where_spent(tally, settings)
        self._gallery.drop(*set(self._gallery.listed(PAUSED_PREFIX)) - paused - {BY_OWNER})
        return tally

    def look(self, album: str, settings: Settings, now: datetime) -> None:
        """Pause uploads where what came today in an album spends a budget; seldom does anything."""
        # Not by the monotonic clock: it stands still while Lambda has the process frozen.
        if timedelta() <= now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        tally = self.tally(settings, now) if (kept := self.kept()) is None else kept
        fresh, end = Tally(now), _midnight_id(now)
        for bucket, prefix in self._counted():
            # Ids are times, the newest first, so what is of today is soon over.
            newest = takewhile(
                lambda item: item["Key"].split("/")[2] < end, bucket.objects(f"{prefix}{album}/")
            )
            _count(fresh, newest, now, settings)
        today, before = fresh.albums.get(album, Usage()), tally.albums.get(album, Usage())
        if tally.moment.date() != now.date():
            for usage in tally.albums.values():
                usage.photos_today = usage.bytes_today = 0
        tally.albums[album] = Usage(
            before.photos - before.photos_today + today.photos,
            before.bytes - before.bytes_today + today.bytes,
            today.photos_today,
            today.bytes_today,
        )
        tally.moment = now
        self._pause_where_spent(tally, settings)

    def kept(self) -> Tally | None:
        """Return the last tally, or None before the first."""
        record = self._gallery.get_json(TALLY_KEY)
        if record is None:
            return None
        albums = {album: Usage(**usage) for album, usage in record["albums"].items()}
        return Tally(datetime.fromisoformat(record["moment"]), albums)

    def _counted(self) -> tuple[tuple[Bucket, str], ...]:
        return (
            (self._gallery, keys.INDEX_PREFIX),
            (self._gallery, keys.PENDING_PREFIX),
            (self._gallery, keys.TOMBSTONE_PREFIX),  # or who deletes could go on for ever
            (self._uploads, keys.QUARANTINE_PREFIX),
        )

    def _pause_where_spent(self, tally: Tally, settings: Settings) -> set[str]:
        today = _day_key(tally.moment)
        keys_ = {
            today if name.endswith("_today") else TOTAL
            for name, most in BUDGETS.items()
            if tally.total(name) >= getattr(settings, most)
        }
        for key in keys_:
            self._gallery.put_json(key, {})
        return keys_


def _count(tally: Tally, listed: Iterable[Any], now: datetime, settings: Settings) -> None:
    """Add what S3 listed; of an entry its key says how many bytes, of all else its size."""
    midnight, last = _midnight_id(now), ""
    originals_since = _EPOCH + max(now - _EPOCH - timedelta(settings.originals_days), timedelta(0))
    without_original = keys.first_photo_id(originals_since)
    for item in listed:
        parts: list[str] = item["Key"].split("/", 3)
        prefix, album, photo_id = (*parts, "", "")[:3]
        if photo_id == last or not keys.is_photo_id(photo_id):
            continue  # a second entry while a photo is being reprocessed
        last = photo_id
        usage = tally.albums.setdefault(album, Usage())
        shown = f"{prefix}/" in (keys.INDEX_PREFIX, keys.PENDING_PREFIX)
        kept = photo_id < without_original
        stored = bytes_in_key(item["Key"], with_original=kept) if shown else item["Size"]
        if shown:
            usage.photos += 1
            usage.bytes += stored
        if photo_id < midnight:
            usage.photos_today += 1
            usage.bytes_today += stored


def _day_key(now: datetime) -> str:
    return f"{DAY}{now.astimezone(UTC):%Y-%m-%d}"


def _midnight_id(now: datetime) -> str:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return keys.first_photo_id(midnight - timedelta(milliseconds=1))
