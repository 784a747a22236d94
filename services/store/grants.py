"""Grants in the gallery bucket: checking one is one request."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.core.grants import GRANT_PREFIX, USED_PREFIX, Grant, Kind, grant_prefix, used_key
from services.store.bucket import Bucket

logger = logging.getLogger(__name__)


class Grants:
    """The objects under `grants/`, and under `used/` when each was used last."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def get(self, id_: str) -> Grant | None:
        """Return the grant of a token's SHA-256, or None; of two, the one that lasts longer."""
        found = _parsed(self._keys(id_))
        return max(found, key=lambda grant: grant.ends, default=None)

    def put(self, grant: Grant, details: dict[str, Any]) -> None:
        """Store a grant; `details` are what its owner is shown of it."""
        self._bucket.put_json(grant.key(), details)

    def details(self, grant: Grant) -> dict[str, Any]:
        """Return what was stored with a grant; nothing where it was withdrawn meanwhile."""
        return self._bucket.get_json(grant.key()) or {}

    def label_of(self, start: str) -> str:
        """Return the label of the grant whose id begins so; empty where it was withdrawn."""
        found = _parsed(self._bucket.listed(GRANT_PREFIX + start))
        return str(self.details(found[0]).get("label", "")) if found else ""

    def withdraw(self, id_: str) -> None:
        """Remove a grant, and whatever `extend` put meanwhile."""
        while keys := self._keys(id_):
            self._bucket.drop(*keys)

    def extend(self, grant: Grant, longer: Grant) -> None:
        """Let a grant last longer, unless it was withdrawn.

        The new object stands before the old one is looked for, and `withdraw` looks for more after
        it removed what it knew: one of both sees the other. Of several who do it in the same second,
        whose key would be the same, the first goes on.
        """
        if not self._bucket.put_json(longer.key(), self.details(grant), IfNoneMatch="*"):
            return
        stands = grant.key() in self._keys(grant.id)
        self._bucket.drop((grant if stands else longer).key())

    def use_up(self, id_: str) -> bool:
        """Mark a one-time token as used and tell whether nobody had: of any number, one wins."""
        return self._bucket.put_json(used_key(id_), {}, IfNoneMatch="*") is not None

    def touch(self, id_: str) -> None:
        """Note that a grant is used now."""
        self._bucket.put_json(used_key(id_), {})

    def has_owner(self) -> bool:
        """Tell whether somebody is signed in as an owner; a request to S3 for each thousand grants."""
        now = datetime.now(UTC)
        listed = (Grant.from_key(item["Key"]) for item in self._bucket.objects(GRANT_PREFIX))
        return any(one and one.kind is Kind.OWNER and one.ends > now for one in listed)

    def all(self) -> list[Grant]:
        """Return every grant; those of an unknown form get one log line."""
        return _parsed(item["Key"] for item in self._bucket.objects(GRANT_PREFIX))

    def last_used(self) -> dict[str, datetime]:
        """Return when each grant was used last, by its id."""
        used = self._bucket.objects(USED_PREFIX)
        return {item["Key"].removeprefix(USED_PREFIX): item["LastModified"] for item in used}

    def _keys(self, id_: str) -> list[str]:
        return list(self._bucket.listed(grant_prefix(id_)))


def _parsed(keys: Iterable[str]) -> list[Grant]:
    parsed = [Grant.from_key(key) for key in keys]
    if unknown := parsed.count(None):
        logger.warning("grants of an unknown form", extra={"grants": unknown})
    return [grant for grant in parsed if grant]
