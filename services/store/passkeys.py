"""Passkeys in the gallery bucket: public keys, by the SHA-256 of their credential's id."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.store.client import is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PASSKEY_PREFIX = "passkeys/"
FORM = 1


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key that signs an owner in; `name` is the owner's."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created: str  # ISO 8601

    @property
    def id(self) -> str:
        """What its object is called: hexadecimal SHA-256."""
        return passkey_id(self.credential_id)


def passkey_id(credential_id: bytes) -> str:
    """Return what a credential's object is called."""
    return hashlib.sha256(credential_id).hexdigest()


class Passkeys:
    """The objects under `passkeys/`."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, passkey: Passkey) -> None:
        """Store a passkey, or how often it has signed."""
        content = {
            "form": FORM,
            "credential_id": base64.b64encode(passkey.credential_id).decode(),
            "public_key": base64.b64encode(passkey.public_key).decode(),
            "sign_count": passkey.sign_count,
            "name": passkey.name,
            "created": passkey.created,
        }
        self._s3.put_object(
            Bucket=self._bucket,
            Key=PASSKEY_PREFIX + passkey.id,
            Body=json.dumps(content, ensure_ascii=False).encode(),
            ContentType="application/json",
            CacheControl="no-store",
        )

    def get(self, id_: str) -> Passkey | None:
        """Return a passkey, or None where there is none of a known form."""
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=PASSKEY_PREFIX + id_)["Body"]
        except ClientError as error:
            if is_error(error, "NoSuchKey", "404"):
                return None
            raise
        with body:
            content: dict[str, Any] = json.loads(body.read())
        if content.get("form") != FORM:
            return None
        return Passkey(
            base64.b64decode(content["credential_id"]),
            base64.b64decode(content["public_key"]),
            content["sign_count"],
            content["name"],
            content["created"],
        )

    def all(self) -> list[Passkey]:
        """Return every passkey."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=PASSKEY_PREFIX)
        ids = [item["Key"].removeprefix(PASSKEY_PREFIX) for item in listed.get("Contents", [])]
        return [passkey for id_ in ids if (passkey := self.get(id_))]

    def remove(self, id_: str) -> None:
        """Remove a passkey."""
        self._s3.delete_object(Bucket=self._bucket, Key=PASSKEY_PREFIX + id_)
