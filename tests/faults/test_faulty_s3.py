"""An S3 that answers late, wrongly, in part or not at all."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from services.core import keys
from services.core.settings import Settings
from services.resize.handler import RetryNeededError, handle
from services.resize.publish import process
from services.store import Store, client
from tests import pictures
from tests.events import s3_event, soon
from tests.faults.faulty_s3 import Fault, FaultyS3, Kind
from tests.faults.invariant import Buckets

PHOTO = pictures.jpeg(500, 400)


class Line:
    """Buckets seen directly, and the store as the function sees it: through the proxy."""

    def __init__(self, proxy: FaultyS3, buckets: Buckets, session: boto3.Session) -> None:
        self.proxy = proxy
        self.buckets = buckets
        settings = replace(buckets.settings, s3_endpoint_url=proxy.url)
        self.store = Store.connect(settings, session)

    def handle(self, key: str) -> dict[str, int]:
        """Deliver the notification of an upload."""
        event = s3_event((key, None), bucket=self.buckets.settings.upload_bucket)
        return handle(event, self.store, self.buckets.settings, deadline=soon())


@pytest.fixture
def line(
    store: Store,
    settings: Settings,
    aws_session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Line]:
    """A product whose S3 can be made to fail; its patience is a second instead of five."""
    monkeypatch.setattr(client, "READ_SECONDS", 1)
    with FaultyS3(settings.s3_endpoint_url or "", hang_seconds=2) as proxy:
        yield Line(proxy, Buckets(store, settings, aws_session), aws_session)


@pytest.fixture
def photo_id() -> str:
    """A fresh id."""
    return keys.new_photo_id(datetime.now(UTC))


@pytest.mark.parametrize("kind", ["slow_down", "error_after", "reset", "truncate", "hang"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/uploads/"),
        ("PUT", "/400.webp"),
        ("PUT", "/800.jpg"),
        ("PUT", "/index/"),
        ("DELETE", "/uploads/"),
        ("GET", "/deleted/"),
    ],
)
def test_one_failure_is_made_good_at_once(
    line: Line, photo_id: str, kind: Kind, method: str, path: str
) -> None:
    """Each call is tried again; where the body was cut, the event is. The photo is there once."""
    key = keys.upload_key("main", photo_id)
    version = line.buckets.put(key, PHOTO)
    fault = Fault(kind, method, path)
    line.proxy.faults = [fault]
    try:
        line.handle(key)
    except RetryNeededError:
        line.buckets.assert_nothing_lost(key, [version])
        line.handle(key)
    assert fault.met == 1
    assert line.buckets.published() == {photo_id: version}
    assert line.buckets.versions() == {}


OUTAGES: list[tuple[Kind, str]] = [
    (kind, method)
    for kind in ("slow_down", "error_after", "reset", "hang")
    for method in ("GET", "PUT", "DELETE")
    if (kind, method) != ("reset", "DELETE")  # its answer has no body that could be cut
]


@pytest.mark.parametrize(("kind", "method"), OUTAGES)
def test_an_outage_leaves_the_work_to_the_retry(
    line: Line, photo_id: str, kind: Kind, method: str
) -> None:
    """An S3 that stays broken ends the invocation in time, loses nothing, and the retry ends it."""
    key = keys.upload_key("main", photo_id)
    version = line.buckets.put(key, PHOTO)
    line.proxy.faults = [Fault(kind, method, times=1000)]
    began = time.monotonic()
    with pytest.raises(RetryNeededError, match="1 of 1 uploads could not be finished"):
        line.handle(key)
    assert time.monotonic() - began < 30
    line.buckets.assert_nothing_lost(key, [version])
    line.proxy.faults = []
    line.handle(key)
    assert line.buckets.published() == {photo_id: version}
    assert line.buckets.versions() == {}


def test_a_slow_trickle_is_waited_for(line: Line, photo_id: str) -> None:
    """The timeout is between two pieces, not for the whole."""
    key = keys.upload_key("main", photo_id)
    version = line.buckets.put(key, PHOTO)
    line.proxy.faults = [Fault("trickle", "GET", "/uploads/")]
    assert line.handle(key) == {"published": 1}
    assert line.buckets.published() == {photo_id: version}


def test_a_rejection_survives_a_failing_quarantine(line: Line, photo_id: str) -> None:
    """The original stays until it is in quarantine; the verdict is written again."""
    key = keys.upload_key("main", photo_id)
    version = line.buckets.put(key, b"no picture")
    line.proxy.faults = [Fault("slow_down", "PUT", "/quarantine/", times=1000)]
    with pytest.raises(RetryNeededError):
        line.handle(key)
    assert line.buckets.versions() == {key: [version]}
    line.proxy.faults = []
    assert line.handle(key) == {"rejected": 1}
    assert list(line.buckets.versions()) == [f"quarantine/main/{photo_id}/unsupported_format"]


def test_what_cannot_be_finished_in_time_is_not_begun(line: Line, photo_id: str) -> None:
    """With no time left the invocation ends at once, and a retry helps."""
    key = keys.upload_key("main", photo_id)
    version = line.buckets.put(key, PHOTO)
    event = s3_event((key, None), bucket=line.buckets.settings.upload_bucket)
    with pytest.raises(RetryNeededError):
        handle(event, line.store, line.buckets.settings, deadline=time.monotonic() - 1)
    assert line.buckets.gallery() == []
    assert line.buckets.versions() == {key: [version]}


def test_time_that_runs_out_before_the_puts_ends_it(
    line: Line, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variants that cannot be stored before Lambda's end are not half stored."""
    from services.resize import publish as module
    from services.resize.events import UploadEvent

    key = keys.upload_key("main", photo_id)
    line.buckets.put(key, PHOTO)
    monkeypatch.setattr(module, "monotonic", lambda: time.monotonic() + 3600)
    event = UploadEvent(line.buckets.settings.upload_bucket, key)
    with pytest.raises(TimeoutError, match="no time is left"):
        process(event, line.store, line.buckets.settings, deadline=soon())
    assert line.buckets.gallery() == [f"attempts/main/{photo_id}/1"]


def test_patience_ends_before_the_front_door_does() -> None:
    """All tries with their pauses are shorter than API Gateway's 30 seconds."""
    longest_pause = 20  # botocore's standard mode: 2 to the n-th seconds at most, capped at 20
    pauses = sum(min(2**n, longest_pause) for n in range(client.TRIES - 1))
    assert client.TRIES * (client.CONNECT_SECONDS + client.READ_SECONDS) + pauses < 30
