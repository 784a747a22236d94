"""Album records in the gallery bucket: read, list, and changed only by whoever read the latest."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core.albums import (
    ALBUM_PREFIX,
    MAIN,
    Album,
    album_from_record,
    album_key,
    slug_of_key,
)
from services.core.keys import MAIN_ALBUM
from services.store.client import is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


class AlbumChangedError(Exception):
    """Somebody else changed the album, or made one of that name, meanwhile."""


class AlbumRecords:
    """The records under `albums/`."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, slug: str) -> Album | None:
        """Return an album, or None where there is none; the main one always is."""
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=album_key(slug))
        except ClientError as error:
            if not is_error(error, "NoSuchKey", "404"):
                raise
            return MAIN if slug == MAIN_ALBUM else None
        with response["Body"] as body:
            content = json.loads(body.read())
        album = album_from_record(slug, content, response["ETag"])
        if album is None:
            logger.warning("album record of an unknown form", extra={"album": slug})
        return album

    def versions(self) -> Iterator[tuple[str, str]]:
        """Yield slug and ETag of each record, by slug."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=ALBUM_PREFIX
        )
        for page in pages:
            for item in page.get("Contents", []):
                if slug := slug_of_key(item["Key"]):
                    yield slug, item["ETag"]

    def save(self, album: Album) -> Album:
        """Store an album and return it with its new version.

        Raises AlbumChangedError where the record is not the one that it was read from any more.
        """
        condition: dict[str, Any] = (
            {"IfMatch": album.version} if album.version else {"IfNoneMatch": "*"}
        )
        try:
            response = self._s3.put_object(
                Bucket=self._bucket,
                Key=album_key(album.slug),
                Body=json.dumps(album.record(), ensure_ascii=False).encode(),
                ContentType="application/json",
                CacheControl="no-store",
                **condition,
            )
        except ClientError as error:
            if is_error(error, "PreconditionFailed", "412", "NoSuchKey", "404"):
                raise AlbumChangedError from error
            raise
        return replace(album, version=response["ETag"])
