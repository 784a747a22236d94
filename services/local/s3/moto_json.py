"""moto's models as JSON and back, by name and never by pickle.

A model becomes an object whose "$" is its class; only classes of `moto.s3.models` come back. Objects
and uploads are built by moto's own constructors first, so that an attribute that a newer moto adds
has its default.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.core.common_models import BaseModel
from moto.s3 import models
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, FakeMultipart, S3Backend
from moto.utilities.utils import LowercaseDict
from requests.structures import CaseInsensitiveDict

_MAPPINGS = {"CaseInsensitiveDict": CaseInsensitiveDict, "LowercaseDict": LowercaseDict}
# What of an object's model is worth keeping: the rest are locks, buffers and moto's own books.
_OBJECT_ATTRIBUTES = (
    *("last_modified", "acl", "website_redirect_location", "checksum_algorithm", "_storage_class"),
    *("_metadata", "_expiry", "_etag", "_is_versioned", "encryption", "kms_key_id"),
    *("bucket_key_enabled", "lock_mode", "lock_legal_status", "lock_until", "checksum_value"),
    *("checksum_type", "checksum_parts", "contentsize"),
)
_UPLOAD_LEFT_OUT = frozenset({"parts", "partlist", "account_id"})
_BUCKET_LEFT_OUT = frozenset({"keys", "multiparts", "account_id"})


class StoredBytes:
    """Stands in for an object's buffer, so that its bytes stay on disk and not in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def seek(self, offset: int) -> None:
        """Read from here next."""
        self._at = offset

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes, or the rest."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read(size)
        self._at += len(data)
        return data

    def close(self) -> None:
        """Do nothing: the folder removes the file."""


def encode(value: Any) -> Any:
    """Return a value of a model as JSON can hold it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return {"$": "datetime", "value": value.isoformat()}
    if isinstance(value, bytes):
        return {"$": "bytes", "value": value.decode("latin-1")}
    if type(value).__name__ in _MAPPINGS:
        items = {name: encode(item) for name, item in value.items()}
        return {"$": type(value).__name__, "value": items}
    if isinstance(value, Mapping):
        return {str(name): encode(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [encode(item) for item in value]
    if isinstance(value, BaseModel):
        return {"$": type(value).__name__, "value": encode(vars(value))}
    msg = f"moto holds a {type(value).__name__} that cannot be kept"
    raise TypeError(msg)


def decode(value: Any) -> Any:
    """Return what `encode` was given."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("$")
    if kind is None:
        return {name: decode(item) for name, item in value.items()}
    if kind == "datetime":
        return datetime.fromisoformat(value["value"])
    if kind == "bytes":
        return value["value"].encode("latin-1")
    if kind in _MAPPINGS:
        return _MAPPINGS[kind]({name: decode(item) for name, item in value["value"].items()})
    cls = getattr(models, kind)
    if not (isinstance(cls, type) and issubclass(cls, BaseModel)):
        msg = f"{kind} is no model of moto's S3"
        raise TypeError(msg)
    model = cls.__new__(cls)
    vars(model).update(decode(value["value"]))
    return model


def encode_version(version: FakeKey | FakeDeleteMarker) -> dict[str, Any]:
    """Return the record of an object's version or a delete marker."""
    record: dict[str, Any] = {"key": version.name, "version_id": version.version_id}
    if isinstance(version, FakeDeleteMarker):
        return record | {"delete_marker": True, "model": encode_vars(version, ("last_modified",))}
    version.etag  # noqa: B018  # computes it, once
    return record | {"size": version.size, "model": encode_vars(version, _OBJECT_ATTRIBUTES)}


def decode_version(
    record: dict[str, Any], data: Path | None, s3: S3Backend, bucket: str
) -> FakeKey | FakeDeleteMarker:
    """Return the model that a record speaks of, its bytes left on disk."""
    if "delete_marker" in record:
        marker: FakeDeleteMarker = object.__new__(FakeDeleteMarker)
        vars(marker).update(decode(record["model"]))
        # moto asks of `key` only whether it is a delete marker too; its constructor draws a new id.
        vars(marker).update(key=None, name=record["key"], _version_id=record["version_id"])
        return marker
    return decode_object(record, data, s3, name=record["key"], bucket=bucket)


def decode_object(
    record: dict[str, Any], data: Path | None, s3: S3Backend, *, name: Any, bucket: str | None
) -> FakeKey:
    """Return the model of an object or a part."""
    if data is None:
        raise ValueError("an object without bytes")
    attributes = decode(record["model"])
    model = FakeKey(
        name=name,
        value=b"",
        account_id=s3.account_id,
        region_name=s3.region_name,
        version_id=record.get("version_id"),
        bucket_name=bucket,
    )
    vars(model).update(attributes)
    keep_on_disk(model, data)
    return model


def keep_on_disk(model: FakeKey, data: Path) -> None:
    """Take an object's bytes out of memory: they are in that file."""
    model._value_buffer.close()  # noqa: SLF001  # moto has no other way to its bytes
    vars(model)["_value_buffer"] = StoredBytes(data)
    # Which parts an object was joined from is forgotten with their bytes.
    model.multipart = None


def encode_upload(upload: FakeMultipart) -> dict[str, Any]:
    """Return the record of a multipart upload in progress, without its parts."""
    names = [name for name in vars(upload) if name not in _UPLOAD_LEFT_OUT]
    return {"key": upload.key_name, "model": encode_vars(upload, names)}


def decode_upload(record: dict[str, Any], s3: S3Backend) -> FakeMultipart:
    """Return the model of a multipart upload, its parts still missing."""
    attributes = decode(record["model"])
    upload = FakeMultipart(record["key"], CaseInsensitiveDict(), s3.account_id, s3.region_name)
    vars(upload).update(attributes)
    return upload


def encode_part(part: FakeKey) -> dict[str, Any]:
    """Return the record of one part."""
    part.etag  # noqa: B018  # computes it, once
    return {"part": part.name, "size": part.size, "model": encode_vars(part, _OBJECT_ATTRIBUTES)}


def encode_bucket(bucket: FakeBucket) -> dict[str, Any]:
    """Return the record of a bucket: everything that was configured."""
    names = [name for name in vars(bucket) if name not in _BUCKET_LEFT_OUT]
    return {"bucket": bucket.name, "model": encode_vars(bucket, names)}


def decode_bucket(record: dict[str, Any], s3: S3Backend) -> FakeBucket:
    """Return the model of a bucket, still empty."""
    model = decode(record["model"])
    bucket = FakeBucket(  # type: ignore[abstract]  # moto's own way to make one
        model["name"], s3.account_id, model["region_name"]
    )
    vars(bucket).update(model)
    return bucket


def encode_vars(model: Any, names: Any) -> dict[str, Any]:
    """Return some of a model's attributes; one that it never got is left out."""
    return {name: encode(vars(model)[name]) for name in names if name in vars(model)}
