"""The way of one upload, on real bytes through a real S3."""

import io
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from services.core import keys
from services.core.reasons import Reason
from services.core.settings import Settings
from services.core.variants import FORMATS
from services.imaging import FAIR_SECONDS
from services.resize import handler as entry
from services.resize.events import UploadEvent
from services.resize.publish import Outcome, Report, process
from services.store import Store
from services.store.budget import TALLY_KEY
from services.store.client import make_s3
from tests import pictures
from tests.events import SCHEDULED, s3_event, soon


class Bench:
    """An upload bucket to put into, the function under test, and what it leaves behind."""

    def __init__(self, store: Store, settings: Settings, session: boto3.Session) -> None:
        self.store = store
        self.settings = settings
        self.s3 = make_s3(settings, session)

    def put(self, data: bytes, key: str, **metadata: str) -> str | None:
        """Store an upload and return its version id."""
        answer = self.s3.put_object(
            Bucket=self.settings.upload_bucket, Key=key, Body=data, Metadata=metadata
        )
        return answer.get("VersionId")

    def process(self, key: str, version_id: str | None = None) -> Report:
        """Do one upload."""
        event = UploadEvent(self.settings.upload_bucket, key, version_id)
        return process(event, self.store, self.settings, deadline=soon())

    def listed(self, bucket: str = "") -> list[str]:
        """Return all keys of a bucket, the gallery's unless told otherwise, but the tally's."""
        listed = self.s3.list_objects_v2(Bucket=bucket or self.settings.gallery_bucket)
        found = [item["Key"] for item in listed.get("Contents", [])]
        return [key for key in found if key != TALLY_KEY]

    def uploads(self) -> list[str]:
        """Return what is left in the upload bucket, every version."""
        listed = self.s3.list_object_versions(Bucket=self.settings.upload_bucket)
        return sorted(item["Key"] for item in listed.get("Versions", []))

    def manifest(self, photo_id: str) -> dict[str, Any]:
        """Return a photo's manifest."""
        entry = self.store.gallery.photos("main", [photo_id])[photo_id]
        content = self.store.gallery.get_json(entry.key())
        assert content is not None
        return content

    def image(self, key: str) -> Image.Image:
        """Return a variant, decoded."""
        body = self.s3.get_object(Bucket=self.settings.gallery_bucket, Key=key)["Body"].read()
        image = Image.open(io.BytesIO(body))
        image.load()
        return image


@pytest.fixture
def bench(store: Store, settings: Settings, aws_session: boto3.Session) -> Bench:
    """Buckets of this test's own."""
    return Bench(store, settings, aws_session)


@pytest.fixture
def photo_id() -> str:
    """A fresh id."""
    return keys.new_photo_id(datetime.now(UTC))


def test_a_picture_is_published_and_its_original_removed(bench: Bench, photo_id: str) -> None:
    """All variants, then the index entry, then no original."""
    bench.put(pictures.jpeg(1000, 500), f"uploads/main/{photo_id}", name="B%C3%A4r.jpg")
    report = bench.process(f"uploads/main/{photo_id}")
    assert report.outcome is Outcome.PUBLISHED
    assert report.photo_id == photo_id
    index = [key for key in bench.listed() if key.startswith("index/")]
    assert bench.listed() == [
        *index,
        f"photos/main/{photo_id}/1600.jpg",
        f"photos/main/{photo_id}/1600.webp",
        f"photos/main/{photo_id}/400.jpg",
        f"photos/main/{photo_id}/400.webp",
        f"photos/main/{photo_id}/800.jpg",
        f"photos/main/{photo_id}/800.webp",
    ]
    assert bench.uploads() == []
    entry = bench.store.gallery.photos("main", [photo_id])[photo_id]
    assert (entry.width, entry.height, entry.name) == (1000, 500, "Bär.jpg")
    assert [(v.size, v.format.letter) for v in entry.variants] == [
        (400, "w"), (400, "j"), (800, "w"), (800, "j"), (1600, "w"), (1600, "j"),
    ]  # fmt: skip
    assert 0 < len(entry.thumbhash) <= 25
    for size, expected in ((400, (400, 200)), (800, (800, 400)), (1600, (1000, 500))):
        for extension, format_ in (("jpg", "JPEG"), ("webp", "WEBP")):
            image = bench.image(f"photos/main/{photo_id}/{size}.{extension}")
            assert (image.size, image.format) == (expected, format_)


def test_the_manifest_says_it_all(bench: Bench, photo_id: str) -> None:
    """The body of the index entry is for programs that want more than a page shows."""
    data = pictures.png(300, 200)
    version = bench.put(
        data, f"uploads/main/{photo_id}", name="a.png", **{"delete-sha256": "ab" * 32}
    )
    bench.process(f"uploads/main/{photo_id}")
    manifest = bench.manifest(photo_id)
    assert manifest["source"].pop("uploaded") <= datetime.now(UTC).isoformat()
    assert manifest["source"] == {
        "bucket": bench.settings.upload_bucket,
        "key": f"uploads/main/{photo_id}",
        "version": version,
        "bytes": len(data),
    }
    assert manifest["format"] == "png"
    assert (manifest["width"], manifest["height"], manifest["frames"]) == (300, 200, 1)
    assert manifest["delete_sha256"] == "ab" * 32
    assert [(v["key"], v["width"], v["height"], v["type"]) for v in manifest["variants"]] == [
        (f"photos/main/{photo_id}/400.webp", 400, 267, "image/webp"),
        (f"photos/main/{photo_id}/400.jpg", 400, 267, "image/jpeg"),
    ]
    for variant in manifest["variants"]:
        head = bench.s3.head_object(Bucket=bench.settings.gallery_bucket, Key=variant["key"])
        assert head["ContentLength"] == variant["bytes"]
        assert head["ContentType"] == variant["type"]
        assert head["CacheControl"] == "public, max-age=31536000, s-maxage=600, immutable"


def test_a_foreign_upload_gets_an_id_of_its_own(bench: Bench) -> None:
    """`aws s3 cp` with any name; two people's photo.jpg, one after the other, are two photos."""
    first = bench.put(pictures.jpeg(50, 40), "uploads/photo.jpg")
    second = bench.put(pictures.jpeg(60, 40), "uploads/photo.jpg")
    reports = [bench.process("uploads/photo.jpg", version) for version in (first, second)]
    assert [report.outcome for report in reports] == [Outcome.PUBLISHED] * 2
    entries, _ = bench.store.gallery.page("main", None, 10)
    assert sorted((entry.width, entry.name) for entry in entries) == [
        (50, "photo.jpg"),
        (60, "photo.jpg"),
    ]
    assert bench.uploads() == []


def test_doing_it_again_changes_nothing(bench: Bench, photo_id: str) -> None:
    """A repeated event finds the original gone."""
    version = bench.put(pictures.jpeg(500, 400), f"uploads/main/{photo_id}")
    bench.process(f"uploads/main/{photo_id}", version)
    before = bench.listed()
    assert bench.process(f"uploads/main/{photo_id}", version).outcome is Outcome.GONE
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.GONE
    assert bench.listed() == before


def test_eight_deliveries_at_once_publish_one_photo(bench: Bench, photo_id: str) -> None:
    """Concurrent deliveries of one event end in the same state."""
    version = bench.put(pictures.jpeg(500, 400), f"uploads/main/{photo_id}")
    with ThreadPoolExecutor(8) as pool:
        reports = list(
            pool.map(lambda _: bench.process(f"uploads/main/{photo_id}", version), range(8))
        )
    assert {report.outcome for report in reports} <= {Outcome.PUBLISHED, Outcome.GONE}
    assert len([key for key in bench.listed() if key.startswith("index/")]) == 1
    assert bench.uploads() == []


def test_an_end_before_the_delete_is_made_good(
    bench: Bench, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published but the original still there: the next delivery only removes it."""
    version = bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")

    def crash(_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(bench.store.uploads, "delete", crash)
        with pytest.raises(ConnectionError):
            bench.process(f"uploads/main/{photo_id}", version)
    assert bench.uploads() == [f"uploads/main/{photo_id}"]
    assert bench.process(f"uploads/main/{photo_id}", version).outcome is Outcome.PUBLISHED
    assert bench.uploads() == []


def test_a_published_photo_is_never_replaced(bench: Bench, photo_id: str) -> None:
    """A presigned POST used again afterwards changes nothing, and nothing is kept of it."""
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    bench.process(f"uploads/main/{photo_id}")
    before = bench.image(f"photos/main/{photo_id}/400.jpg").tobytes()
    bench.put(pictures.jpeg(300, 300), f"uploads/main/{photo_id}")
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.REPLAYED
    assert bench.image(f"photos/main/{photo_id}/400.jpg").tobytes() == before
    assert bench.uploads() == []
    assert len([key for key in bench.listed() if key.startswith("index/")]) == 1


def test_of_many_uploads_to_a_key_the_first_counts(bench: Bench, photo_id: str) -> None:
    """Whatever the order and however many at once, the others are removed unread."""
    key = f"uploads/main/{photo_id}"
    versions = [bench.put(pictures.jpeg(100 + n, 80), key) for n in range(8)]
    bytes_read = 0

    def count(http_response: Any, **_: Any) -> None:
        nonlocal bytes_read
        bytes_read += int(http_response.headers.get("Content-Length") or 0)

    events = bench.store.uploads._s3.meta.events
    events.register("after-call.s3.GetObject", count)
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda version: bench.process(key, version), versions[::-1]))
    outcomes = [report.outcome for report in reports]
    assert outcomes == [Outcome.REPLAYED] * 7 + [Outcome.PUBLISHED]
    assert bench.manifest(photo_id)["width"] == 100
    assert bytes_read < 2 * len(pictures.jpeg(100, 80)) + 8 * 1000
    assert bench.uploads() == []


def test_after_a_verdict_the_form_is_used_up(bench: Bench, photo_id: str) -> None:
    """A second try needs a form of its own; the verdict stays the first picture's."""
    key = f"uploads/main/{photo_id}"
    bench.put(b"no picture", key)
    assert bench.process(key).outcome is Outcome.REJECTED
    bench.put(pictures.jpeg(100, 80), key)
    assert bench.process(key).outcome is Outcome.REPLAYED
    assert bench.uploads() == [f"quarantine/main/{photo_id}/unsupported_format"]
    assert bench.listed() == [f"rejected/main/{photo_id}"]


def test_a_later_variant_of_another_upload_is_not_written_over(bench: Bench, photo_id: str) -> None:
    """What should never be, since the first variant decides, is refused all the same."""
    key = keys.variant_key("main", photo_id, 400, FORMATS["jpeg"])
    bench.store.gallery.put_variant(key, b"another", FORMATS["jpeg"], source="another")
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    assert bench.process(f"uploads/main/{photo_id}").reason is Reason.ALREADY_PUBLISHED
    assert bench.uploads() == [f"quarantine/main/{photo_id}/already_published"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_FORMAT),
        (b"hello, world", Reason.UNSUPPORTED_FORMAT),
        (pictures.jpeg(400, 300)[:4000], Reason.TRUNCATED),
    ],
)
def test_a_rejected_upload_gets_a_verdict_and_quarantine(
    bench: Bench, photo_id: str, data: bytes, reason: Reason
) -> None:
    """The person learns why; the bytes are kept for the lifecycle to end."""
    bench.put(data, f"uploads/main/{photo_id}", name="a.jpg", **{"delete-sha256": "ab" * 32})
    report = bench.process(f"uploads/main/{photo_id}")
    assert (report.outcome, report.reason) == (Outcome.REJECTED, reason)
    assert bench.listed() == [f"rejected/main/{photo_id}"]
    verdict = bench.store.gallery.verdicts("main", [photo_id])[photo_id]
    assert verdict["reason"] == reason
    assert verdict["message"].endswith(".")
    assert verdict["delete_sha256"] == "ab" * 32
    assert bench.uploads() == [f"quarantine/main/{photo_id}/{reason}"]


def test_too_large_is_rejected_unread(bench: Bench, photo_id: str) -> None:
    """The limit of the settings, whoever uploaded it."""
    settings = replace(bench.settings, max_upload_bytes=1000)
    bench.put(pictures.jpeg(400, 300), f"uploads/main/{photo_id}")
    store = Store.connect(settings, boto3.Session("test", "test-secret", region_name="us-east-1"))
    event = UploadEvent(settings.upload_bucket, f"uploads/main/{photo_id}")
    assert process(event, store, settings, deadline=soon()).reason is Reason.TOO_LARGE


def test_a_photo_deleted_while_it_waits_is_not_published(bench: Bench, photo_id: str) -> None:
    """The tombstone was there first."""
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    bench.store.gallery.put_json(keys.tombstone_key("main", photo_id), {})
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.listed() == [f"deleted/main/{photo_id}"]
    assert bench.uploads() == []


def test_a_photo_deleted_while_it_is_resized_is_withdrawn(
    bench: Bench, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tombstone came between the first look and the index entry."""
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    put_json = bench.store.gallery.put_json

    def delete_then_put(key: str, content: dict[str, Any]) -> None:
        put_json(keys.tombstone_key("main", photo_id), {})
        put_json(key, content)

    monkeypatch.setattr(bench.store.gallery, "put_json", delete_then_put)
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.listed() == [f"deleted/main/{photo_id}"]
    assert bench.uploads() == []


def test_a_bucket_without_versions_works_too(
    unversioned: Store, settings: Settings, aws_session: boto3.Session, photo_id: str
) -> None:
    """A lesser S3: the ETag stands for the version."""
    plain = replace(settings, upload_bucket=unversioned.uploads.name)
    bench = Bench(unversioned, plain, aws_session)
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.PUBLISHED
    assert bench.listed(plain.upload_bucket) == []
    bench.put(pictures.jpeg(200, 80), f"uploads/main/{photo_id}")
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.REPLAYED


@pytest.mark.parametrize("moment", ["3084-01-01", "1970-01-01"])
def test_a_made_up_id_counts_for_nothing(bench: Bench, moment: str) -> None:
    """Who may put objects cannot put a photo first for ever: it gets the time of its upload."""
    made_up = keys.new_photo_id(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{made_up}")
    report = bench.process(f"uploads/main/{made_up}")
    assert report.outcome is Outcome.PUBLISHED
    assert report.photo_id is not None
    age = datetime.now(UTC) - keys.uploaded_at(report.photo_id)
    assert timedelta(0) <= age < timedelta(minutes=1)


@pytest.mark.parametrize("purged", [False, True])
def test_a_delete_during_a_rejection_leaves_nothing_in_quarantine(
    bench: Bench, photo_id: str, monkeypatch: pytest.MonkeyPatch, purged: bool
) -> None:
    """The tombstone came after the first look: verdict and bytes go, EXIF and all."""
    bench.put(b"no picture", f"uploads/main/{photo_id}")
    quarantine = bench.store.uploads.quarantine

    def delete_then_quarantine(*arguments: Any) -> None:
        bench.store.gallery.put_json(keys.tombstone_key("main", photo_id), {})
        if purged:
            bench.store.uploads.purge("main", photo_id)
        quarantine(*arguments)

    monkeypatch.setattr(bench.store.uploads, "quarantine", delete_then_quarantine)
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.uploads() == []
    assert bench.listed() == [f"deleted/main/{photo_id}"]


@pytest.mark.parametrize("key", ["", "quarantine/x", "uploads/", "uploads/2024/", "elsewhere.jpg"])
def test_an_event_of_no_upload_ends_at_once(bench: Bench, key: str) -> None:
    """Made-up keys, our own quarantine, a folder marker: nothing is read, written or tried again."""
    if key:
        bench.put(b"", key)
    before = bench.uploads()
    event = s3_event((key, None))
    event["Records"][0]["s3"]["bucket"]["name"] = bench.settings.upload_bucket
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"foreign": 1}
    later = replace(bench.settings, sweep_after_seconds=0)
    assert entry.handle(SCHEDULED, bench.store, later, deadline=soon()) == {}
    assert bench.uploads() == before
    assert bench.listed() == []


def test_tags_do_not_keep_an_upload_from_quarantine(bench: Bench, photo_id: str) -> None:
    """They are left behind: copying them would take rights that the function does not have."""
    bench.put(b"no picture", f"uploads/main/{photo_id}")
    bench.s3.put_object_tagging(
        Bucket=bench.settings.upload_bucket,
        Key=f"uploads/main/{photo_id}",
        Tagging={"TagSet": [{"Key": "from", "Value": "elsewhere"}]},
    )
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.REJECTED
    tags = bench.s3.get_object_tagging(
        Bucket=bench.settings.upload_bucket, Key=f"quarantine/main/{photo_id}/unsupported_format"
    )
    assert tags["TagSet"] == []


def test_the_handler_does_every_record(bench: Bench) -> None:
    """Encoded keys, several records, one of them bad: each gets what it deserves."""
    bench.put(pictures.jpeg(100, 80), "uploads/my photo+1.jpg")
    bench.put(b"nothing", "uploads/bad.jpg")
    event = s3_event(
        ("uploads/my+photo%2B1.jpg", None), ("uploads/bad.jpg", None), ("uploads/gone", None)
    )
    for record in event["Records"]:
        record["s3"]["bucket"]["name"] = bench.settings.upload_bucket
    counts = entry.handle(event, bench.store, bench.settings, deadline=soon())
    assert counts == {"published": 1, "rejected": 1, "gone": 1}
    entries, _ = bench.store.gallery.page("main", None, 10)
    assert [item.name for item in entries] == ["my photo+1.jpg"]


def test_the_handler_raises_only_if_a_retry_can_help(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A bucket that does not answer is transient; the other records are done all the same."""
    bench.put(pictures.jpeg(100, 80), "uploads/good.jpg")
    broken = bench.put(pictures.jpeg(100, 80), "uploads/broken.jpg")
    event = s3_event(("uploads/broken.jpg", broken), ("uploads/good.jpg", None))
    for record in event["Records"]:
        record["s3"]["bucket"]["name"] = bench.settings.upload_bucket

    class Failing:
        name = bench.settings.upload_bucket

        def read(self, key: str, version_id: str | None) -> object:
            if "broken" in key:
                raise ClientError({"Error": {"Code": "SlowDown"}}, "GetObject")
            return bench.store.uploads.read(key, version_id)

        versions = bench.store.uploads.versions
        delete = bench.store.uploads.delete

    failing: Any = replace(bench.store, uploads=Failing())  # type: ignore[arg-type] # S3 cannot be made to say SlowDown
    with pytest.raises(entry.RetryNeededError, match="1 of 2 uploads"):
        entry.handle(event, failing, bench.settings, deadline=soon())
    assert len(bench.store.gallery.page("main", None, 10)[0]) == 1
    assert "upload not finished" in caplog.text


@pytest.mark.parametrize("event", [{}, {"Records": [{"eventSource": "aws:dynamodb"}]}, None])
def test_unknown_events_are_logged_and_done_with(
    bench: Bench, caplog: pytest.LogCaptureFixture, event: Any
) -> None:
    """A retry would bring the same again."""
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"unknown": 1}
    assert "unknown event" in caplog.text


def test_an_event_of_another_bucket_is_not_ours(bench: Bench) -> None:
    """Above all not one of the gallery bucket: that would be a loop on our own output."""
    event = s3_event(("photos/x/400.webp", None))
    event["Records"][0]["s3"]["bucket"]["name"] = bench.settings.gallery_bucket
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"foreign": 1}


def test_the_sweep_takes_up_what_no_event_brought(bench: Bench, photo_id: str) -> None:
    """Old uploads of any name, older versions too; young ones are left to their event."""
    bench.put(pictures.jpeg(100, 80), f"uploads/main/{photo_id}")
    bench.put(pictures.jpeg(90, 80), "uploads/a b.jpg")
    bench.put(pictures.jpeg(80, 80), "uploads/a b.jpg")
    assert entry.handle(SCHEDULED, bench.store, bench.settings, deadline=soon()) == {}
    now = replace(bench.settings, sweep_after_seconds=0)
    time.sleep(1.1)  # S3 tells Last-Modified in whole seconds
    assert entry.handle(SCHEDULED, bench.store, now, deadline=soon()) == {"published": 3}
    assert bench.uploads() == []
    assert len(bench.store.gallery.page("main", None, 10)[0]) == 3


def test_the_sweep_stops_in_time(bench: Bench) -> None:
    """What it does not reach is for the next one."""
    bench.put(pictures.jpeg(100, 80), "uploads/a.jpg")
    time.sleep(1.1)
    now = replace(bench.settings, sweep_after_seconds=0)
    deadline = time.monotonic() + entry.MARGIN_SECONDS + FAIR_SECONDS - 1
    assert entry.handle(SCHEDULED, bench.store, now, deadline=deadline) == {}
    assert bench.uploads() == ["uploads/a.jpg"]


def test_every_picture_is_one_line_of_json(
    bench: Bench, photo_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Id, bytes in and out, milliseconds per step: what CloudWatch can be asked for."""
    from services.core.logs import log_as_json

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    data = pictures.jpeg(500, 400)
    bench.put(data, f"uploads/main/{photo_id}")
    event = s3_event((f"uploads/main/{photo_id}", None))
    event["Records"][0]["s3"]["bucket"]["name"] = bench.settings.upload_bucket
    try:
        log_as_json("INFO")
        entry.handle(event, bench.store, bench.settings, deadline=soon())
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["message"] == "upload finished"]
    assert line["level"] == "INFO"
    assert line["photo_id"] == photo_id
    assert line["outcome"] == "published"
    assert line["bytes_in"] == len(data)
    assert line["bytes_out"] == sum(v["bytes"] for v in bench.manifest(photo_id)["variants"])
    assert line["variants"] == 4
    assert {"get", "put", "total", "decode_next", "shrink_to_each", "encode_variants"} <= set(
        line["milliseconds"]
    )
    assert datetime.fromisoformat(line["time"]) - datetime.now(UTC) < timedelta(minutes=1)
