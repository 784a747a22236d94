"""The bucket that the gallery is: variants, index entries, verdicts and tombstones."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import groupby
from math import isqrt
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core import keys
from services.core.order import (
    ONE_MINUTE,
    Order,
    behind,
    day_of_key,
    key_at,
    number_of,
    position_at,
    position_in,
    position_of,
    prefix_of,
)
from services.core.photo import Photo
from services.core.settings import Settings
from services.core.variants import Format, original_type
from services.store.bucket import Bucket
from services.store.client import Written, conditionally, is_error
from services.store.signing import GetSigner

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

    from services.store.uploads import Version

logger = logging.getLogger(__name__)

SOURCE_METADATA = "source"
MOST_SCANNED = 10  # listings of a thousand photos that looking for a few of them may take
_ATTEMPTS = 5  # at writing what others change at the same time
_GUESSES = 40  # more than it takes to find a listing's worth among all the photos of all years
_MOST_LISTINGS_OF_MONTHS = 3  # there were 2,400 of them since photography began
# A variant never changes, so browsers need not ask again; but a deleted one must go from CDNs, which
# ask the bucket anew after ten minutes.
IMMUTABLE = "public, max-age=31536000, s-maxage=600, immutable"


class GalleryBucket(Bucket):
    """The bucket that variants, index entries, verdicts and tombstones are in."""

    def __init__(self, s3: "S3Client", settings: Settings, signer: GetSigner) -> None:
        super().__init__(s3, settings.gallery_bucket)
        self._base_url = settings.image_base_url
        self._originals_class = settings.originals_class
        self._signer = signer

    @property
    def origin(self) -> str:
        """The origin that the variants of open albums are shown from."""
        base = self._base_url
        return "/".join(base.split("/")[:3]) if base else self._signer.origin

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that variants are shown from, for a Content-Security-Policy."""
        return tuple(dict.fromkeys((self.origin, self._signer.origin)))

    def url(self, key: str) -> str:
        """Return the address that browsers load a variant from; a CDN reads `photos/` alone."""
        return self.urls()(key)

    def urls(self) -> Callable[[str], str]:
        """Return `url` for a page of many: credentials and time are looked up by the first."""
        signed = cache(self._signer.in_window)

        def url(key: str) -> str:
            if self._base_url and key.startswith(keys.PHOTO_PREFIX):
                return f"{self._base_url}/{key}"
            return signed()(key)

        return url

    def download_url(self, key: str, name: str) -> str:
        """Return the address that saves a variant under a file name."""
        return self._signer.url(key, download_as=name)

    def put_variant(self, key: str, data: bytes, format_: Format, *, source: str) -> bool:
        """Store a variant, cacheable for ever, and tell whether it stands there now.

        `source` says which upload it is made of. False, and nothing is written, where a variant of
        another upload has the key: what is published never changes.
        """
        stored = conditionally(
            lambda: self._s3.put_object(
                Bucket=self.name,
                Key=key,
                Body=data,
                ContentType=format_.content_type,
                CacheControl=IMMUTABLE,
                Metadata={SOURCE_METADATA: source},
                IfNoneMatch="*",
            )
        )
        if stored:
            return True
        standing = self._s3.head_object(Bucket=self.name, Key=key)
        return standing["Metadata"].get(SOURCE_METADATA) == source

    def keep_original(self, photo: Photo, upload: "Version", upload_bucket: str) -> bool:
        """Copy an upload to where its photo's original is kept; False where it is gone."""
        source: CopySourceTypeDef = {"Bucket": upload_bucket, "Key": upload.key}
        if upload.version_id:
            source["VersionId"] = upload.version_id
        return self._copy(
            source,
            photo.original_key,
            # What the uploader declared decides nothing, and who it was is in the manifest.
            MetadataDirective="REPLACE",
            **self._original_headers(photo),
        )

    def put_original(self, photo: Photo, data: bytes) -> None:
        """Store a photo's original, whose location was taken out."""
        self._s3.put_object(
            Bucket=self.name, Key=photo.original_key, Body=data, **self._original_headers(photo)
        )

    def _original_headers(self, photo: Photo) -> dict[str, Any]:
        extension = photo.original.extension if photo.original else ""
        return {
            "ContentType": original_type(extension),
            "CacheControl": "private, no-store",
            "StorageClass": self._originals_class,
        }

    def has_original(self, photo: Photo) -> bool:
        """Tell whether a photo's original is still kept."""
        return photo.original is not None and photo.original_key in self.listed(photo.original_key)

    def originals(self, album: str, photo_id: str) -> set[str]:
        """Return the keys of what is kept of a photo's original, told of by its entry or not."""
        return set(self.listed(keys.original_prefix(album, photo_id)))

    def remove_originals(self, album: str, photo_id: str) -> None:
        """Remove what is kept of a photo's original."""
        self.drop(*self.listed(keys.original_prefix(album, photo_id)))

    def put_tombstone(self, album: str, photo_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """Store a photo's tombstone unless it has one, and return the one that it has."""
        key = keys.tombstone_key(album, photo_id)
        if self.put_json(key, content, IfNoneMatch="*"):
            return content
        return self.get_json(key) or content

    def copy(self, source: str, key: str) -> bool:
        """Copy a variant or an original, headers and all; False where the source is gone."""
        storage = self._originals_class if key.startswith(keys.ORIGINAL_PREFIX) else "STANDARD"
        return self._copy({"Bucket": self.name, "Key": source}, key, StorageClass=storage)

    def _copy(self, source: "CopySourceTypeDef", key: str, **options: Any) -> bool:
        try:
            self._s3.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource=source,
                TaggingDirective="REPLACE",  # copying tags would take two rights more
                **options,
            )
        except ClientError as error:
            if is_error(error, "NoSuchKey", "NoSuchVersion", "404"):
                return False
            raise
        return True

    def remove_variants(self, album: str, photo_id: str, *, private: bool) -> None:
        """Remove the variants of a photo in one of the two places where they may be."""
        self.drop(*self.variants(album, photo_id, private=private))

    def remove_leftovers(self, album: str) -> None:
        """Remove the files under an album without photos: a delete that ended early left them."""
        for prefix in (
            keys.PHOTO_PREFIX,
            keys.PRIVATE_PREFIX,
            keys.ORIGINAL_PREFIX,
            keys.HASH_PREFIX,
        ):
            self.drop(*self.listed(f"{prefix}{album}/"))

    def put_entry(self, photo: Photo, manifest: dict[str, Any], **condition: Any) -> bool:
        """Store a photo's entry with its manifest, and after it the one by time.

        In this order: what ends in between leaves a photo that doing it again finds, and never one
        among those by time that does not exist. False, and nothing is written, where a condition
        (IfMatch, IfNoneMatch) does not hold.
        """
        if not self.put_json(photo.key(), manifest, **condition):
            return False
        self.put_by_time(photo)
        return True

    def put_by_time(self, photo: Photo) -> None:
        """Store a published photo's entry by time, unless somebody removes the photo meanwhile."""
        if not photo.pending:
            self._follow_by_time(photo, stands=True)

    def drop_entries(self, *entry_keys: str) -> None:
        """Remove entries of photos, those by time before them: what ends in between is done again."""
        for key in entry_keys:
            self._drop_entry(key, partial(self.drop, key))

    def drop_entry(self, key: str, version: str) -> bool:
        """Remove an entry if it still is the one with this ETag, and tell whether it is."""
        return self._drop_entry(key, partial(self.drop_unchanged, key, version))

    def _drop_entry(self, key: str, drop: Callable[[], Written]) -> Written:
        photo = Photo.from_key(key)
        if photo is None or photo.pending:
            return drop()
        self.drop(photo.taken_key())
        dropped = drop()
        self._follow_by_time(photo, stands=False)
        return dropped

    def _follow_by_time(self, photo: Photo, *, stands: bool) -> None:
        """Put or remove a photo's entry by time until its entry, looked at after that, agrees.

        Whoever puts or removes the entry does this after it. So of all who do so at once, the one that
        changes an entry by time last has seen how the entry ended.
        """
        while True:
            if stands:
                self.put_json(photo.taken_key(), {})
            else:
                self.drop(photo.taken_key())
            if (photo.key() in self.entry_keys(photo.album, photo.id)) is stands:
                return
            stands = not stands

    def page(
        self,
        album: str,
        after: str | None,
        limit: int,
        *,
        pending: bool = False,
        order: Order = Order.UPLOADED,
        twice: bool = False,
    ) -> tuple[list[Photo], str | None]:
        """Return at most `limit` photos, newest first, and the position of the next page, if any.

        One request to S3, whatever the number of photos. `after` is a position in that order.
        With `twice`, a photo that has two entries is there twice.
        """
        prefix = f"{keys.PENDING_PREFIX}{album}/" if pending else prefix_of(order, album)
        start = key_at(order, album, after).removeprefix(prefix_of(order, album)) if after else ""
        response = self._s3.list_objects_v2(
            Bucket=self.name,
            Prefix=prefix,
            MaxKeys=limit,
            # "0" is the byte after "/", so this comes after all entries of that photo.
            StartAfter=f"{prefix}{start}0" if after else prefix,
        )
        listed = [item["Key"] for item in response.get("Contents", [])]
        # Reprocessing writes a photo's new entry before it removes the old one: one is shown.
        photos = {p.key() if twice else p.id: p for p in photos_in(listed)}
        more = response.get("IsTruncated") and listed
        return list(photos.values()), position_in(order, listed[-1]) if more else None

    def newer(
        self, album: str, position: str, limit: int, *, order: Order = Order.UPLOADED
    ) -> tuple[list[Photo], bool]:
        """Return the at most `limit` photos just before a position, newest first, and if there are more.

        S3 lists forwards only. But positions are times, so a listing may begin at a guess: with the
        newest photo, and where a thousand photos do not reach, at positions between, found by bisection.
        """
        prefix = prefix_of(order, album)
        here, at = key_at(order, album, position), number_of(order, position)
        start, few, many = prefix, 0, None
        window = ONE_MINUTE[order]
        for _ in range(_GUESSES):
            listed = self._s3.list_objects_v2(Bucket=self.name, Prefix=prefix, StartAfter=start)
            found = [item["Key"] for item in listed.get("Contents", [])]
            newer = [key for key in found if key < here]
            reached = len(newer) < len(found) or not listed.get("IsTruncated")
            if reached and (len(newer) >= limit or start == prefix):
                photos = list({photo.id: photo for photo in photos_in(newer)}.values())
                return photos[-limit:], len(photos) > limit or start != prefix
            if start != prefix:
                few, many = (window, many) if reached else (few, window)
                window = _between(few, many) if many else window << 6
            start = key_at(order, album, position_at(order, at - window))
        return [], True

    def count(
        self,
        album: str,
        newer_than: str | None,
        most: int,
        wanted: Callable[[Photo], bool] | None = None,
        *,
        order: Order = Order.UPLOADED,
    ) -> tuple[int | None, int | None]:
        """Return how many photos an album has, or of those wanted, and how many are before a position.

        None stands for a number that is larger than `most`; a request to S3 for each thousand.
        """
        counted, unwanted, newer, last = 0, 0, 0, ""
        for item in self.objects(prefix_of(order, album)):
            position = position_in(order, item["Key"])
            if position == last:  # a second entry, while a photo is being reprocessed
                continue
            if counted == most:
                return None, None if last < (newer_than or "") else newer
            counted, last = counted + 1, position
            if wanted and not any(wanted(photo) for photo in photos_in([item["Key"]])):
                unwanted += 1
                continue
            newer += position < (newer_than or "")
        return counted - unwanted, newer

    def page_where(
        self,
        album: str,
        after: str | None,
        limit: int,
        wanted: Callable[[Photo], bool],
        *,
        pending: bool = False,
        order: Order = Order.UPLOADED,
    ) -> tuple[list[Photo], str | None]:
        """Return the first `limit` photos that are wanted, and the position behind which to go on.

        At most MOST_SCANNED listings of a thousand photos: where few are wanted there may be fewer
        than `limit`, or none, and still a position. It tells no id of a photo that is not wanted.
        """
        found: list[Photo] = []
        for _ in range(MOST_SCANNED):
            photos, after = self.page(album, after, 1000, pending=pending, order=order)
            found += [photo for photo in photos if wanted(photo)]
            if len(found) > limit or (len(found) == limit and after):
                return found[:limit], position_of(found[limit - 1], order)
            if after is None:
                break
        return found, after and behind(order, after)

    def dates(self, album: str) -> list[str]:
        """Return when an album's photos were taken, the latest first: months, such as 2026-07.

        Where these are few, their days, such as 2026-07-15, and where those are few, their hours,
        such as 2026-07-15T18. At most seven requests to S3, however many photos there are.
        """
        months = self._folders(prefix_of(Order.TAKEN, album))
        days = [day for month in months for day in self._folders(month)] if _few(months) else months
        hours = [hour for day in days for hour in self._folders(day)] if _few(days) else days
        return [day_of_key(folder) for folder in hours]

    def _folders(self, prefix: str) -> list[str]:
        """Return what lies directly below a prefix and ends in a slash, of three listings at most."""
        found: list[str] = []
        token: dict[str, Any] = {}
        for _ in range(_MOST_LISTINGS_OF_MONTHS):
            response = self._s3.list_objects_v2(
                Bucket=self.name, Prefix=prefix, Delimiter="/", **token
            )
            found += [item["Prefix"] for item in response.get("CommonPrefixes", [])]
            if not response.get("IsTruncated"):
                break
            token = {"ContinuationToken": response["NextContinuationToken"]}
        return found

    def photos(
        self, album: str, photo_ids: Iterable[str], *, pending: bool = False
    ) -> dict[str, Photo]:
        """Return those of an album's photos that are published, or hidden, by id."""
        prefix = f"{keys.PENDING_PREFIX if pending else keys.INDEX_PREFIX}{album}/"
        found = self.find(prefix, photo_ids)
        return {photo.id: photo for photo in photos_in(found.values())}

    def write_caption(self, album: str, photo_id: str, text: str) -> bool:
        """Write a published photo's caption into its manifest; False where there is no such photo.

        A relocation puts the new entry before it reads once more what it takes along: so one of both
        sees the other, as all entries that stand get the text. (Reprocessing in the same instant may
        write what it read before.)
        """
        written: set[str] = set()
        for _ in range(_ATTEMPTS):
            listed = {
                key
                for pending in (False, True)
                for key in self.entry_keys(album, photo_id, pending=pending)
            }
            if listed <= written:
                return bool(listed)
            for key in listed - written:
                record = self.get_record(key)
                if record and self.put_json(key, record[0] | {"caption": text}, IfMatch=record[1]):
                    written.add(key)
        return False

    def index(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield album and id of each published photo with the keys of its entries.

        There are two only while a photo is being reprocessed, or where that was cut short.
        """
        listed = (item["Key"] for item in self.objects(keys.INDEX_PREFIX))
        for place, found in groupby(listed, key=lambda key: key.split("/")[1:3]):
            if len(place) == 2:
                yield place[0], place[1], list(found)

    def entry_keys(self, album: str, photo_id: str, *, pending: bool = False) -> list[str]:
        """Return the keys of a photo's entries; see `index`."""
        return list(self.listed(keys.entry_prefix(album, photo_id, pending=pending)))

    def variants(self, album: str, photo_id: str, *, private: bool = False) -> dict[str, int]:
        """Return key → bytes of what stands of a photo's variants, listed in its entry or not."""
        return self.listed(keys.variants_prefix(album, photo_id, private=private))

    def recent_verdicts(self, most: int) -> list[dict[str, Any]]:
        """Return some of the newest verdicts, whatever their album."""
        listed = self._s3.list_objects_v2(Bucket=self.name, Prefix=keys.VERDICT_PREFIX)
        items = sorted(listed.get("Contents", []), key=lambda item: item["LastModified"])
        read = [self.get_json(item["Key"]) for item in items[: -most - 1 : -1]]
        return [verdict for verdict in read if verdict]

    def verdicts(self, album: str, photo_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the verdicts on those uploads that were rejected."""
        found = self.find(f"{keys.VERDICT_PREFIX}{album}/", photo_ids)
        read = {id_: self.get_json(key) for id_, key in found.items()}
        return {id_: verdict for id_, verdict in read.items() if verdict}

    def tombstones(self, album: str, photo_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return what is kept of those photos that a person deleted."""
        found = self.find(f"{keys.TOMBSTONE_PREFIX}{album}/", photo_ids)
        return {id_: self.get_json(key) or {} for id_, key in found.items()}

    def deleted(self, album: str, photo_ids: Iterable[str]) -> set[str]:
        """Return those photos that a person deleted."""
        return set(self.find(f"{keys.TOMBSTONE_PREFIX}{album}/", photo_ids))

    def is_deleted(self, album: str, photo_id: str) -> bool:
        """Tell whether a person deleted this photo; cheaper than `deleted` for one."""
        return self.get_bytes(keys.tombstone_key(album, photo_id)) is not None

    def published_version(self, album: str, photo_id: str) -> str | None:
        """Return the version of the upload that a photo was made of, published or pending."""
        photo = self.photos(album, [photo_id]).get(photo_id) or self.photos(
            album, [photo_id], pending=True
        ).get(photo_id)
        return _source_version(self.get_json(photo.key())) if photo else None

    def rejected_version(self, album: str, photo_id: str) -> str | None:
        """Return the version of the upload that the verdict under a photo id is about."""
        return _source_version(self.get_json(keys.verdict_key(album, photo_id)))

    def remove(self, album: str, photo_id: str) -> None:
        """Remove a photo: its entries first, so that nothing half removed is ever seen."""
        for pending in (False, True):
            self.drop_entries(*self.entry_keys(album, photo_id, pending=pending))
        for prefix in (
            keys.variants_prefix(album, photo_id),
            keys.variants_prefix(album, photo_id, private=True),
            keys.original_prefix(album, photo_id),
        ):
            self.drop(*self.listed(prefix))
        self.drop(keys.verdict_key(album, photo_id))


def _few(folders: list[str]) -> bool:
    """Tell whether a request for each is worth its price."""
    return len(folders) <= _MOST_LISTINGS_OF_MONTHS


def _between(few: int, many: int) -> int:
    """Return a window between two: of orders of magnitude the middle one, so that it is found soon."""
    if not few:
        return many >> 12
    return isqrt(few * many) if many > 4 * few else (few + many) // 2


def _source_version(record: dict[str, Any] | None) -> str | None:
    return record["source"]["version"] if record else None


def photos_in(listed: Iterable[str]) -> Iterator[Photo]:
    """Yield the photos whose entries have these keys; those of an unknown form get one log line."""
    unknown = []
    for key in listed:
        if photo := Photo.from_key(key):
            yield photo
        else:
            unknown.append(key)
    if unknown:
        logger.warning(
            "entries of an unknown form", extra={"entries": len(unknown), "first": unknown[0]}
        )
