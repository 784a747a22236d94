"""Passkeys in the gallery bucket: public keys, by the SHA-256 of their credential's id."""

import base64
import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

from services.store.bucket import Bucket

PASSKEY_PREFIX = "passkeys/"
FORM = 1
_BYTES = ("credential_id", "public_key")  # in base64


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


def _record(passkey: Passkey) -> dict[str, Any]:
    content = asdict(passkey)
    for name in _BYTES:
        content[name] = base64.b64encode(content[name]).decode()
    return {"form": FORM, **content}


class Passkeys:
    """The objects under `passkeys/`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, passkey: Passkey) -> None:
        """Store a passkey."""
        self._bucket.put_json(PASSKEY_PREFIX + passkey.id, _record(passkey))

    def count(self, passkey: Passkey, signatures: int) -> bool:
        """Note how often a passkey has signed; False where it was removed or has signed meanwhile."""
        key = PASSKEY_PREFIX + passkey.id
        found = self._bucket.get_record(key)
        if found is None or found[0] != _record(passkey):
            return False
        counted = _record(replace(passkey, sign_count=signatures))
        return self._bucket.put_json(key, counted, IfMatch=found[1]) is not None

    def get(self, id_: str) -> Passkey | None:
        """Return a passkey, or None where there is none of a known form."""
        content = self._bucket.get_json(PASSKEY_PREFIX + id_) or {}
        if content.pop("form", None) != FORM:
            return None
        return Passkey(**content | {name: base64.b64decode(content[name]) for name in _BYTES})

    def all(self) -> list[Passkey]:
        """Return every passkey."""
        listed = self._bucket.listed(PASSKEY_PREFIX)
        return [found for key in listed if (found := self.get(key.removeprefix(PASSKEY_PREFIX)))]

    def remove(self, id_: str) -> None:
        """Remove a passkey."""
        self._bucket.drop(PASSKEY_PREFIX + id_)
