"""Album records in the gallery bucket: read, list, and changed only by whoever read the latest."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from services.core import albums
from services.core.albums import MAIN, Album
from services.core.keys import MAIN_ALBUM
from services.store.bucket import Bucket

logger = logging.getLogger(__name__)


class AlbumChangedError(Exception):
    """Somebody else changed the album, or made one of that name, meanwhile."""


class UnreadableAlbumError(Exception):
    """There is an album of that name, and nobody here can tell who may see it."""


class AlbumRecords:
    """The records under `albums/`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def get(self, slug: str) -> Album | None:
        """Return an album, or None where none can be read; the main one is even without a record."""
        try:
            return self.read(slug)
        except UnreadableAlbumError:
            return None

    def read(self, slug: str) -> Album | None:
        """Return an album, or None where there is none; the main one is even without a record.

        Raises UnreadableAlbumError for a record of another form, which may be a private album's.
        """
        try:
            record = self._bucket.get_record(albums.album_key(slug))
        except ValueError:  # it is no JSON
            album = None
        else:
            if record is None:
                return MAIN if slug == MAIN_ALBUM else None
            album = albums.album_from_record(slug, *record)
        if album is None:
            logger.warning("album record of an unknown form", extra={"album": slug})
            raise UnreadableAlbumError(slug)
        return album

    def versions(self) -> Iterator[tuple[str, str]]:
        """Yield slug and ETag of each record, by slug."""
        for item in self._bucket.objects(albums.ALBUM_PREFIX):
            if slug := albums.slug_of_key(item["Key"]):
                yield slug, item["ETag"]

    def save(self, album: Album) -> Album:
        """Store an album and return it with its new version.

        Raises AlbumChangedError where the record is not the one that it was read from any more.
        """
        condition = {"IfMatch": album.version} if album.version else {"IfNoneMatch": "*"}
        version = self._bucket.put_json(albums.album_key(album.slug), album.record(), **condition)
        if version is None:
            raise AlbumChangedError
        return replace(album, version=version)
