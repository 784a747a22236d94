"""The bucket that the gallery is: variants, index entries, verdicts and tombstones."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core import keys
from services.core.settings import Settings
from services.core.variants import Format
from services.store.client import is_error
from services.store.listing import find_by_photo_id
from services.store.signing import GetSigner

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SOURCE_METADATA = "source"
IMMUTABLE = "public, max-age=31536000, immutable"


class GalleryBucket:
    """The bucket that variants, index entries, verdicts and tombstones are in."""

    def __init__(self, s3: "S3Client", settings: Settings, signer: GetSigner) -> None:
        self._s3 = s3
        self.name = settings.gallery_bucket
        self._base_url = settings.image_base_url
        self._signer = signer

    @property
    def origin(self) -> str:
        """The origin that variants are shown from, for a Content-Security-Policy."""
        base = self._base_url
        return "/".join(base.split("/")[:3]) if base else self._signer.origin

    def url(self, key: str) -> str:
        """Return the address that browsers load a variant from."""
        return f"{self._base_url}/{key}" if self._base_url else self._signer.url(key)

    def download_url(self, key: str, name: str) -> str:
        """Return the address that saves a variant under a file name."""
        return self._signer.url(key, download_as=name)

    def put_variant(self, key: str, data: bytes, format_: Format, *, source: str) -> bool:
        """Store a variant, cacheable for ever, and tell whether it stands there now.

        `source` says which upload it is made of. False, and nothing is written, where a variant of
        another upload has the key: what is published never changes.
        """
        try:
            self._s3.put_object(
                Bucket=self.name,
                Key=key,
                Body=data,
                ContentType=format_.content_type,
                CacheControl=IMMUTABLE,
                Metadata={SOURCE_METADATA: source},
                IfNoneMatch="*",
            )
        except ClientError as error:
            if not is_error(error, "PreconditionFailed", "412"):
                raise
            standing = self._s3.head_object(Bucket=self.name, Key=key)
            return standing["Metadata"].get(SOURCE_METADATA) == source
        return True

    def put_json(self, key: str, content: dict[str, Any]) -> None:
        """Store a manifest, a verdict or a tombstone."""
        self._s3.put_object(
            Bucket=self.name,
            Key=key,
            Body=json.dumps(content, ensure_ascii=False).encode(),
            ContentType="application/json",
            CacheControl="no-store",
        )

    def get_json(self, key: str) -> dict[str, Any] | None:
        """Return a manifest, a verdict or a tombstone, or None where there is none."""
        body = self._read(key)
        if body is None:
            return None
        content: dict[str, Any] = json.loads(body)
        return content

    def page(self, after: str | None, limit: int) -> tuple[list[keys.IndexEntry], str | None]:
        """Return at most `limit` photos, newest first, and the cursor of the next page, if any.

        One request to S3, whatever the number of photos. `after` is a photo id.
        """
        answer = self._s3.list_objects_v2(
            Bucket=self.name,
            Prefix=keys.INDEX_PREFIX,
            MaxKeys=limit,
            StartAfter=keys.index_cursor(after) if after else keys.INDEX_PREFIX,
        )
        listed = [item["Key"] for item in answer.get("Contents", [])]
        # Reprocessing writes a photo's new entry before it removes the old one: one is shown.
        entries = {entry.id: entry for key in listed if (entry := keys.IndexEntry.from_key(key))}
        following = listed[-1].split("/")[1] if answer.get("IsTruncated") and listed else None
        return list(entries.values()), following

    def entries(self, photo_ids: Iterable[str]) -> dict[str, keys.IndexEntry]:
        """Return the index entries of those photos that are published."""
        found = find_by_photo_id(self._s3, self.name, keys.INDEX_PREFIX, photo_ids)
        parsed = {id_: keys.IndexEntry.from_key(key) for id_, key in found.items()}
        return {id_: entry for id_, entry in parsed.items() if entry}

    def index(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each published photo's id with the keys of its entries, newest photo first.

        There are two only while a photo is being reprocessed, or where that was cut short.
        """
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=keys.INDEX_PREFIX
        )
        listed = (item["Key"] for page in pages for item in page.get("Contents", []))
        for photo_id, found in groupby(listed, key=lambda key: key.split("/")[1]):
            yield photo_id, list(found)

    def entry_keys(self, photo_id: str) -> list[str]:
        """Return the keys of a photo's entries; see `index`."""
        return list(self._listed(keys.index_prefix(photo_id)))

    def drop_entry(self, key: str) -> None:
        """Remove one entry of a photo that has a newer one."""
        self._s3.delete_object(Bucket=self.name, Key=key)

    def variants(self, photo_id: str) -> dict[str, int]:
        """Return key → bytes of what stands of a photo's variants, listed in its entry or not."""
        return self._listed(f"{keys.PHOTO_PREFIX}{photo_id}/")

    def read_variant(self, key: str) -> bytes | None:
        """Return a variant's bytes, or None where there is none."""
        return self._read(key)

    def verdicts(self, photo_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the verdicts on those uploads that were rejected."""
        found = find_by_photo_id(self._s3, self.name, keys.VERDICT_PREFIX, photo_ids)
        read = {id_: self.get_json(key) for id_, key in found.items()}
        return {id_: verdict for id_, verdict in read.items() if verdict}

    def deleted(self, photo_ids: Iterable[str]) -> set[str]:
        """Return those photos that a person deleted."""
        return set(find_by_photo_id(self._s3, self.name, keys.TOMBSTONE_PREFIX, photo_ids))

    def remove(self, photo_id: str) -> None:
        """Remove a photo: the index entry first, so that nothing half removed is ever seen."""
        for prefix in (keys.index_prefix(photo_id), f"{keys.PHOTO_PREFIX}{photo_id}/"):
            for key in self._listed(prefix):
                self._s3.delete_object(Bucket=self.name, Key=key)
        self._s3.delete_object(Bucket=self.name, Key=keys.verdict_key(photo_id))

    def check(self) -> None:
        """Raise unless the bucket answers."""
        self._s3.list_objects_v2(Bucket=self.name, Prefix=keys.INDEX_PREFIX, MaxKeys=1)

    def _listed(self, prefix: str) -> dict[str, int]:
        """Return key → bytes of the few objects under a prefix of one photo."""
        listed = self._s3.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return {item["Key"]: item["Size"] for item in listed.get("Contents", [])}

    def _read(self, key: str) -> bytes | None:
        try:
            body = self._s3.get_object(Bucket=self.name, Key=key)["Body"]
        except ClientError as error:
            if is_error(error, "NoSuchKey", "404"):
                return None
            raise
        with body:
            return body.read()
