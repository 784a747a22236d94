"""The index: photos' entries, and those by time that keep step with them."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

from services.core import keys
from services.core.photo import Photo
from services.store.bucket import Bucket
from services.store.client import Written

logger = logging.getLogger(__name__)

_ATTEMPTS = 5  # at writing what others change at the same time


class IndexedBucket(Bucket):
    """A bucket with photos' entries in it: published and pending ones, and the published by time."""

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
