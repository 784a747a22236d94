"""Grants in the gallery bucket: checking one is one request."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core.grants import GRANT_PREFIX, USED_PREFIX, Grant, grant_prefix, used_key
from services.store.client import is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


class Grants:
    """The objects under `grants/`, and under `used/` when each was used last."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, id_: str) -> Grant | None:
        """Return the grant of a token's SHA-256, or None; of two, the one that lasts longer."""
        found = self._parsed(self._keys(id_))
        return max(found, key=lambda grant: grant.ends, default=None)

    def put(self, grant: Grant, details: dict[str, Any]) -> None:
        """Store a grant; `details` are what its owner is shown of it."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=grant.key(),
            Body=json.dumps(details, ensure_ascii=False).encode(),
            ContentType="application/json",
            CacheControl="no-store",
        )

    def details(self, grant: Grant) -> dict[str, Any]:
        """Return what was stored with a grant; nothing where it was withdrawn meanwhile."""
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=grant.key())["Body"]
        except ClientError as error:
            if is_error(error, "NoSuchKey", "404"):
                return {}
            raise
        with body:
            content: dict[str, Any] = json.loads(body.read())
        return content

    def label_of(self, start: str) -> str:
        """Return the label of the grant whose id begins so; empty where it was withdrawn."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=GRANT_PREFIX + start)
        found = self._parsed(item["Key"] for item in listed.get("Contents", []))
        return str(self.details(found[0]).get("label", "")) if found else ""

    def withdraw(self, id_: str) -> None:
        """Remove a grant, and whatever `extend` put meanwhile."""
        while keys := self._keys(id_):
            for key in keys:
                self._s3.delete_object(Bucket=self._bucket, Key=key)

    def extend(self, grant: Grant, longer: Grant) -> None:
        """Let a grant last longer, unless it was withdrawn.

        The new object stands before the old one is looked for, and `withdraw` looks for more after
        it removed what it knew: one of both sees the other.
        """
        self.put(longer, self.details(grant))
        if grant.key() in self._keys(grant.id):
            self._s3.delete_object(Bucket=self._bucket, Key=grant.key())
        else:
            self._s3.delete_object(Bucket=self._bucket, Key=longer.key())

    def use_up(self, id_: str) -> bool:
        """Mark a one-time token as used and tell whether nobody had: of any number, one wins."""
        try:
            self._s3.put_object(Bucket=self._bucket, Key=used_key(id_), IfNoneMatch="*")
        except ClientError as error:
            if is_error(error, "PreconditionFailed", "412"):
                return False
            raise
        return True

    def touch(self, id_: str) -> None:
        """Note that a grant is used now."""
        self._s3.put_object(Bucket=self._bucket, Key=used_key(id_))

    def all(self) -> list[Grant]:
        """Return every grant; those of an unknown form get one log line."""
        return self._parsed(key for key, _ in self._listed(GRANT_PREFIX))

    def last_used(self) -> dict[str, datetime]:
        """Return when each grant was used last, by its id."""
        return {key.removeprefix(USED_PREFIX): moment for key, moment in self._listed(USED_PREFIX)}

    def _keys(self, id_: str) -> list[str]:
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=grant_prefix(id_))
        return [item["Key"] for item in listed.get("Contents", [])]

    def _listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"], item["LastModified"]

    def _parsed(self, keys: Any) -> list[Grant]:
        found, unknown = [], []
        for key in keys:
            if grant := Grant.from_key(key):
                found.append(grant)
            else:
                unknown.append(key)
        if unknown:
            logger.warning("grants of an unknown form", extra={"grants": len(unknown)})
        return found
