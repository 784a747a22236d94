"""The way of one upload, on real bytes through a real S3."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from services.core import keys
from services.core.albums import Album, State, Who, album_key
from services.core.photo import Photo
from services.core.reasons import Reason
from services.core.settings import Settings
from services.core.variants import FORMATS
from services.imaging import FAIR_SECONDS, Picture, make_variants
from services.resize import handler as entry
from services.resize import publish
from services.resize.events import UploadEvent
from services.resize.publish import Outcome, process
from services.store import Store, UnreadableAlbumError
from services.store.relocation import relocate
from tests import pictures
from tests.events import SCHEDULED, s3_event, soon
from tests.faults.invariant import Buckets
from tests.json_log import json_log


@pytest.fixture
def bench(store: Store, settings: Settings, aws_session: boto3.Session) -> Buckets:
    """Buckets of this test's own."""
    return Buckets(store, settings, aws_session)


@pytest.fixture
def photo_id() -> str:
    """A fresh id."""
    return keys.new_photo_id(datetime.now(UTC))


def test_a_picture_is_published_and_its_original_removed(bench: Buckets, photo_id: str) -> None:
    """All variants, then the index entry, then no original."""
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(1000, 500), name="B%C3%A4r.jpg")
    report = bench.process(f"uploads/main/{photo_id}")
    assert report.outcome is Outcome.PUBLISHED
    assert report.photo_id == photo_id
    index = [key for key in bench.gallery() if key.startswith("index/")]
    assert bench.gallery() == [
        *index,
        f"photos/main/{photo_id}/1600.jpg",
        f"photos/main/{photo_id}/1600.webp",
        f"photos/main/{photo_id}/400.jpg",
        f"photos/main/{photo_id}/400.webp",
        f"photos/main/{photo_id}/800.jpg",
        f"photos/main/{photo_id}/800.webp",
        *(photo.taken_key() for key in index if (photo := Photo.from_key(key))),
    ]
    assert bench.versions() == {}
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


def test_the_manifest_says_it_all(bench: Buckets, photo_id: str) -> None:
    """The body of the index entry is for programs that want more than a page shows."""
    data = pictures.png(300, 200)
    version = bench.put(
        f"uploads/main/{photo_id}", data, name="a.png", **{"delete-sha256": "ab" * 32}
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


def test_a_foreign_upload_gets_an_id_of_its_own(bench: Buckets) -> None:
    """`aws s3 cp` with any name; two people's photo.jpg, one after the other, are two photos."""
    first = bench.put("uploads/photo.jpg", pictures.jpeg(50, 40))
    second = bench.put("uploads/photo.jpg", pictures.jpeg(60, 40))
    reports = [bench.process("uploads/photo.jpg", version) for version in (first, second)]
    assert [report.outcome for report in reports] == [Outcome.PUBLISHED] * 2
    entries, _ = bench.store.pages.page("main", None, 10)
    assert sorted((entry.width, entry.name) for entry in entries) == [
        (50, "photo.jpg"),
        (60, "photo.jpg"),
    ]
    assert bench.versions() == {}


def test_doing_it_again_changes_nothing(bench: Buckets, photo_id: str) -> None:
    """A repeated event finds the original gone."""
    version = bench.put(f"uploads/main/{photo_id}", pictures.jpeg(500, 400))
    bench.process(f"uploads/main/{photo_id}", version)
    before = bench.gallery()
    assert bench.process(f"uploads/main/{photo_id}", version).outcome is Outcome.GONE
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.GONE
    assert bench.gallery() == before


def test_eight_deliveries_at_once_publish_one_photo(bench: Buckets, photo_id: str) -> None:
    """Concurrent deliveries of one event end in the same state."""
    version = bench.put(f"uploads/main/{photo_id}", pictures.jpeg(500, 400))
    with ThreadPoolExecutor(8) as pool:
        reports = list(
            pool.map(lambda _: bench.process(f"uploads/main/{photo_id}", version), range(8))
        )
    assert {report.outcome for report in reports} <= {Outcome.PUBLISHED, Outcome.GONE}
    assert len([key for key in bench.gallery() if key.startswith("index/")]) == 1
    assert bench.versions() == {}


def test_an_end_before_the_delete_is_made_good(
    bench: Buckets, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published but the original still there: the next delivery only removes it."""
    version = bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))

    def crash(_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(bench.store.uploads, "delete", crash)
        with pytest.raises(ConnectionError):
            bench.process(f"uploads/main/{photo_id}", version)
    assert [*bench.versions()] == [f"uploads/main/{photo_id}"]
    assert bench.process(f"uploads/main/{photo_id}", version).outcome is Outcome.PUBLISHED
    assert bench.versions() == {}


def test_a_published_photo_is_never_replaced(bench: Buckets, photo_id: str) -> None:
    """A presigned POST used again afterwards changes nothing, and nothing is kept of it."""
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    bench.process(f"uploads/main/{photo_id}")
    before = bench.image(f"photos/main/{photo_id}/400.jpg").tobytes()
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(300, 300))
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.REPLAYED
    assert bench.image(f"photos/main/{photo_id}/400.jpg").tobytes() == before
    assert bench.versions() == {}
    assert len([key for key in bench.gallery() if key.startswith("index/")]) == 1


def test_of_many_uploads_to_a_key_the_first_counts(bench: Buckets, photo_id: str) -> None:
    """Whatever the order and however many at once, the others are removed unread."""
    key = f"uploads/main/{photo_id}"
    versions = [bench.put(key, pictures.jpeg(100 + n, 80)) for n in range(8)]
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
    assert bench.versions() == {}


@pytest.mark.parametrize("published", [True, False], ids=["published", "being-stored"])
def test_two_uploads_to_a_key_that_were_both_read_are_one_photo(
    bench: Buckets, photo_id: str, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    """S3 listed the later one alone; the other's variants stand when it comes to store its own."""
    key = f"uploads/main/{photo_id}"
    first, later = (bench.put(key, pictures.jpeg(100 + n, 80)) for n in range(2))

    def other_is_faster(data: bytes, **options: Any) -> Picture:
        monkeypatch.undo()
        if published:
            assert bench.process(key, first).outcome is Outcome.PUBLISHED
        else:
            smallest = keys.variant_key("main", photo_id, 400, FORMATS["webp"])
            bench.store.gallery.put_variant(smallest, b"x", FORMATS["webp"], source=first)
        return make_variants(data, **options)

    versions = bench.store.uploads.versions
    monkeypatch.setattr(bench.store.uploads, "versions", lambda key: versions(key)[1:])
    monkeypatch.setattr(publish, "make_variants", other_is_faster)
    assert bench.process(key, later).outcome is Outcome.REPLAYED
    assert [*bench.versions()] == ([] if published else [key])
    assert not bench.store.gallery.verdicts("main", [photo_id])


def test_after_a_verdict_the_form_is_used_up(bench: Buckets, photo_id: str) -> None:
    """A second try needs a form of its own; the verdict stays the first picture's."""
    key = f"uploads/main/{photo_id}"
    bench.put(key, b"no picture")
    assert bench.process(key).outcome is Outcome.REJECTED
    bench.put(key, pictures.jpeg(100, 80))
    assert bench.process(key).outcome is Outcome.REPLAYED
    assert [*bench.versions()] == [f"quarantine/main/{photo_id}/unsupported_format"]
    assert bench.gallery() == [f"rejected/main/{photo_id}"]


def test_a_later_variant_of_another_upload_is_not_written_over(
    bench: Buckets, photo_id: str
) -> None:
    """What should never be, since the first variant decides, is refused all the same."""
    key = keys.variant_key("main", photo_id, 400, FORMATS["jpeg"])
    bench.store.gallery.put_variant(key, b"another", FORMATS["jpeg"], source="another")
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    assert bench.process(f"uploads/main/{photo_id}").reason is Reason.ALREADY_PUBLISHED
    assert [*bench.versions()] == [f"quarantine/main/{photo_id}/already_published"]


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
    bench: Buckets, photo_id: str, data: bytes, reason: Reason
) -> None:
    """The person learns why; the bytes are kept for the lifecycle to end."""
    bench.put(f"uploads/main/{photo_id}", data, name="a.jpg", **{"delete-sha256": "ab" * 32})
    report = bench.process(f"uploads/main/{photo_id}")
    assert (report.outcome, report.reason) == (Outcome.REJECTED, reason)
    assert bench.gallery() == [f"rejected/main/{photo_id}"]
    verdict = bench.store.gallery.verdicts("main", [photo_id])[photo_id]
    assert verdict["reason"] == reason
    assert verdict["message"].endswith(".")
    assert verdict["delete_sha256"] == "ab" * 32
    assert [*bench.versions()] == [f"quarantine/main/{photo_id}/{reason}"]


def test_too_large_is_rejected_unread(bench: Buckets, photo_id: str) -> None:
    """The limit of the settings, whoever uploaded it."""
    settings = replace(bench.settings, max_upload_bytes=1000)
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(400, 300))
    store = Store.connect(settings, boto3.Session("test", "test-secret", region_name="us-east-1"))
    event = UploadEvent(settings.upload_bucket, f"uploads/main/{photo_id}")
    assert process(event, store, settings, deadline=soon()).reason is Reason.TOO_LARGE


def test_a_photo_deleted_while_it_waits_is_not_published(bench: Buckets, photo_id: str) -> None:
    """The tombstone was there first."""
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    bench.store.gallery.put_json(keys.tombstone_key("main", photo_id), {})
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.gallery() == [f"deleted/main/{photo_id}"]
    assert bench.versions() == {}


def test_a_photo_deleted_while_it_is_resized_is_withdrawn(
    bench: Buckets, photo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tombstone came between the first look and the index entry."""
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    put_json = bench.store.gallery.put_json

    def delete_then_put(key: str, content: dict[str, Any], **condition: Any) -> str | None:
        if key.startswith("index/"):
            put_json(keys.tombstone_key("main", photo_id), {})
        return put_json(key, content, **condition)

    monkeypatch.setattr(bench.store.gallery, "put_json", delete_then_put)
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.gallery() == [f"deleted/main/{photo_id}"]
    assert bench.versions() == {}


def test_a_bucket_without_versions_works_too(
    unversioned: Store, settings: Settings, aws_session: boto3.Session, photo_id: str
) -> None:
    """A lesser S3: the ETag stands for the version."""
    plain = replace(settings, upload_bucket=unversioned.uploads.name)
    bench = Buckets(unversioned, plain, aws_session)
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.PUBLISHED
    assert bench.versions() == {}
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(200, 80))
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.REPLAYED


@pytest.mark.parametrize("moment", ["3084-01-01", "1970-01-01"])
def test_a_made_up_id_counts_for_nothing(bench: Buckets, moment: str) -> None:
    """Who may put objects cannot put a photo first for ever: it gets the time of its upload."""
    made_up = keys.new_photo_id(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    bench.put(f"uploads/main/{made_up}", pictures.jpeg(100, 80))
    report = bench.process(f"uploads/main/{made_up}")
    assert report.outcome is Outcome.PUBLISHED
    assert report.photo_id is not None
    age = datetime.now(UTC) - keys.uploaded_at(report.photo_id)
    assert timedelta(0) <= age < timedelta(minutes=1)


@pytest.mark.parametrize("purged", [False, True])
def test_a_delete_during_a_rejection_leaves_nothing_in_quarantine(
    bench: Buckets, photo_id: str, monkeypatch: pytest.MonkeyPatch, purged: bool
) -> None:
    """The tombstone came after the first look: verdict and bytes go, EXIF and all."""
    bench.put(f"uploads/main/{photo_id}", b"no picture")
    quarantine = bench.store.uploads.quarantine

    def delete_then_quarantine(*arguments: Any) -> None:
        bench.store.gallery.put_json(keys.tombstone_key("main", photo_id), {})
        if purged:
            bench.store.uploads.purge("main", photo_id)
        quarantine(*arguments)

    monkeypatch.setattr(bench.store.uploads, "quarantine", delete_then_quarantine)
    assert bench.process(f"uploads/main/{photo_id}").outcome is Outcome.DELETED
    assert bench.versions() == {}
    assert bench.gallery() == [f"deleted/main/{photo_id}"]


@pytest.mark.parametrize("key", ["", "quarantine/x", "uploads/", "uploads/2024/", "elsewhere.jpg"])
def test_an_event_of_no_upload_ends_at_once(bench: Buckets, key: str) -> None:
    """Made-up keys, our own quarantine, a folder marker: nothing is read, written or tried again."""
    if key:
        bench.put(key, b"")
    before = bench.versions()
    event = s3_event((key, None), bucket=bench.settings.upload_bucket)
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"foreign": 1}
    later = replace(bench.settings, sweep_after_seconds=0)
    assert entry.handle(SCHEDULED, bench.store, later, deadline=soon()) == {}
    assert bench.versions() == before
    assert bench.gallery() == []


def test_tags_do_not_keep_an_upload_from_quarantine(bench: Buckets, photo_id: str) -> None:
    """They are left behind: copying them would take rights that the function does not have."""
    bench.put(f"uploads/main/{photo_id}", b"no picture")
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


def test_the_handler_does_every_record(bench: Buckets) -> None:
    """Encoded keys, several records, one of them bad: each gets what it deserves."""
    bench.put("uploads/my photo+1.jpg", pictures.jpeg(100, 80))
    bench.put("uploads/bad.jpg", b"nothing")
    encoded = ("uploads/my+photo%2B1.jpg", "uploads/bad.jpg", "uploads/gone")
    event = s3_event(*((key, None) for key in encoded), bucket=bench.settings.upload_bucket)
    counts = entry.handle(event, bench.store, bench.settings, deadline=soon())
    assert counts == {"published": 1, "rejected": 1, "gone": 1}
    entries, _ = bench.store.pages.page("main", None, 10)
    assert [item.name for item in entries] == ["my photo+1.jpg"]


def test_the_handler_raises_only_if_a_retry_can_help(
    bench: Buckets, caplog: pytest.LogCaptureFixture
) -> None:
    """A bucket that does not answer is transient; the other records are done all the same."""
    bench.put("uploads/good.jpg", pictures.jpeg(100, 80))
    broken = bench.put("uploads/broken.jpg", pictures.jpeg(100, 80))
    sent = [("uploads/broken.jpg", broken), ("uploads/good.jpg", None)]
    event = s3_event(*sent, bucket=bench.settings.upload_bucket)

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
    assert len(bench.store.pages.page("main", None, 10)[0]) == 1
    assert "upload not finished" in caplog.text


@pytest.mark.parametrize("event", [{}, {"Records": [{"eventSource": "aws:dynamodb"}]}, None])
def test_unknown_events_are_logged_and_done_with(
    bench: Buckets, caplog: pytest.LogCaptureFixture, event: Any
) -> None:
    """A retry would bring the same again."""
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"unknown": 1}
    assert "unknown event" in caplog.text


def test_an_event_of_another_bucket_is_not_ours(bench: Buckets) -> None:
    """Above all not one of the gallery bucket: that would be a loop on our own output."""
    event = s3_event(("photos/x/400.webp", None), bucket=bench.settings.gallery_bucket)
    assert entry.handle(event, bench.store, bench.settings, deadline=soon()) == {"foreign": 1}


def test_the_sweep_takes_up_what_no_event_brought(bench: Buckets, photo_id: str) -> None:
    """Old uploads of any name, older versions too; young ones are left to their event."""
    bench.put(f"uploads/main/{photo_id}", pictures.jpeg(100, 80))
    bench.put("uploads/a b.jpg", pictures.jpeg(90, 80))
    bench.put("uploads/a b.jpg", pictures.jpeg(80, 80))
    assert entry.handle(SCHEDULED, bench.store, bench.settings, deadline=soon()) == {}
    now = replace(bench.settings, sweep_after_seconds=0)
    time.sleep(1.1)  # S3 tells Last-Modified in whole seconds
    assert entry.handle(SCHEDULED, bench.store, now, deadline=soon()) == {"published": 3}
    assert bench.versions() == {}
    assert len(bench.store.pages.page("main", None, 10)[0]) == 3


def test_what_was_hidden_stays_hidden_when_its_event_comes_again(
    bench: Buckets, photo_id: str
) -> None:
    """As after an end between the index entry and the original's removal."""
    key = f"uploads/main/{photo_id}"
    bench.put(key, pictures.jpeg(100, 80))
    with pytest.MonkeyPatch.context() as cut:
        cut.setattr(bench.store.uploads, "delete", lambda _: None)
        assert bench.process(key).outcome is Outcome.PUBLISHED
    shown = bench.store.gallery.photos("main", [photo_id])[photo_id]
    assert relocate(bench.store.gallery, shown, replace(shown, pending=True, hidden=True))
    assert bench.process(key).outcome is Outcome.PUBLISHED
    assert bench.versions() == {}
    assert bench.store.gallery.photos("main", [photo_id]) == {}
    assert photo_id in bench.store.gallery.photos("main", [photo_id], pending=True)


@pytest.mark.parametrize("slug", ["trip", "main"])
def test_an_upload_waits_while_its_albums_record_cannot_be_read(
    bench: Buckets, photo_id: str, slug: str
) -> None:
    """It may be a private one: nothing is published anywhere, and no attempt is counted."""
    key = f"uploads/{slug}/{photo_id}"
    bench.put(key, pictures.jpeg(100, 80))
    bench.store.gallery.put_json(album_key(slug), {"form": 2})
    for _ in range(7):
        with pytest.raises(UnreadableAlbumError):
            bench.process(key)
    assert bench.gallery() == [album_key(slug)]
    assert [*bench.versions()] == [key]
    bench.store.gallery.put_json(album_key(slug), Album(slug=slug, see=Who.OWNER).record())
    assert bench.process(key).outcome is Outcome.PUBLISHED
    photo = bench.store.gallery.photos(slug, [photo_id])[photo_id]
    assert photo.private


def cut_before_the_album_is_looked_at(bench: Buckets, key: str, meanwhile: Album) -> None:
    """Publish an upload to a public album that changes meanwhile, and end right behind the entry."""

    def end(*_: object) -> None:
        raise ConnectionError

    bench.store.albums.save(Album(slug=meanwhile.slug))
    bench.put(key, pictures.jpeg(100, 80))
    with pytest.MonkeyPatch.context() as cut:
        cut.setattr(publish, "_follow_album", end)
        with pytest.raises(ConnectionError):
            bench.process(key)
    assert any(found.startswith("photos/trip/") for found in bench.gallery())
    bench.store.gallery.put_json(album_key(meanwhile.slug), meanwhile.record())


def test_a_photo_follows_its_album_also_when_its_event_comes_again(
    bench: Buckets, photo_id: str
) -> None:
    """Nothing of an album that was closed stays where anyone may read it."""
    key = f"uploads/trip/{photo_id}"
    cut_before_the_album_is_looked_at(bench, key, Album(slug="trip", see=Who.LINK))
    assert bench.process(key).outcome is Outcome.PUBLISHED
    assert bench.store.gallery.photos("trip", [photo_id])[photo_id].private
    assert not any(found.startswith("photos/") for found in bench.gallery())
    assert bench.versions() == {}


def test_a_photo_goes_with_its_album_also_when_its_event_comes_again(
    bench: Buckets, photo_id: str
) -> None:
    """No photo stands in an album that is deleted: its upload ends with a verdict that says so."""
    key = f"uploads/trip/{photo_id}"
    cut_before_the_album_is_looked_at(bench, key, Album(slug="trip", state=State.DELETED))
    report = bench.process(key)
    assert (report.outcome, report.reason) == (Outcome.REJECTED, Reason.ALBUM_GONE)
    assert bench.store.gallery.photos("trip", [photo_id]) == {}
    assert not any(found.startswith("photos/") for found in bench.gallery())
    assert [*bench.versions()] == [f"quarantine/trip/{photo_id}/album_gone"]


def test_the_sweep_stops_in_time(bench: Buckets) -> None:
    """What it does not reach is for the next one."""
    bench.put("uploads/a.jpg", pictures.jpeg(100, 80))
    time.sleep(1.1)
    now = replace(bench.settings, sweep_after_seconds=0)
    deadline = time.monotonic() + entry.MARGIN_SECONDS + FAIR_SECONDS - 1
    assert entry.handle(SCHEDULED, bench.store, now, deadline=deadline) == {}
    assert [*bench.versions()] == ["uploads/a.jpg"]


def test_every_picture_is_one_line_of_json(bench: Buckets, photo_id: str) -> None:
    """Id, bytes in and out, milliseconds per step: what CloudWatch can be asked for."""
    data = pictures.jpeg(500, 400)
    bench.put(f"uploads/main/{photo_id}", data)
    event = s3_event((f"uploads/main/{photo_id}", None), bucket=bench.settings.upload_bucket)
    with json_log() as log:
        entry.handle(event, bench.store, bench.settings, deadline=soon())
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
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
