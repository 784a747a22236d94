"""How often each upload was tried: small objects that no crash of function or machine can lose.

Each attempt puts an object before it begins and removes it when the upload has ended. That of one
that failed gets the error; that of one that ended its process stays without.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from services.core import keys
from services.core.reasons import Reason
from services.store.bucket import Bucket
from services.store.client import is_storage_failure

MAX_ATTEMPTS = 5  # an event's three and those of two sweeps

SWEEP_AGAIN_AFTER = (10, 60, 300, 600)
"""Seconds from an upload's first, second, … attempt to a sweep's next. A machine that is short of
memory or of time for a quarter of an hour costs no good picture, however often it sweeps."""

LONGEST_ATTEMPT = timedelta(minutes=3)
"""An attempt that is older than this is over; the resize function's timeout is two minutes."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an upload; `failures` has the errors of all before, once they are enough."""

    album: str
    photo_id: str
    number: int
    failures: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Where it is counted."""
        return f"{keys.attempts_prefix(self.album, self.photo_id)}{self.number}"


@dataclass(frozen=True, slots=True)
class Tried:
    """How often an upload was tried, and when last."""

    times: int
    last: datetime

    @property
    def again(self) -> datetime:
        """From when a sweep may try it again; for what is over there is nothing to wait for."""
        waits = SWEEP_AGAIN_AFTER[self.times - 1 : self.times]
        return self.last + timedelta(seconds=sum(waits))


class AttemptRecords:
    """The objects under `attempts/`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def begin(self, album: str, photo_id: str) -> Attempt:
        """Count an attempt; it has `failures` where the upload is not to be tried any more."""
        for number in count(1):
            if number > MAX_ATTEMPTS:
                over = tuple(self._failures(album, photo_id))
                if len(over) >= MAX_ATTEMPTS:
                    return Attempt(album, photo_id, number, over)
            attempt = Attempt(album, photo_id, number)
            if self._bucket.put_json(attempt.key, {}, IfNoneMatch="*"):
                break
        return attempt

    def fail(self, attempt: Attempt, error: Exception) -> None:
        """Note why an attempt failed; a failure of the storage does not count."""
        if is_storage_failure(error):
            self.forget(attempt)
        else:
            why = f"{type(error).__name__}: {error}"[:1000]
            self._bucket.put_json(attempt.key, {"error": why})

    def forget(self, attempt: Attempt) -> None:
        """Count an attempt no more: what failed had nothing to do with the upload."""
        self._bucket.drop(attempt.key)

    def end(self, attempt: Attempt) -> None:
        """Forget the attempts at an upload that has ended."""
        numbers = range(1, attempt.number + 1)
        self._bucket.drop(*(Attempt(attempt.album, attempt.photo_id, n).key for n in numbers))

    def give_up(self, attempt: Attempt, upload: str, reason: Reason, detail: str) -> None:
        """Note that an upload, by its key, was given up on: no sweep tries it again."""
        note = {"upload": upload, "reason": reason, "detail": detail}
        self._bucket.put_json(keys.given_up_key(attempt.album, attempt.photo_id), note)

    def tried(self) -> tuple[dict[str, Tried], dict[str, str]]:
        """Return by photo id how each upload was tried, and the keys of what `give_up` notes."""
        tried: dict[str, Tried] = {}
        given_up: dict[str, str] = {}
        for item in self._bucket.objects(keys.ATTEMPT_PREFIX):
            photo_id, at = item["Key"].split("/")[2], item["LastModified"]
            before = tried.get(photo_id, Tried(0, at))
            tried[photo_id] = Tried(before.times + 1, max(before.last, at))
            if item["Key"].endswith(keys.GIVEN_UP):
                given_up[photo_id] = item["Key"]
        return tried, given_up

    def _failures(self, album: str, photo_id: str) -> Iterator[str]:
        """Yield the errors of the attempts that are over."""
        for item in self._bucket.objects(keys.attempts_prefix(album, photo_id)):
            note = self._bucket.get_json(item["Key"]) or {}
            if "error" in note:
                yield note["error"]
            elif datetime.now(UTC) - item["LastModified"] > LONGEST_ATTEMPT:
                yield "it ended the function that read it"
