"""Uploads, events, crashes, deletes, sweeps and clocks in any order, against a model."""

import contextlib
import os
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from services.core import keys
from services.core.settings import Settings
from services.imaging import Picture, make_variants
from services.imaging.child import ChildError
from services.local.provision import provision_buckets
from services.resize import publish
from services.resize.handler import RetryNeededError, handle
from services.store import Store, attempts
from services.store.attempts import MAX_ATTEMPTS
from services.web.gallery import Gallery, delete_sha256
from tests import pictures
from tests.events import SCHEDULED, s3_event, soon
from tests.faults.invariant import Buckets
from tests.object_store import ObjectStore

GOOD = [pictures.jpeg(30 + n, 20) for n in range(3)]
BAD = b"not a picture"
POISON = pictures.jpeg(33, 20)  # makes whatever reads it fail, each time otherwise
TOKEN = "the uploader's"
PROFILE, UPLOADS = {
    "quick": (settings(max_examples=25, stateful_step_count=20), 200),
    "soak": (settings(max_examples=300, stateful_step_count=50), 1000),
}[os.environ.get("FAULTS", "quick")]


class CrashError(BaseException):
    """The process ends here; nothing may catch it."""


ERRORS = (
    *(ValueError, OverflowError, RecursionError, KeyError, AssertionError, UnicodeDecodeError),
    *(OSError, TimeoutError, MemoryError, ChildError, StopIteration, CrashError),
)


class AnyOrder(RuleBasedStateMachine):
    """The model knows which versions were accepted and what people deleted; S3 knows the rest."""

    events = Bundle("events")
    server: ClassVar[ObjectStore]
    session: ClassVar[boto3.Session]

    def __init__(self) -> None:
        super().__init__()
        uploads, gallery = self.server.buckets()
        self.settings = Settings(
            upload_bucket=uploads,
            gallery_bucket=gallery,
            s3_endpoint_url=self.server.url,
            variant_sizes=(40,),
            sweep_after_seconds=0,
        )
        provision_buckets(self.settings, self.session, ["http://gallery.test"])
        self.store = Store.connect(self.settings, self.session)
        self.buckets = Buckets(self.store, self.settings, self.session)
        self.accepted: dict[str, list[str]] = {}  # key → version ids
        self.bad: set[str] = set()  # version ids that cannot become photos
        self.deleted: set[str] = set()  # photo ids
        self.crashes: Counter[str] = Counter()  # by key
        self.error: type[BaseException] = ValueError
        publish.make_variants = self._make_variants  # type: ignore[attr-defined] # until the test is over
        self.crash_at: int | None = None
        self.calls = 0
        meta = self.store.uploads._s3.meta.events
        meta.register("before-call.s3", self._count)
        meta.register("after-call.s3", self._count)

    def _count(self, **_: Any) -> None:
        self.calls += 1
        if self.crash_at is not None and self.calls == self.crash_at:
            raise CrashError

    def _make_variants(self, data: bytes, **options: Any) -> Picture:
        if data == POISON:
            raise self.error.__new__(self.error)
        return make_variants(data, **options)

    def _put(self, key: str, data: bytes) -> str:
        put = self.buckets.s3.put_object(
            Bucket=self.settings.upload_bucket,
            Key=key,
            Body=data,
            Metadata={"delete-sha256": delete_sha256(TOKEN)},
        )
        version = put["VersionId"]
        # A form is good for one picture; any other key for as many as there are.
        if key not in self.accepted or not keys.is_photo_id(key.removeprefix("uploads/main/")):
            self.accepted.setdefault(key, []).append(version)
        if data in (BAD, POISON):
            self.bad.add(version)
        return version

    def _event(self, key: str, version: str) -> dict[str, Any]:
        event = s3_event((key, version))
        event["Records"][0]["s3"]["bucket"]["name"] = self.settings.upload_bucket
        return event

    def _handle(self, event: Any) -> None:
        with contextlib.suppress(RetryNeededError, CrashError):
            handle(event, self.store, self.settings, deadline=soon())

    @rule(error=st.sampled_from(ERRORS))
    def poison_changes(self, error: type[BaseException]) -> None:
        """What poison does to its reader is another thing from now on."""
        self.error = error

    @rule(
        target=events,
        data=st.sampled_from([*GOOD, BAD, POISON]),
        name=st.sampled_from(["", "a b.jpg"]),
    )
    def upload(self, data: bytes, name: str) -> Any:
        """A picture arrives, from a browser or under a name that others use too."""
        photo_id = keys.new_photo_id(datetime.now(UTC))
        key = f"uploads/main/{name}" if name else keys.upload_key("main", photo_id)
        return self._event(key, self._put(key, data))

    @rule(target=events, event=events, data=st.sampled_from(GOOD))
    def upload_again(self, event: dict[str, Any], data: bytes) -> Any:
        """A presigned POST is used once more, which counts for nothing; or a name of others'."""
        key = event["Records"][0]["s3"]["object"]["key"].replace("+", " ")
        return self._event(key, self._put(key, data))

    @rule(event=events, times=st.integers(1, 2))
    def deliver(self, event: Any, times: int) -> None:
        """An event comes: late, out of order, more than once."""
        for _ in range(times):
            self._handle(event)

    @rule(events=st.lists(events, min_size=2, max_size=3))
    def deliver_together(self, events: list[Any]) -> None:
        """Several records in one event."""
        self._handle({"Records": [record for event in events for record in event["Records"]]})

    @rule(event=events)
    def redrive(self, event: Any) -> None:
        """An event comes back from the failure queue."""
        self._handle({"requestContext": {}, "requestPayload": event})

    @rule(event=events, call=st.integers(1, 14))
    def crash(self, event: Any, call: int) -> None:
        """The function ends hard somewhere in its work."""
        self.calls, self.crash_at = 0, call
        self._handle(event)
        self.crash_at = None
        self.crashes[event["Records"][0]["s3"]["object"]["key"].replace("+", " ")] += 1

    @rule(event=events)
    def delete(self, event: Any) -> None:
        """Whoever uploaded the picture deletes it, whatever has become of it."""
        name = event["Records"][0]["s3"]["object"]["key"].removeprefix("uploads/main/")
        if keys.is_photo_id(name):
            before = Gallery(self.store, "main").delete(name, TOKEN)
            if before.state != "unknown":
                self.deleted.add(name)

    @rule()
    def sweep(self) -> None:
        """The schedule comes round."""
        self._handle(SCHEDULED)

    @rule(target=events)
    def test_event(self) -> Any:
        """S3 says that it could notify: no event to keep."""
        self._handle({"Service": "Amazon S3", "Event": "s3:TestEvent"})
        return multiple()

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each version is waiting, published, in quarantine, or deleted by a person."""
        left = self.buckets.versions()
        published = set(self.buckets.published().values())
        quarantined = sum(len(v) for k, v in left.items() if k.startswith("quarantine/"))
        gone = [
            version
            for key, versions in self.accepted.items()
            if key.removeprefix("uploads/main/") not in self.deleted
            for version in versions
            if version not in left.get(key, []) and version not in published
        ]
        assert len(gone) <= quarantined, (gone, left, published)
        assert not published & self.bad

    def waiting(self) -> list[str]:
        """Return the keys of the uploads that are still there."""
        return [key for key in self.buckets.versions() if key.startswith("uploads/")]

    def teardown(self) -> None:
        """In the end nothing waits, and each photo is there once, or nowhere.

        One sweep is enough for all but poison, and poison that ends the sweep takes a few.
        """
        if not hasattr(self, "store"):
            return
        for _ in range(1 + (MAX_ATTEMPTS + 1) * len(self.bad)):
            self.sweep()
        # Once in a hundred runs SeaweedFS still listed an upload that the sweep had not seen, or had
        # removed: whatever it was, a later sweep ends it.
        for _ in range(20):
            if not self.waiting():
                break
            time.sleep(0.2)
            self.sweep()
        self.nothing_is_lost()
        assert self.waiting() == []
        published = self.buckets.published()
        for key, versions in self.accepted.items():
            photo_id = key.removeprefix("uploads/main/")
            if self.crashes[key] >= MAX_ATTEMPTS:
                continue  # given up on, or not: as many of them were before it was finished
            if photo_id in self.deleted:
                assert photo_id not in published
            elif keys.is_photo_id(photo_id):
                good = [version for version in versions if version not in self.bad]
                assert (published.get(photo_id) in good) == bool(good)
            else:
                good = [version for version in versions if version not in self.bad]
                assert set(good) <= set(published.values())


def test_any_order(
    local_s3: ObjectStore, aws_session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens in whatever order: nothing is lost or there twice, and everything ends."""
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr(attempts, "LONGEST_ATTEMPT", timedelta(days=-1))
    monkeypatch.setattr(attempts, "SWEEP_AGAIN_AFTER", ())
    monkeypatch.setattr(publish, "make_variants", make_variants)  # to be as it was afterwards
    AnyOrder.server, AnyOrder.session = local_s3, aws_session
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            PROFILE, deadline=None, suppress_health_check=list(HealthCheck), database=None
        ),
    )


def test_the_sweep_recovers_every_lost_event(
    store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """Of many uploads each tenth has no event: one sweep later all are published."""
    few = replace(settings, variant_sizes=(40,), variant_formats=("webp",), sweep_after_seconds=0)
    buckets = Buckets(store, few, aws_session)
    versions = [
        buckets.put(f"uploads/{number}.jpg", GOOD[number % len(GOOD)]) for number in range(UPLOADS)
    ]
    for number, version in enumerate(versions):
        if number % 10:
            event = s3_event((f"uploads/{number}.jpg", version))
            event["Records"][0]["s3"]["bucket"]["name"] = few.upload_bucket
            handle(event, store, few, deadline=soon())
    assert len(buckets.versions()) == UPLOADS // 10
    assert handle(SCHEDULED, store, few, deadline=soon() + 60) == {"published": UPLOADS // 10}
    assert buckets.versions() == {}
    assert len([key for key in buckets.gallery() if key.startswith("index/")]) == UPLOADS


@pytest.mark.parametrize("times", [3])
def test_a_poison_upload_ends_in_quarantine_once(
    store: Store, settings: Settings, aws_session: boto3.Session, times: int
) -> None:
    """However often its event comes: one verdict, one copy in quarantine, and no more retries."""
    buckets = Buckets(store, settings, aws_session)
    photo_id = keys.new_photo_id(datetime.now(UTC))
    version = buckets.put(keys.upload_key("main", photo_id), BAD)
    event = s3_event((keys.upload_key("main", photo_id), version))
    event["Records"][0]["s3"]["bucket"]["name"] = settings.upload_bucket
    outcomes = [handle(event, store, settings, deadline=soon()) for _ in range(times)]
    assert outcomes == [{"rejected": 1}, {"gone": 1}, {"gone": 1}]
    assert buckets.gallery() == [f"rejected/main/{photo_id}"]
    assert [len(ids) for ids in buckets.versions().values()] == [1]
