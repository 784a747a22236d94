"""The bucket that browsers upload to: originals on their way, and the quarantine."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError

from services.core import keys
from services.core.reasons import Reason
from services.core.settings import Settings
from services.store.bucket import Bucket
from services.store.client import is_error, is_storage_failure
from services.store.signing import GetSigner

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CopySourceTypeDef

FORM_ROOM = 4  # times the largest upload that a form without JavaScript may send
NAME_METADATA = "name"
DELETE_METADATA = "delete-sha256"
GUEST_METADATA = "guest"
UPLOADER_METADATA = "uploader"
BROWSER_METADATA = "browser"
APPROVED_METADATA = "approved"
SOURCE_METADATA = "source"


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a key, as S3 lists it; `version_id` is None in a bucket without versions."""

    key: str
    version_id: str | None
    etag: str
    size: int
    modified: datetime

    @property
    def version(self) -> str:
        """What tells this content from any other under the same key."""
        return self.version_id or self.etag


@dataclass(frozen=True, slots=True)
class Original(Version):
    """An upload as S3 holds it; `data` is None where it is larger than what may be read."""

    name: str
    delete_sha256: str
    guest: str  # the name that who uploaded it gave
    uploader: str  # the link or key that it came by
    browser: str = ""  # the browser that sent it
    approved: bool = False  # it came from somebody who may publish what waits
    data: bytes | None = None
    archived: bool = False  # only its headers can be read


class UploadBucket(Bucket):
    """The bucket that browsers upload to."""

    def __init__(self, s3: "S3Client", settings: Settings, signer: GetSigner) -> None:
        super().__init__(s3, settings.upload_bucket)
        self.origin = signer.origin  # that browsers post to, for a Content-Security-Policy
        self._settings = settings

    def presign_post(
        self,
        album: str,
        photo_id: str,
        *,
        content_type: str,
        name: str,
        delete_sha256: str,
        guest: str = "",
        uploader: str = "",
        browser: str = "",
        approved: bool = False,
        source: str = "",
        redirect: str = "",
    ) -> tuple[str, dict[str, str]]:
        """Return the address and the fields of the form that uploads one picture.

        The policy fixes key, content type, metadata and the response of S3: 201, or a redirect.
        """
        carried = {
            NAME_METADATA: quote(keys.bounded_name(name)),
            DELETE_METADATA: delete_sha256,
            GUEST_METADATA: quote(keys.bounded_guest(guest)),
            UPLOADER_METADATA: uploader,
            BROWSER_METADATA: browser,
            APPROVED_METADATA: "yes" if approved else "",
            SOURCE_METADATA: source,  # by which a local queue is fair
        }
        fields = {"Content-Type": content_type}
        # Empty ones are left out: not every S3 keeps those.
        fields |= {f"x-amz-meta-{key}": value for key, value in carried.items() if value}
        if redirect:
            fields["success_action_redirect"] = redirect
        else:
            fields["success_action_status"] = "201"
        conditions: list[Any] = [{field: value} for field, value in fields.items()]
        # What S3 refuses of a plain form is an XML page: an empty or a large file rather gets a
        # verdict, in words. Scripts know both beforehand.
        most = self._settings.max_upload_bytes
        bounds = [0, FORM_ROOM * most] if redirect else [1, most]
        conditions.append(["content-length-range", *bounds])
        post = self._s3.generate_presigned_post(
            self.name,
            keys.upload_key(album, photo_id),
            Fields=fields,
            Conditions=conditions,
            ExpiresIn=self._settings.upload_expires_seconds,
        )
        return post["url"], post["fields"]

    def read(self, key: str, version_id: str | None = None) -> Original | None:
        """Return the upload with its bytes, or None where there is none (any more)."""
        version: Any = {"VersionId": version_id} if version_id else {}
        try:
            response = self._s3.get_object(Bucket=self.name, Key=key, **version)
        except ClientError as error:
            if is_error(error, "NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"):
                return None
            if is_error(error, "InvalidObjectState"):
                head = self._s3.head_object(Bucket=self.name, Key=key, **version)
                return replace(_original(key, head, None), archived=True)
            raise
        with response["Body"] as body:
            fits = response["ContentLength"] <= self._settings.max_upload_bytes
            return _original(key, response, body.read() if fits else None)

    def head(self, album: str, photo_id: str) -> Original | None:
        """Return the upload that waits under a photo id, without its bytes, or None."""
        key = keys.upload_key(album, photo_id)
        try:
            return _original(key, self._s3.head_object(Bucket=self.name, Key=key), None)
        except ClientError as error:
            if is_error(error, "404", "NoSuchKey"):
                return None
            raise

    def versions(self, key: str) -> list[Version]:
        """Return every content that is stored under a key, the oldest first."""
        return list(self._versions(key, key))[::-1]

    def delete(self, original: Version) -> None:
        """Remove exactly this version; a newer upload under the same key stays."""
        if original.version_id:
            self._s3.delete_object(
                Bucket=self.name, Key=original.key, VersionId=original.version_id
            )
            return
        try:
            self._s3.delete_object(Bucket=self.name, Key=original.key, IfMatch=original.etag)
        except ClientError as error:
            if not is_error(error, "PreconditionFailed", "NoSuchKey", "404", "412"):
                raise

    def purge(self, album: str, photo_id: str) -> None:
        """Remove for good what came under a photo id: every version, in quarantine too."""
        self._remove_versions(keys.upload_key(album, photo_id), keys.upload_key(album, photo_id))
        self._remove_versions(keys.quarantine_prefix(album, photo_id))

    def quarantine(self, original: Original, album: str, photo_id: str, reason: Reason) -> bool:
        """Move an original to where the bucket's lifecycle ends it; the key says why.

        False where S3 will never copy it, as from an archive or of more than 5 GB: then it stays.
        """
        source: CopySourceTypeDef = {"Bucket": self.name, "Key": original.key}
        if original.version_id:
            source["VersionId"] = original.version_id
        try:
            self._s3.copy_object(
                Bucket=self.name,
                Key=keys.quarantine_prefix(album, photo_id) + reason,
                CopySource=source,
                # Copying the tags that another client gave it would take two rights more.
                TaggingDirective="REPLACE",
            )
        except ClientError as error:
            if is_error(error, "NoSuchKey", "NoSuchVersion", "404"):
                return True  # a person deleted it meanwhile
            if original.archived or not is_storage_failure(error):
                return False
            raise
        self.delete(original)
        return True

    def waiting(self, older_than: datetime) -> Iterator[Version]:
        """Yield each upload, every version, last modified before a moment."""
        for version in self._versions(keys.UPLOAD_PREFIX):
            if version.modified <= older_than and keys.is_upload_key(version.key):
                yield version

    def present(self, album: str, photo_ids: Iterable[str]) -> dict[str, str]:
        """Return the keys of those uploads that wait under one of the photo ids."""
        return self.find(f"{keys.UPLOAD_PREFIX}{album}/", photo_ids)

    def _versions(self, prefix: str, key: str | None = None) -> Iterator[Version]:
        """Yield what is stored under a prefix, or under one key, by key and newest first."""
        for page in self._version_pages(prefix):
            for item in page.get("Versions", []):
                if key is None or item["Key"] == key:
                    yield Version(
                        item["Key"],
                        _version_id(item),
                        item["ETag"],
                        item["Size"],
                        item["LastModified"],
                    )
            # The key itself is the first of all that begin with it.
            if key is not None and page.get("NextKeyMarker", key) != key:
                return

    def _remove_versions(self, prefix: str, key: str | None = None) -> None:
        for page in self._version_pages(prefix):
            for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                if key not in (None, item["Key"]):
                    continue
                if version_id := _version_id(item):
                    self._s3.delete_object(Bucket=self.name, Key=item["Key"], VersionId=version_id)
                else:
                    self.drop(item["Key"])

    def _version_pages(self, prefix: str) -> Iterator[Any]:
        paginator = self._s3.get_paginator("list_object_versions")
        yield from paginator.paginate(Bucket=self.name, Prefix=prefix)


def _original(key: str, response: Any, data: bytes | None) -> Original:
    metadata = response.get("Metadata", {})
    return Original(
        key=key,
        version_id=_version_id(response),
        etag=response["ETag"],
        size=response["ContentLength"],
        modified=response["LastModified"],
        # A key of any other client is its own file name.
        name=keys.bounded_name(unquote(metadata.get(NAME_METADATA, "")))
        or keys.name_of_upload_key(key),
        delete_sha256=metadata.get(DELETE_METADATA, ""),
        guest=keys.bounded_guest(unquote(metadata.get(GUEST_METADATA, ""))),
        uploader=_token(metadata.get(UPLOADER_METADATA, "")),
        browser=_token(metadata.get(BROWSER_METADATA, "")),
        approved=metadata.get(APPROVED_METADATA) == "yes",
        data=data,
    )


def _token(text: str) -> str:
    return re.sub(r"[^\w-]", "", text, flags=re.ASCII)[:22]


def _version_id(response: Any) -> str | None:
    version_id: str | None = response.get("VersionId")
    return None if version_id == "null" else version_id
