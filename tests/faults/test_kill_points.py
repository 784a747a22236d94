"""The resize function ended hard before and after each of its calls to S3."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from services.core import keys
from services.core.albums import MAIN, Originals
from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.handler import handle
from services.resize.publish import process
from services.store import Store
from tests import pictures
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.events import SCHEDULED, s3_event, soon
from tests.faults.invariant import Buckets
from tests.object_store import ObjectStore

PHOTO, TWIN = (keys.new_photo_id(datetime.now(UTC)) for _ in range(2))
KINDS: dict[str, bytes] = {
    "small": pictures.jpeg(120, 90),
    "large": pictures.jpeg(1000, 500),
    "animated": pictures.gif(60, 40, frames=3),
    "kept": pictures.jpeg(80, 60),
    "duplicate": pictures.jpeg(70, 50),
    "rejected": pictures.jpeg(400, 300)[:4000],
    "waiting": pictures.jpeg(90, 60),
}


class KillServer:
    """Runs events in processes that end where they are told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.kill_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, settings: Settings, event: Any, **where: Any) -> tuple[int, int]:
        """Return the exit status, negative for a signal, and the calls that were made."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "settings": {
                "upload_bucket": settings.upload_bucket,
                "gallery_bucket": settings.gallery_bucket,
                "s3_endpoint_url": settings.s3_endpoint_url,
            },
            "credentials": [ACCESS_KEY_ID, SECRET_ACCESS_KEY],
            "event": event,
            **where,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        return ended["status"], ended["calls"]

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate()


@pytest.fixture(scope="module")
def killer() -> Iterator[KillServer]:
    """One for the module: it has imported everything."""
    server = KillServer()
    yield server
    server.close()


def fresh(local_s3: ObjectStore, session: boto3.Session) -> Buckets:
    """Return two new buckets."""
    from services.local.provision import provision_buckets

    uploads, gallery = local_s3.buckets()
    settings = Settings(upload_bucket=uploads, gallery_bucket=gallery, s3_endpoint_url=local_s3.url)
    provision_buckets(settings, session, ["http://gallery.test"])
    return Buckets(Store.connect(settings, session), settings, session)


def prepare(buckets: Buckets, kind: str) -> str:
    """Leave nothing of the last round, upload the picture, and return its version id.

    For the kind `kept` the main album keeps originals; for `duplicate` it takes each picture once, and
    has this one; for `waiting` its owner publishes what arrives.
    """
    buckets.clear()
    if kind == "kept":
        buckets.store.albums.save(replace(MAIN, originals=Originals.UPLOADED))
    if kind == "waiting":
        buckets.store.albums.save(replace(MAIN, approval=True))
    if kind == "duplicate":
        buckets.store.albums.save(replace(MAIN, one_of_each=True))
        buckets.put(f"uploads/main/{TWIN}", KINDS[kind])
        buckets.process(f"uploads/main/{TWIN}")
    return buckets.put(f"uploads/main/{PHOTO}", KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_wherever_it_ends(
    killer: KillServer, local_s3: ObjectStore, aws_session: boto3.Session, kind: str
) -> None:
    """Wherever it is killed: the invariant holds; a redelivery and a sweep finish the work.

    After one call is before the next: nothing of a killed process is left but what is in S3.
    """
    key = f"uploads/main/{PHOTO}"
    buckets = fresh(local_s3, aws_session)
    event = s3_event((key, None), bucket=buckets.settings.upload_bucket)
    swept = replace(buckets.settings, sweep_after_seconds=0)
    prepare(buckets, kind)
    status, calls = killer.run(buckets.settings, event)
    assert status == 0
    assert calls >= 8 if kind not in ("rejected", "duplicate") else calls >= 5

    for call in range(calls + 1):
        version = prepare(buckets, kind)
        phase = "after" if call else "before"
        status, _ = killer.run(buckets.settings, event, call=max(call, 1), phase=phase)
        assert status == -9, call
        buckets.assert_nothing_lost(key, [version])

        handle(event, buckets.store, buckets.settings, deadline=soon())
        buckets.assert_nothing_lost(key, [version])

        handle(SCHEDULED, buckets.store, swept, deadline=soon())
        buckets.assert_nothing_lost(key, [version])

        assert key not in buckets.versions(), call
        assert buckets.by_time() == buckets.index(), call
        if kind == "rejected":
            assert buckets.published() == {}
            assert list(buckets.versions()) == [f"quarantine/main/{PHOTO}/truncated"]
            assert buckets.gallery() == [f"rejected/main/{PHOTO}"]
        elif kind == "duplicate":
            assert buckets.published().keys() == {TWIN}
            assert [*buckets.versions()] == [f"quarantine/main/{PHOTO}/duplicate"]
            assert buckets.twin(f"rejected/main/{PHOTO}") == TWIN
        else:
            assert buckets.published() == {PHOTO: version}
            assert buckets.versions() == {}
            kept = [key for key in buckets.gallery() if key.startswith("originals/")]
            expected = [f"originals/main/{PHOTO}/original.jpg"] if kind == "kept" else []
            assert kept == expected
            pending = bool(buckets.store.gallery.photos("main", [PHOTO], pending=True))
            assert pending is (kind == "waiting")


def test_a_newer_upload_survives_the_end_of_the_older(
    killer: KillServer, local_s3: ObjectStore, aws_session: boto3.Session
) -> None:
    """Two versions under one key, the first ended hard after its entry: neither is lost."""
    key = "uploads/photo.jpg"
    buckets = fresh(local_s3, aws_session)
    first = buckets.put(key, KINDS["small"])
    event = s3_event((key, first))
    event["Records"][0]["s3"]["bucket"]["name"] = buckets.settings.upload_bucket
    _, calls = killer.run(buckets.settings, event, call=999, phase="before")
    first = buckets.put(key, KINDS["small"])
    event["Records"][0]["s3"]["object"]["versionId"] = first
    killer.run(buckets.settings, event, call=calls, phase="before")
    second = buckets.put(key, KINDS["large"])
    buckets.assert_nothing_lost(key, [first, second])
    for version in (second, first, second):
        process(
            UploadEvent(buckets.settings.upload_bucket, key, version),
            buckets.store,
            buckets.settings,
            deadline=soon(),
        )
        buckets.assert_nothing_lost(key, [first, second])
    assert {first, second} < set(buckets.published().values())
    assert buckets.versions() == {}


def test_an_end_in_the_middle_of_a_delete_can_be_made_good(
    local_s3: ObjectStore, aws_session: boto3.Session
) -> None:
    """Tombstone and variants, no entry: what a redelivered event finds it removes."""
    photo_id = PHOTO
    key = f"uploads/main/{photo_id}"
    buckets = fresh(local_s3, aws_session)
    version = buckets.put(key, KINDS["small"])
    buckets.store.gallery.put_json(keys.tombstone_key("main", photo_id), {"id": photo_id})
    handle(
        s3_event((key, None), bucket=buckets.settings.upload_bucket),
        buckets.store,
        buckets.settings,
        deadline=soon(),
    )
    buckets.assert_nothing_lost(key, [version])
    assert buckets.gallery() == [f"deleted/main/{photo_id}"]
    assert buckets.versions() == {}
