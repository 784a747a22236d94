"""How much the gallery has taken, and whether it takes more: tallied from keys alone.

The sweep tallies everything once an hour and keeps the result; each resize function, at most once a
minute, brings the part of the album it works for up to date. So a budget is exceeded by no more than
what arrives in a minute in one album, or in an hour over all of them.
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core import keys
from services.core.photo import bytes_in_key
from services.core.reasons import Reason
from services.core.settings import Settings
from services.store.client import is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

USAGE_PREFIX = "usage/"
TALLY_KEY = f"{USAGE_PREFIX}tally.json"
PAUSED_PREFIX = "paused/"
BY_OWNER = f"{PAUSED_PREFIX}owner"  # whoever may write to the bucket pauses uploads by this object
TOTAL = f"{PAUSED_PREFIX}total"
DAY = f"{PAUSED_PREFIX}day/"  # and the date

BUDGETS = ("photos_a_day", "bytes_a_day", "photos_in_total", "bytes_in_total")  # settings

TALLY_EVERY = timedelta(hours=1)
LOOK_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class Usage:
    """What an album has: photos and bytes of their variants, in all and of today's uploads.

    Of today's uploads those count too that ended in quarantine.
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

    def __init__(self, s3: "S3Client", settings: Settings) -> None:
        self._s3 = s3
        self._uploads = settings.upload_bucket
        self._gallery = settings.gallery_bucket
        self._looked = -LOOK_EVERY_SECONDS

    def pause(self, now: datetime) -> Reason | None:
        """Return why no uploads are taken, or None where they are; one request to S3."""
        listed = {key for key, _ in self._listed(self._gallery, PAUSED_PREFIX)}
        if BY_OWNER in listed:
            return Reason.PAUSED
        if TOTAL in listed:
            return Reason.GALLERY_IS_FULL
        return Reason.DAY_IS_FULL if _day_key(now) in listed else None

    def set_paused(self, *, paused: bool) -> None:
        """Pause uploads, or take them again as far as the budgets allow."""
        if paused:
            self._put(BY_OWNER, b"")
        else:
            self._s3.delete_object(Bucket=self._gallery, Key=BY_OWNER)

    def tally(self, settings: Settings, now: datetime) -> Tally:
        """Tally all albums unless that was done within TALLY_EVERY, and pause or resume uploads."""
        kept = self.kept()
        if kept and kept.moment.date() == now.date() and now - kept.moment < TALLY_EVERY:
            return kept
        tally = Tally(now)
        for prefix in (keys.INDEX_PREFIX, keys.PENDING_PREFIX):
            _count(tally, self._listed(self._gallery, prefix), now)
        _count(tally, self._listed(self._uploads, keys.QUARANTINE_PREFIX), now)
        self._put(TALLY_KEY, _written(tally))
        for key, _ in list(self._listed(self._gallery, PAUSED_PREFIX)):
            if key not in (BY_OWNER, _day_key(now)):
                self._s3.delete_object(Bucket=self._gallery, Key=key)
        self._judge(tally, settings)
        return tally

    def look(self, album: str, settings: Settings, now: datetime) -> None:
        """Pause uploads where what came today in an album spends a budget; seldom does anything."""
        if time.monotonic() - self._looked < LOOK_EVERY_SECONDS:
            return
        self._looked = time.monotonic()
        tally = self.tally(settings, now) if (kept := self.kept()) is None else kept
        fresh = Tally(now)
        newest = (
            self._todays(self._gallery, f"{keys.INDEX_PREFIX}{album}/", now),
            self._todays(self._gallery, f"{keys.PENDING_PREFIX}{album}/", now),
            self._todays(self._uploads, f"{keys.QUARANTINE_PREFIX}{album}/", now),
        )
        for listed in newest:
            _count(fresh, listed, now)
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
        self._judge(tally, settings)

    def _judge(self, tally: Tally, settings: Settings) -> None:
        if (
            tally.total("photos_today") >= settings.photos_a_day
            or tally.total("bytes_today") >= settings.bytes_a_day
        ):
            self._put(_day_key(tally.moment), b"")
        if (
            tally.total("photos") >= settings.photos_in_total
            or tally.total("bytes") >= settings.bytes_in_total
        ):
            self._put(TOTAL, b"")

    def _todays(self, bucket: str, prefix: str, now: datetime) -> Iterator[tuple[str, int]]:
        """Yield what lies under an album's prefix with an id of today: newest first, so soon over."""
        end = prefix + _midnight_id(now)
        for key, size in self._listed(bucket, prefix):
            if key >= end:
                return
            yield key, size

    def _listed(self, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"], item["Size"]

    def kept(self) -> Tally | None:
        """Return the last tally, or None before the first."""
        try:
            body = self._s3.get_object(Bucket=self._gallery, Key=TALLY_KEY)["Body"]
        except ClientError as error:
            if is_error(error, "NoSuchKey", "404"):
                return None
            raise
        with body:
            record = json.loads(body.read())
        albums = {album: Usage(**usage) for album, usage in record["albums"].items()}
        return Tally(datetime.fromisoformat(record["moment"]), albums)

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._gallery, Key=key, Body=body)


def _count(tally: Tally, listed: Iterable[tuple[str, int]], now: datetime) -> None:
    """Add what the listed keys say; of an entry its key says how many bytes, else its size does."""
    midnight, last = _midnight_id(now), ""
    for key, size in listed:
        prefix, _, rest = key.partition("/")
        album, photo_id, *_ = (*rest.split("/", 2), "")
        if not keys.is_photo_id(photo_id):
            continue
        usage = tally.albums.setdefault(album, Usage())
        quarantined = f"{prefix}/" == keys.QUARANTINE_PREFIX
        again = photo_id == last  # a second entry while a photo is being reprocessed
        stored = size if quarantined else bytes_in_key(key)
        last = photo_id
        if again:
            continue
        if not quarantined:
            usage.photos += 1
            usage.bytes += stored
        if photo_id < midnight:
            usage.photos_today += 1
            usage.bytes_today += stored


def _written(tally: Tally) -> bytes:
    albums: dict[str, Any] = {album: asdict(usage) for album, usage in tally.albums.items()}
    return json.dumps({"moment": tally.moment.isoformat(), "albums": albums}).encode()


def _day_key(now: datetime) -> str:
    return f"{DAY}{now.astimezone(UTC):%Y-%m-%d}"


def _midnight_id(now: datetime) -> str:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return keys.first_photo_id(midnight - timedelta(milliseconds=1))
