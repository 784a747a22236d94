"""One bucket: what all that is kept in it is read, written and listed by."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.store.client import conditionally, is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef

MAX_LISTINGS = 3  # of one kind in one request: neighbours, an older bunch, and a single one


class TooFarApartError(ValueError):
    """The photos lie so far apart that finding them would take too many listings."""


class Bucket:
    """A bucket and the client that reaches it."""

    def __init__(self, s3: "S3Client", name: str) -> None:
        self._s3 = s3
        self.name = name

    def get_bytes(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        found = self._get(key)
        return found[0] if found else None

    def get_json(self, key: str) -> dict[str, Any] | None:
        """Return what a JSON object holds, or None where there is none."""
        found = self.get_record(key)
        return found[0] if found else None

    def get_record(self, key: str) -> tuple[dict[str, Any], str] | None:
        """Return what a JSON object holds, and its ETag."""
        found = self._get(key)
        return (json.loads(found[0]), found[1]) if found else None

    def put_json(self, key: str, content: dict[str, Any], **condition: Any) -> str | None:
        """Store a JSON object and return its ETag.

        None, and nothing is written, where a condition (IfMatch, IfNoneMatch) does not hold.
        """

        def put() -> str:
            return self._s3.put_object(
                Bucket=self.name,
                Key=key,
                Body=json.dumps(content, ensure_ascii=False).encode(),
                ContentType="application/json",
                CacheControl="no-store",
                **condition,
            )["ETag"]

        return conditionally(put) if condition else put()

    def listing(self, prefix: str, **options: Any) -> "ListObjectsV2OutputTypeDef":
        """Return S3's answer to one request for what is below a prefix: at most a thousand objects."""
        return self._s3.list_objects_v2(Bucket=self.name, Prefix=prefix, **options)

    def objects(self, prefix: str) -> Iterator["ObjectTypeDef"]:
        """Yield what S3 lists under a prefix, by key; a request for each thousand."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def listed(self, prefix: str) -> dict[str, int]:
        """Return key → bytes of the first thousand objects under a prefix."""
        response = self.listing(prefix)
        return {item["Key"]: item["Size"] for item in response.get("Contents", [])}

    def drop(self, *keys: str) -> None:
        """Remove objects, if they are there."""
        for key in keys:
            self._s3.delete_object(Bucket=self.name, Key=key)

    def drop_unchanged(self, key: str, version: str) -> bool:
        """Remove an object if it still is the one with this ETag, and tell whether it was."""
        deleted = conditionally(
            lambda: self._s3.delete_object(Bucket=self.name, Key=key, IfMatch=version)
        )
        return deleted is not None

    def check(self, prefix: str) -> None:
        """Raise unless the bucket can be listed there."""
        self.listing(prefix, MaxKeys=1)

    def find(self, prefix: str, photo_ids: Iterable[str]) -> dict[str, str]:
        """Return photo id → first key for those ids that have an object under `prefix`.

        Ids in one request are mostly neighbours, so one listing of up to 1,000 keys finds them.
        Raises TooFarApartError where more than MAX_LISTINGS would be needed: each costs money.
        """
        ids = sorted(set(photo_ids))
        found: dict[str, str] = {}
        for _ in range(MAX_LISTINGS):
            if not ids:
                return found
            if len(ids) == 1:
                response = self.listing(prefix + ids[0], MaxKeys=1)
            else:
                # One character less sorts just before the first id.
                start = prefix + ids[0][:-1]
                response = self.listing(prefix, StartAfter=start)
            listed = [item["Key"][len(prefix) :] for item in response.get("Contents", [])]
            wanted = set(ids)
            for name in listed:
                if (photo_id := name[: len(ids[0])]) in wanted:
                    found.setdefault(photo_id, prefix + name)
            covered = listed[-1] if response.get("IsTruncated") and len(ids) > 1 else "~"
            ids = [photo_id for photo_id in ids if photo_id > covered]
        if ids:
            raise TooFarApartError
        return found

    def _get(self, key: str) -> tuple[bytes, str] | None:
        try:
            response = self._s3.get_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if is_error(error, "NoSuchKey", "404"):
                return None
            raise
        with response["Body"] as body:
            return body.read(), response["ETag"]
