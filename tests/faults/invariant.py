"""The invariant: nothing that was accepted is ever lost.

At any instant, for every accepted upload, either the original exists, or all its variants and its
index entry exist and decode (and what the entry says is kept of the original), or a person deleted
it, or another photo has its bytes.
"""

import io
from typing import TYPE_CHECKING, Any

import boto3
from PIL import Image

from services.core import keys
from services.core.photo import Photo
from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.publish import Report, process
from services.store import Store
from services.store.budget import TALLY_KEY
from services.store.client import make_s3
from tests.events import soon

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Buckets:
    """Looks into both buckets, past everything that the product itself would use to look."""

    def __init__(self, store: Store, settings: Settings, session: boto3.Session) -> None:
        self.store = store
        self.settings = settings
        self.s3: S3Client = make_s3(settings, session)

    def put(self, key: str, data: bytes, **metadata: str) -> str:
        """Store an upload and return its version id."""
        put = self.s3.put_object(
            Bucket=self.settings.upload_bucket, Key=key, Body=data, Metadata=metadata
        )
        return put.get("VersionId", "")

    def clear(self) -> None:
        """Delete every version of every object."""
        for bucket in (self.settings.upload_bucket, self.settings.gallery_bucket):
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
            for page in pages:
                found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                for item in found:
                    self.s3.delete_object(
                        Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"]
                    )

    def process(self, key: str, version_id: str | None = None) -> Report:
        """Do what an upload's event triggers."""
        event = UploadEvent(self.settings.upload_bucket, key, version_id)
        return process(event, self.store, self.settings, deadline=soon())

    def manifest(self, photo_id: str) -> dict[str, Any]:
        """Return a photo's manifest."""
        entry = self.store.gallery.photos("main", [photo_id])[photo_id]
        return self.store.gallery.get_json(entry.key()) or {}

    def image(self, key: str) -> Image.Image:
        """Return a variant, decoded."""
        body = self.s3.get_object(Bucket=self.settings.gallery_bucket, Key=key)["Body"].read()
        image = Image.open(io.BytesIO(body))
        image.load()
        return image

    def versions(self) -> dict[str, list[str]]:
        """Return what is in the upload bucket: key → the version ids of all its contents."""
        found: dict[str, list[str]] = {}
        for page in self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.settings.upload_bucket
        ):
            for item in page.get("Versions", []):
                found.setdefault(item["Key"], []).append(item["VersionId"])
        return found

    def gallery(self) -> list[str]:
        """Return all keys in the gallery bucket but the tally's."""
        return [
            item["Key"]
            for page in self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.settings.gallery_bucket
            )
            for item in page.get("Contents", [])
            if item["Key"] != TALLY_KEY
        ]

    def index(self) -> set[Photo | None]:
        """Return the photos that have an entry."""
        return {Photo.from_key(key) for key in self.gallery() if key.startswith(keys.INDEX_PREFIX)}

    def by_time(self) -> set[Photo | None]:
        """Return the photos that have an entry by when they were taken."""
        return {Photo.from_key(key) for key in self.gallery() if key.startswith(keys.TAKEN_PREFIX)}

    def published(self) -> dict[str, str]:
        """Return the photos whose entry and variants are all there: photo id → source version.

        Those that wait for approval count: nobody lost them.
        Fails where an entry stands without one of its variants, or one that does not decode, and
        where one by time stands without the other.
        """
        found = {}
        assert not self.by_time() - self.index()
        for key in self.gallery():
            if not key.startswith((keys.INDEX_PREFIX, keys.PENDING_PREFIX)):
                continue
            manifest = self.store.gallery.get_json(key)
            assert manifest is not None, key
            assert manifest["id"] not in found, "two entries of one photo"
            assert len(manifest["variants"]) >= 2
            for variant in manifest["variants"]:
                assert self.image(variant["key"]).size == (variant["width"], variant["height"])
            photo = Photo.from_key(key)
            assert photo is not None
            if photo.original:
                kept = self.store.gallery.get_bytes(photo.original_key)
                assert len(kept or b"") == photo.original.bytes
                if photo.original.located:
                    assert len(kept or b"") == manifest["source"]["bytes"]
            found[manifest["id"]] = manifest["source"]["version"]
        return found

    def twin(self, key: str) -> str | None:
        """Return the photo that a verdict on a duplicate names."""
        if not key.startswith(keys.VERDICT_PREFIX):
            return None
        return (self.store.gallery.get_json(key) or {}).get("of")

    def assert_nothing_lost(self, key: str, versions: list[str]) -> None:
        """Fail unless each version is still an original, published, in quarantine or deleted."""
        left = self.versions()
        waiting = left.get(key, [])
        published = set(self.published().values())
        gallery = self.gallery()
        quarantined = [name for name in left if name.startswith(keys.QUARANTINE_PREFIX)]
        kept = sum(len(left[name]) for name in quarantined)
        gone = [v for v in versions if v not in waiting and v not in published]
        deleted = [name for name in gallery if name.startswith(keys.TOMBSTONE_PREFIX)]
        # Of a duplicate a mark is in quarantine, and no bytes: they are those of the photo that it names.
        standing = self.published()
        assert all(twin in standing for name in gallery if (twin := self.twin(name))) or deleted
        assert len(gone) <= kept or deleted, f"{gone} lost; gallery: {gallery}, uploads: {left}"
        if gone and not deleted:
            assert [name for name in gallery if name.startswith(keys.VERDICT_PREFIX)]
