"""The two buckets, over real HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError

from services.core import keys
from services.core.reasons import Reason
from services.core.settings import Settings
from services.core.variants import FORMATS
from services.store import Store
from services.store.client import make_s3
from tests.object_store import ObjectStore
from tests.photos import photo_ids, publish, stored_photo

WEBP = FORMATS["webp"]


def post(
    store: Store, photo_id: str, data: bytes = b"bytes", name: str = "a.jpg"
) -> httpx.Response:
    """Upload through the presigned POST."""
    url, fields = store.uploads.presign_post(
        "main", photo_id, content_type="image/jpeg", name=name, delete_sha256="ab" * 32
    )
    return httpx.post(url, data=fields, files={"file": ("ignored", data)})


@pytest.mark.parametrize("name", ["a b+c.jpg", "日本 🏖.jpg", "100%.jpg", "x" * 300, ""])
def test_an_upload_carries_name_and_delete_hash(store: Store, name: str) -> None:
    """They travel as object metadata, which is ASCII."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    assert post(store, photo_id, name=name).status_code == 201
    original = store.uploads.read(f"uploads/main/{photo_id}")
    assert original is not None
    assert original.data == b"bytes"
    assert original.name == name[:255]
    assert original.delete_sha256 == "ab" * 32
    assert original.size == 5


def test_a_foreign_upload_is_named_by_its_key(
    store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """`aws s3 cp` brings a name and no metadata."""
    s3 = make_s3(settings, aws_session)
    s3.put_object(Bucket=settings.upload_bucket, Key="uploads/trip/My Photo.jpg", Body=b"x")
    original = store.uploads.read("uploads/trip/My Photo.jpg")
    assert original is not None
    assert original.name == "My Photo.jpg"
    assert original.delete_sha256 == ""


def test_a_larger_upload_than_allowed_is_not_read(
    settings: Settings, aws_session: boto3.Session, store: Store
) -> None:
    """Whoever has the bucket's keys can put anything; it must not fill the function's memory."""
    s3 = make_s3(settings, aws_session)
    s3.put_object(
        Bucket=settings.upload_bucket, Key="uploads/x", Body=bytes(settings.max_upload_bytes + 1)
    )
    original = store.uploads.read("uploads/x")
    assert original is not None
    assert original.size == 25_000_001
    assert original.data is None


def test_what_is_not_there(store: Store) -> None:
    """An object that is gone is None; no error."""
    assert store.uploads.read("uploads/none") is None
    assert store.uploads.head("main", photo_ids(1)[0]) is None
    assert store.gallery.get_json("index/none") is None


def test_deleting_a_version_leaves_the_newer_upload(store: Store) -> None:
    """Two uploads to one key: the first is done, the second still waits."""
    photo_id = photo_ids(1)[0]
    post(store, photo_id, b"first")
    first = store.uploads.read(f"uploads/main/{photo_id}")
    post(store, photo_id, b"second")
    assert first is not None
    store.uploads.delete(first)
    second = store.uploads.read(f"uploads/main/{photo_id}")
    assert second is not None
    assert second.data == b"second"
    assert store.uploads.read(f"uploads/main/{photo_id}", first.version_id) is None


def test_without_versions_the_newer_upload_survives_too(unversioned: Store) -> None:
    """The delete is conditional on the ETag."""
    photo_id = photo_ids(1)[0]
    post(unversioned, photo_id, b"first")
    first = unversioned.uploads.read(f"uploads/main/{photo_id}")
    assert first is not None
    assert first.version_id is None
    post(unversioned, photo_id, b"second")
    unversioned.uploads.delete(first)
    second = unversioned.uploads.read(f"uploads/main/{photo_id}")
    assert second is not None
    assert second.data == b"second"
    unversioned.uploads.delete(second)
    assert unversioned.uploads.read(f"uploads/main/{photo_id}") is None
    unversioned.uploads.delete(second)  # again: nothing to do, no error


def test_quarantine_keeps_bytes_and_metadata(
    store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """The original is moved, exactly that version."""
    photo_id = photo_ids(1)[0]
    post(store, photo_id, b"bad")
    original = store.uploads.read(f"uploads/main/{photo_id}")
    assert original is not None
    store.uploads.quarantine(original, "main", photo_id, Reason.CORRUPT)
    assert store.uploads.read(f"uploads/main/{photo_id}") is None
    kept = make_s3(settings, aws_session).get_object(
        Bucket=settings.upload_bucket, Key=f"quarantine/main/{photo_id}/corrupt"
    )
    assert kept["Body"].read() == b"bad"
    assert kept["Metadata"]["delete-sha256"] == "ab" * 32


def test_a_variant_is_cacheable_for_ever(store: Store) -> None:
    """Content type and cache control are set, and the presigned URL serves them."""
    assert store.gallery.put_variant("photos/a/400.webp", b"webp", WEBP, source="v1")
    response = httpx.get(store.gallery.url("photos/a/400.webp"))
    assert response.content == b"webp"
    assert response.headers["content-type"] == "image/webp"
    assert response.headers["cache-control"] == "public, max-age=31536000, s-maxage=600, immutable"


def test_a_variant_never_changes_hands(store: Store) -> None:
    """The same upload may write again; another one may not."""
    assert store.gallery.put_variant("photos/a/400.webp", b"one", WEBP, source="v1")
    assert store.gallery.put_variant("photos/a/400.webp", b"one", WEBP, source="v1")
    assert not store.gallery.put_variant("photos/a/400.webp", b"two", WEBP, source="v2")
    assert httpx.get(store.gallery.url("photos/a/400.webp")).content == b"one"


def test_a_download_is_saved_under_its_name(store: Store) -> None:
    """S3 answers with the Content-Disposition that was signed."""
    store.gallery.put_variant("photos/a/400.webp", b"webp", WEBP, source="v1")
    response = httpx.get(store.gallery.download_url("photos/a/400.webp", "日本.webp"))
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"__.webp\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.webp"
    )


def test_a_tampered_url_is_refused(store: Store) -> None:
    """A signature is for one key."""
    store.gallery.put_variant("photos/a/400.webp", b"webp", WEBP, source="v1")
    store.gallery.put_variant("photos/b/400.webp", b"webp", WEBP, source="v1")
    url = store.gallery.url("photos/a/400.webp").replace("photos/a", "photos/b")
    assert httpx.get(url).status_code == 403


def test_pages_visit_every_photo_once_newest_first(store: Store) -> None:
    """The cursor is the last photo's id; the last page has none."""
    ids = photo_ids(7)
    publish(store, *ids)
    seen: list[list[str]] = []
    after: str | None = None
    while True:
        entries, after = store.pages.page("main", after, 3)
        seen.append([entry.id for entry in entries])
        if after is None:
            break
    assert seen == [ids[:3], ids[3:6], ids[6:]]


def test_paging_goes_on_while_photos_come_and_go(store: Store) -> None:
    """A cursor whose photo was deleted still works; new photos do not shift pages."""
    ids = photo_ids(6)
    publish(store, *ids[1:])
    first, after = store.pages.page("main", None, 2)
    store.gallery.remove("main", ids[2])
    publish(store, ids[0])
    second, _ = store.pages.page("main", after, 2)
    assert [entry.id for entry in first] == ids[1:3]
    assert [entry.id for entry in second] == ids[3:5]


def test_a_page_passes_over_what_is_no_entry(store: Store) -> None:
    """An object of another form under the prefix breaks no page."""
    photo_id = photo_ids(1)[0]
    publish(store, photo_id)
    store.gallery.put_json(f"index/main/{photo_id}/9.later", {})
    entries, after = store.pages.page("main", None, 10)
    assert [entry.id for entry in entries] == [photo_id]
    assert after is None


def test_many_photos_are_found_at_once(store: Store) -> None:
    """Published, rejected, deleted and waiting ones, each in its own place."""
    ready, rejected, deleted, waiting, unknown = ids = photo_ids(5)
    [entry] = publish(store, ready)
    store.gallery.put_json(keys.verdict_key("main", rejected), {"reason": "corrupt"})
    store.gallery.put_json(keys.tombstone_key("main", deleted), {})
    post(store, waiting)
    assert store.gallery.photos("main", ids) == {ready: entry}
    assert store.gallery.verdicts("main", ids) == {rejected: {"reason": "corrupt"}}
    assert store.gallery.deleted("main", ids) == {deleted}
    assert set(store.uploads.present("main", ids)) == {waiting}
    assert unknown not in store.gallery.photos("main", [unknown])


def test_photos_far_apart_are_found_too(store: Store) -> None:
    """What one listing of 1,000 keys does not reach is asked for by itself."""
    ids = photo_ids(1_010)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.gallery.put_json(keys.tombstone_key("main", i), {}), ids))
    assert store.gallery.deleted("main", [ids[0], ids[500], ids[-1]]) == {ids[0], ids[500], ids[-1]}
    assert store.gallery.deleted("main", [ids[-1]]) == {ids[-1]}


def test_removing_a_photo_leaves_nothing(store: Store) -> None:
    """Entry, variants and verdict go; removing again is no error."""
    photo_id, other = photo_ids(2)
    publish(store, photo_id, other)
    store.gallery.put_variant(f"photos/main/{photo_id}/400.webp", b"x", WEBP, source="v1")
    store.gallery.remove("main", photo_id)
    store.gallery.remove("main", photo_id)
    assert store.gallery.photos("main", [photo_id, other]).keys() == {other}
    assert httpx.get(store.gallery.url(f"photos/main/{photo_id}/400.webp")).status_code == 404


def test_the_sweep_finds_every_version_that_waited_long_enough(store: Store) -> None:
    """Older versions too, which no listing of current objects shows."""
    photo_id = photo_ids(1)[0]
    post(store, photo_id, b"first")
    post(store, photo_id, b"second")
    now = datetime.now(UTC)
    assert list(store.uploads.waiting(now - timedelta(minutes=1))) == []
    found = list(store.uploads.waiting(now + timedelta(minutes=1)))
    assert [version.key for version in found] == [f"uploads/main/{photo_id}"] * 2
    assert found[::-1] == store.uploads.versions(f"uploads/main/{photo_id}")
    assert [version.size for version in found] == [6, 5]


def test_a_purge_leaves_no_version(
    store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """Everything under the photo id, quarantine and delete markers included; nothing of others."""
    photo_id, other = photo_ids(2)
    s3 = make_s3(settings, aws_session)
    for data in (b"one", b"two"):
        post(store, photo_id, data)
        s3.put_object(
            Bucket=settings.upload_bucket, Key=f"quarantine/main/{photo_id}/corrupt", Body=data
        )
    s3.delete_object(Bucket=settings.upload_bucket, Key=f"uploads/main/{photo_id}")
    post(store, other)
    s3.put_object(Bucket=settings.upload_bucket, Key=f"uploads/main/{photo_id}x", Body=b"")
    store.uploads.purge("main", photo_id)
    left = s3.list_object_versions(Bucket=settings.upload_bucket)
    kept = [f"uploads/main/{photo_id}x", f"uploads/main/{other}"]
    assert sorted(item["Key"] for item in left["Versions"]) == sorted(kept)
    assert left.get("DeleteMarkers", []) == []
    store.uploads.purge("main", photo_id)  # again: nothing to do, no error


def test_a_bucket_without_versions_is_purged_too(unversioned: Store) -> None:
    """As on a lesser S3."""
    photo_id = photo_ids(1)[0]
    post(unversioned, photo_id)
    assert len(unversioned.uploads.versions(f"uploads/main/{photo_id}")) == 1
    unversioned.uploads.purge("main", photo_id)
    assert unversioned.uploads.versions(f"uploads/main/{photo_id}") == []


@pytest.mark.parametrize("record", [b"", b"<html>", b"[]", b'{"form": 99, "slug": "trip"}'])
def test_an_album_record_of_another_form_is_no_album(
    store: Store, caplog: pytest.LogCaptureFixture, record: bytes
) -> None:
    """It is skipped with one line in the log: a later version, or whatever somebody put there."""
    store.gallery._s3.put_object(Bucket=store.gallery.name, Key="albums/trip.json", Body=record)
    assert store.albums.get("trip") is None
    assert [line.message for line in caplog.records] == ["album record of an unknown form"]


def test_a_cdn_serves_plain_addresses(settings: Settings, aws_session: boto3.Session) -> None:
    """Of what anyone may see, unsigned; private albums are signed for S3; the policy has both."""
    cdn = Settings(image_base_url="https://cdn.example/pics", upload_bucket=settings.upload_bucket)
    gallery = Store.connect(cdn, aws_session).gallery
    assert gallery.url("photos/a/400.webp") == "https://cdn.example/pics/photos/a/400.webp"
    assert gallery.origin == "https://cdn.example"
    private = urlsplit(gallery.url("private/a/400.webp"))
    assert private.netloc == "contact-sheet-gallery.s3.us-east-1.amazonaws.com"
    assert "X-Amz-Signature" in parse_qs(private.query)
    assert gallery.origins == ("https://cdn.example", f"https://{private.netloc}")
    download = urlsplit(gallery.download_url("photos/a/400.webp", "a.webp"))
    assert download.netloc == "contact-sheet-gallery.s3.us-east-1.amazonaws.com"
    assert parse_qs(download.query)["X-Amz-SignedHeaders"] == ["host"]


def test_the_policy_fixes_everything(store: Store, settings: Settings) -> None:
    """Larger, empty, elsewhere, another type or other metadata: S3 refuses each."""
    photo_id = photo_ids(1)[0]
    url, fields = store.uploads.presign_post(
        "main", photo_id, content_type="image/jpeg", name="a.jpg", delete_sha256="ab" * 32
    )

    def refusal(data: bytes = b"x", changed: dict[str, str] | None = None) -> tuple[int, str]:
        form = fields | (changed or {})
        response = httpx.post(url, data=form, files={"file": ("f", data)})
        return response.status_code, response.text

    assert refusal(bytes(settings.max_upload_bytes + 1))[0] == 400
    assert "EntityTooLarge" in refusal(bytes(settings.max_upload_bytes + 1))[1]
    assert "EntityTooSmall" in refusal(b"")[1]
    for changed in (
        {"key": "uploads/other"},
        {"Content-Type": "text/html"},
        {"x-amz-meta-delete-sha256": "cd" * 32},
        {"x-amz-meta-extra": "1"},
    ):
        status, text = refusal(changed=changed)
        assert status == 403, changed
        assert "AccessDenied" in text
    assert store.uploads.read(f"uploads/main/{photo_id}") is None


def test_an_error_of_the_storage_is_not_taken_for_an_absence(
    store: Store, settings: Settings
) -> None:
    """Without the right key nothing is None or done: each call raises, and a retry may help."""
    photo_id = photo_ids(1)[0]
    post(store, photo_id)
    original = store.uploads.read(f"uploads/main/{photo_id}")
    assert original is not None
    unversioned = replace(original, version_id=None)
    stranger = boto3.Session("test", "wrong-secret", region_name="us-east-1")
    shut = Store.connect(settings, stranger)
    calls: list[Callable[[], object]] = [
        lambda: shut.uploads.read(original.key),
        lambda: shut.uploads.head("main", photo_id),
        lambda: shut.uploads.delete(original),
        lambda: shut.uploads.delete(unversioned),
        lambda: shut.gallery.get_json("index/x"),
        lambda: shut.gallery.put_variant("photos/a/400.webp", b"x", WEBP, source="v"),
        lambda: shut.pages.page("main", None, 10),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert store.uploads.read(original.key) == original


def test_a_form_without_javascript_comes_back(store: Store) -> None:
    """S3 redirects to where the policy says, with bucket, key and ETag in the query."""
    photo_id = photo_ids(1)[0]
    url, fields = store.uploads.presign_post(
        "main",
        photo_id,
        content_type="application/octet-stream",
        name="",
        delete_sha256="ab" * 32,
        redirect="http://gallery.test/photos/x",
    )
    response = httpx.post(url, data=fields, files={"file": b"x"})
    assert response.status_code == 303
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == "http://gallery.test/photos/x"
    assert parse_qs(location.query)["key"] == [f"uploads/main/{photo_id}"]


def test_newer_photos_are_found_though_s3_lists_forwards_only(store: Store) -> None:
    """The photos just newer than one come whatever lies between it and the newest."""
    start = datetime(2026, 11, 24, tzinfo=UTC)
    moments = [start + timedelta(seconds=n) for n in range(5)]
    moments += [start + timedelta(days=40, milliseconds=n) for n in range(1005)]
    ids = sorted(keys.new_photo_id(moment) for moment in moments)
    publish(store, *ids)
    oldest = ids[-1]
    for photo_id, limit, found, more in (
        (ids[0], 3, [], False),
        (ids[2], 3, ids[:2], False),
        (ids[500], 3, ids[497:500], True),
        (ids[-5], 3, ids[-8:-5], True),  # more than a listing away from the newest
        (oldest, 3, ids[-4:-1], True),
        (oldest, 6, ids[-7:-1], True),  # across the forty days
    ):
        newer, are_more = store.pages.newer("main", photo_id, limit)
        assert [photo.id for photo in newer] == found
        assert are_more is more


def test_photos_are_counted_up_to_a_bound(store: Store) -> None:
    """All, and those newer than one; a photo with two entries is one; None stands for too many."""
    ids = photo_ids(4)
    publish(store, *ids)
    second = replace(stored_photo(ids[1]), name="again.jpg")
    store.gallery.put_json(second.key(), {"id": ids[1]})
    assert store.pages.count("main", None, 10) == (4, 0)
    assert store.pages.count("main", ids[2], 10) == (4, 2)
    assert store.pages.count("main", ids[2], 3) == (None, 2)
    assert store.pages.count("main", ids[3], 2) == (None, None)
    assert store.pages.count("holiday", None, 10) == (0, 0)


def test_a_form_says_where_it_was_asked_from(
    store: Store, local_s3: ObjectStore, settings: Settings
) -> None:
    """In the event as who caused it, so that a local queue can be fair."""
    url, fields = store.uploads.presign_post(
        "main", "7" + "Z" * 25, content_type="image/jpeg", name="", delete_sha256="", source="ab12"
    )
    httpx.post(url, data=fields, files={"file": b"x"})
    [event] = local_s3.events(settings.upload_bucket)
    assert event["Records"][0]["userIdentity"] == {"principalId": "ab12"}


@pytest.mark.parametrize("conflicts", [1, 2])
def test_a_conditional_write_that_met_another_is_sent_again(store: Store, conflicts: int) -> None:
    """S3 refuses with 409 what it wants once more; no S3 but Amazon's does it."""
    left = conflicts

    def conflict(**_: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return None
        error = {"Code": "ConditionalRequestConflict"}
        answer = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 409}}
        return AWSResponse("", 409, HTTPHeaders(), None), answer

    store.gallery._s3.meta.events.register("before-call.s3.PutObject", conflict)
    assert store.grants.use_up("ab" * 32)
    assert not store.grants.use_up("ab" * 32)
    left = conflicts
    assert store.gallery.put_variant("photos/main/x/400.webp", b"x", WEBP, source="1")
