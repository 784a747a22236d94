"""Every upload ends: attempts are counted where nothing loses them, and are bounded."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from services.core import keys
from services.core.reasons import Reason
from services.core.settings import Settings
from services.imaging import CannotStartError, engine, make_variants
from services.imaging.child import Children
from services.resize import publish
from services.resize.events import UploadEvent
from services.resize.handler import handle
from services.resize.publish import Outcome, process
from services.resize.sweep import overdue
from services.store import Store, attempts
from services.store.attempts import MAX_ATTEMPTS
from tests import pictures
from tests.events import SCHEDULED, soon
from tests.faults.interrupted import archived
from tests.faults.invariant import Buckets

KEY = "uploads/a.jpg"
PICTURE = pictures.jpeg(40, 30)


class PowerCutError(BaseException):
    """Ends the function; nothing may catch it."""


@pytest.fixture
def buckets(
    store: Store, settings: Settings, aws_session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> Buckets:
    """Both buckets, with one upload in them that no sweep waits for."""
    monkeypatch.setattr(attempts, "SWEEP_AGAIN_AFTER", ())
    found = Buckets(store, replace(settings, sweep_after_seconds=0), aws_session)
    found.put(KEY, PICTURE)
    return found


def sweep(buckets: Buckets) -> dict[str, int]:
    """Return what a sweep says."""
    return handle(SCHEDULED, buckets.store, buckets.settings, deadline=soon())


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine raise an error."""

    def engine(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(publish, "make_variants", engine)


def attempts_in(buckets: Buckets) -> list[str]:
    """Return what is kept of attempts."""
    return [key for key in buckets.gallery() if key.startswith("attempts/")]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("cannot build transform"),
        MemoryError(),
        TimeoutError("late"),
        ParamValidationError(report="bad metadata"),
        ClientError(
            {"Error": {"Code": "KeyTooLongError"}, "ResponseMetadata": {"HTTPStatusCode": 400}},  # type: ignore[typeddict-item] # as much as is looked at
            "PutObject",
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_fails_each_time_is_given_up_on(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever the exception: a fixed number of attempts, a verdict that says why, quarantine."""
    fail_with(error, monkeypatch)
    assert [sweep(buckets) for _ in range(MAX_ATTEMPTS)] == [{"failed": 1}] * MAX_ATTEMPTS
    assert len(attempts_in(buckets)) == MAX_ATTEMPTS
    assert [sweep(buckets), sweep(buckets)] == [{"rejected": 1}, {}]
    ((key, _),) = buckets.versions().items()
    photo_id = key.split("/")[2]
    assert key == f"quarantine/main/{photo_id}/given_up"
    verdict = buckets.store.gallery.verdicts("main", [photo_id])[photo_id]
    assert verdict["reason"] == "given_up"
    (note,) = attempts_in(buckets)
    assert note == f"attempts/main/{photo_id}/given-up"
    why = f"{type(error).__name__}: {error}"
    expected = {"upload": KEY, "reason": "given_up", "detail": why}
    assert buckets.store.gallery.get_json(note) == expected


def test_what_ends_the_function_is_given_up_on(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs after a power cut that could count it; it was counted before."""
    fail_with(PowerCutError(), monkeypatch)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(PowerCutError):
            sweep(buckets)
    with monkeypatch.context() as later:
        later.setattr(attempts, "LONGEST_ATTEMPT", timedelta(days=-1))
        assert sweep(buckets) == {"rejected": 1}
    (note,) = attempts_in(buckets)
    given_up = buckets.store.gallery.get_json(note)
    assert given_up is not None
    assert given_up["detail"] == "it ended the function that read it"


def test_attempts_that_still_run_do_not_count(buckets: Buckets) -> None:
    """Several deliveries at once are no reason to give a picture up."""
    (version,) = buckets.store.uploads.versions(KEY)
    photo_id = publish.photo_id_of(version, buckets.store)
    numbers = [buckets.store.attempts.begin("main", photo_id).number for _ in range(8)]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sweep(buckets) == {"published": 1}
    assert attempts_in(buckets) == []


@pytest.mark.parametrize(
    "error",
    [
        ClientError(
            {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}},  # type: ignore[typeddict-item] # as much as is looked at
            "PutObject",
        ),
        ClientError(
            {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item] # as much as is looked at
            "PutObject",
        ),
        EndpointConnectionError(endpoint_url="http://gone.test"),
        CannotStartError("the decoding process ended with 1 before it was ready"),
    ],
    ids=["busy", "denied", "gone", "no-decoder"],
)
def test_a_failure_of_storage_or_machine_counts_for_nothing(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """However long it lasts, the picture is published in the end."""
    with monkeypatch.context() as failing:
        fail_with(error, failing)
        for _ in range(MAX_ATTEMPTS + 2):
            assert sweep(buckets) == {"failed": 1}
    assert attempts_in(buckets) == []
    assert sweep(buckets) == {"published": 1}


def test_a_decoder_that_cannot_be_loaded_costs_no_picture(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A HEIC waits, uncounted, until its library is well again; a JPEG beside it does not."""
    buckets.put("uploads/b.heic", pictures.heic(32, 24))
    children = Children("services.imaging.job:run")
    with monkeypatch.context() as broken:
        (tmp_path / "_pillow_heif.py").write_text("raise ImportError('undefined symbol')")
        broken.setenv("PYTHONPATH", str(tmp_path))
        broken.setattr(engine, "_children", children)
        assert sweep(buckets) == {"failed": 1, "published": 1}
        for _ in range(MAX_ATTEMPTS):
            assert sweep(buckets) == {"failed": 1}
        children.close()
    assert attempts_in(buckets) == []
    assert sweep(buckets) == {"published": 1}


def test_a_sweep_waits_longer_after_each_attempt(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine short of memory or time for 15 minutes rejects nothing, however often it sweeps."""
    waits = (10, 60, 300, 600)
    monkeypatch.undo()
    assert waits == attempts.SWEEP_AGAIN_AFTER
    (version,) = buckets.store.uploads.versions(KEY)
    photo_id = publish.photo_id_of(version, buckets.store)
    for wait in (*waits, 0):  # after the fifth there is nothing to try, but a verdict to give
        buckets.store.attempts.begin("main", photo_id)
        last = buckets.store.attempts.tried()[0][photo_id].last
        again = last + timedelta(seconds=wait)
        assert not wait or not overdue(
            buckets.store, buckets.settings, again - timedelta(seconds=1)
        )
        assert len(overdue(buckets.store, buckets.settings, again)) == 1


def test_what_is_archived_ends_once(buckets: Buckets) -> None:
    """A verdict; it stays where it is, and no sweep tries it again."""
    with archived(buckets.store):
        assert [sweep(buckets), sweep(buckets)] == [{"rejected": 1}, {}]
    assert list(buckets.versions()) == [KEY]
    (verdict,) = buckets.store.gallery.recent_verdicts(2)
    assert verdict["reason"] == Reason.ARCHIVED


def put_many(buckets: Buckets, bucket: str, objects: Iterable[tuple[str, bytes]]) -> None:
    """Store objects by one signed form, which is quicker than a signature for each."""
    any_key: Any = [["starts-with", "$key", ""]]
    form = buckets.s3.generate_presigned_post(bucket, "${filename}", Conditions=any_key)
    http = urllib3.PoolManager()
    for key, data in objects:
        fields = {**form["fields"], "key": key, "file": ("a.jpg", data)}
        assert http.request("POST", form["url"], fields=fields).status == 204


def test_the_sweep_begins_with_what_was_lost(
    store: Store, settings: Settings, aws_session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1,000 uploads that fail each time and 10 lost events, the 10 come first."""
    few = replace(settings, variant_sizes=(40,), variant_formats=("webp",), sweep_after_seconds=0)
    buckets = Buckets(store, few, aws_session)
    poison = [(f"uploads/{number}.jpg", b"poison") for number in range(1000)]
    put_many(buckets, few.upload_bucket, poison)
    ids = [
        publish.photo_id_of(v, store)
        for v in store.uploads.waiting(datetime.max.replace(tzinfo=UTC))
    ]
    tried = [(f"{keys.attempts_prefix('main', photo_id)}1", b"ValueError: x") for photo_id in ids]
    put_many(buckets, few.gallery_bucket, tried)
    lost = [(f"uploads/lost {number}.jpg", pictures.jpeg(40, 30 + number)) for number in range(10)]
    put_many(buckets, few.upload_bucket, lost)
    order = []

    def engine(data: bytes, **options: Any) -> Any:
        order.append(data)
        if data == b"poison":
            raise PowerCutError
        return make_variants(data, **options)

    monkeypatch.setattr(attempts, "SWEEP_AGAIN_AFTER", ())
    monkeypatch.setattr(publish, "make_variants", engine)
    with pytest.raises(PowerCutError):
        handle(SCHEDULED, store, few, deadline=soon() + 60)
    assert sorted(order[:10]) == sorted(data for _, data in lost)
    assert len(store.pages.page("main", None, 20)[0]) == 10


def test_a_verdict_needs_nothing_of_what_cannot_be_read(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where reading itself is what fails, the upload ends all the same."""

    def read(*_: Any) -> None:
        raise UnicodeError("metadata")

    monkeypatch.setattr(buckets.store.uploads, "read", read)
    for _ in range(MAX_ATTEMPTS):
        sweep(buckets)
    upload = UploadEvent(buckets.settings.upload_bucket, KEY)
    report = process(upload, buckets.store, buckets.settings, deadline=soon())
    assert (report.outcome, report.detail) == (Outcome.REJECTED, "UnicodeError: metadata")
    assert keys.is_photo_id(report.photo_id or "")
