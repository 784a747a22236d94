"""The bucket that the gallery is: variants, originals, verdicts and tombstones, and the index."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.core import keys
from services.core.photo import Photo
from services.core.settings import Settings
from services.core.variants import Format, original_type
from services.store.client import conditionally, is_error
from services.store.index import IndexedBucket
from services.store.signing import GetSigner

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

    from services.store.uploads import Version

SOURCE_METADATA = "source"
# A variant never changes, so browsers need not ask again; but a deleted one must go from CDNs, which
# ask the bucket anew after ten minutes.
IMMUTABLE = "public, max-age=31536000, s-maxage=600, immutable"


class GalleryBucket(IndexedBucket):
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

    def variants(self, album: str, photo_id: str, *, private: bool = False) -> dict[str, int]:
        """Return key → bytes of what stands of a photo's variants, listed in its entry or not."""
        return self.listed(keys.variants_prefix(album, photo_id, private=private))

    def recent_verdicts(self, most: int) -> list[dict[str, Any]]:
        """Return some of the newest verdicts, whatever their album."""
        listed = self.listing(keys.VERDICT_PREFIX)
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


def _source_version(record: dict[str, Any] | None) -> str | None:
    return record["source"]["version"] if record else None
