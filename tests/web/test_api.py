"""The API: begin an upload, follow it, list, delete."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest
from botocore.exceptions import EndpointConnectionError
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from services.core import keys
from services.core.albums import Album
from services.core.settings import Settings
from services.core.variants import FORMATS
from services.store import Store
from services.web.access import browser_id
from services.web.app import create_app
from services.web.gallery import Gallery
from tests import pictures
from tests.photos import photo_ids, publish, stored_photo
from tests.web.uploading import JPEG, Resize, begin, upload

UNSUPPORTED = "This is not a picture we can read; please use JPEG, PNG, GIF, WebP, AVIF or HEIC."


def test_an_upload_begins_with_a_presigned_post(client: TestClient, settings: Settings) -> None:
    """Exact key and type, five minutes, SigV4; the page and the delete token to be."""
    before = datetime.now(UTC)
    response = begin(client)
    assert response.status_code == 201
    begun = response.json()
    photo_id = begun["id"]
    assert keys.is_photo_id(photo_id)
    assert begun["page"] == response.headers["location"] == f"/photos/{photo_id}"
    assert len(begun["delete_token"]) >= 32
    post = begun["upload"]
    assert post["url"] == f"{settings.s3_endpoint_url}/{settings.upload_bucket}"
    expires_at = datetime.fromisoformat(post["expires_at"])
    assert timedelta(minutes=4, seconds=59) < expires_at - before < timedelta(minutes=5, seconds=5)
    fields = post["fields"]
    assert fields["key"] == f"uploads/main/{photo_id}"
    assert fields["Content-Type"] == "image/jpeg"
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    assert "acl" not in fields
    assert begun["delete_token"] not in str(fields)


@pytest.mark.parametrize(
    ("changed", "status", "reason", "detail"),
    [
        ({"size": 25_000_001}, 413, "too_large", "The file is larger than 25 MB."),
        ({"size": 0}, 422, "empty", "The file is empty."),
        ({"type": "application/pdf"}, 415, "unsupported_format", UNSUPPORTED),
        ({"type": "video/mp4"}, 415, "unsupported_format", UNSUPPORTED),
    ],
)
def test_what_cannot_be_uploaded_is_said_before_a_byte_is_sent(
    client: TestClient, changed: dict[str, Any], status: int, reason: str, detail: str
) -> None:
    """Status, stable reason and a sentence, as problem details."""
    response = begin(client, **changed)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["reason"] == reason
    assert problem["detail"] == detail
    assert problem["status"] == status
    assert problem["type"] == "about:blank"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.filename"),
        (JPEG | {"size": "big"}, "body.size"),
        (JPEG | {"filename": "x" * 1025}, "body.filename"),
        (JPEG | {"filename": None}, "body.filename"),
    ],
)
def test_a_malformed_request_is_told_where(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    """422 with the field's name."""
    response = client.post("/api/uploads", json=body)
    assert response.status_code == 422
    assert field in [error["field"] for error in response.json()["errors"]]


def test_a_photo_from_upload_to_deletion(client: TestClient, resize: Resize) -> None:
    """Unknown, waiting, ready, deleted: each state as the API tells it."""
    unknown = begin(client).json()["id"]
    assert client.get(f"/api/photos/{unknown}").status_code == 404

    begun = upload(client, pictures.jpeg(1000, 500), filename="Bär & Söhne.jpg")
    photo_id = begun["id"]
    assert client.get(f"/api/photos/{photo_id}").json() == {"id": photo_id, "state": "waiting"}

    resize(photo_id)
    photo = client.get(f"/api/photos/{photo_id}").json()
    assert photo["state"] == "ready"
    assert (photo["name"], photo["width"], photo["height"]) == ("Bär & Söhne.jpg", 1000, 500)
    assert photo["page"] == f"/photos/{photo_id}"
    assert photo["animated"] is False
    assert 5 < len(base64.b64decode(photo["thumbhash"])) <= 25
    assert datetime.now(UTC) - datetime.fromisoformat(photo["uploaded_at"]) < timedelta(minutes=1)
    assert [(v["size"], v["format"], v["width"], v["height"]) for v in photo["variants"]] == [
        (400, "webp", 400, 200),
        (400, "jpeg", 400, 200),
        (800, "webp", 800, 400),
        (800, "jpeg", 800, 400),
        (1600, "webp", 1000, 500),
        (1600, "jpeg", 1000, 500),
    ]
    for variant in photo["variants"]:
        served = httpx.get(variant["url"])
        assert served.status_code == 200
        assert served.headers["content-type"] == variant["type"]
    assert client.get("/api/photos").json() == {"photos": [photo], "next": None}

    headers = {"X-Delete-Token": begun["delete_token"]}
    assert client.delete(f"/api/photos/{photo_id}", headers=headers).status_code == 204
    assert client.get(f"/api/photos/{photo_id}").status_code == 410
    assert client.delete(f"/api/photos/{photo_id}", headers=headers).status_code == 410
    assert client.get("/api/photos").json() == {"photos": [], "next": None}
    assert httpx.get(photo["variants"][0]["url"]).status_code == 404


def test_a_delete_that_was_cut_short_can_be_asked_for_again(
    client: TestClient, resize: Resize, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tombstone stands and the photo too: it is still shown, and the next delete ends it."""
    begun = upload(client, pictures.jpeg(50, 40))
    resize(begun["id"])
    path, headers = f"/api/photos/{begun['id']}", {"X-Delete-Token": begun["delete_token"]}
    url = client.get(path).json()["variants"][0]["url"]

    def cut_short(*_: str) -> None:
        raise EndpointConnectionError(endpoint_url="s3")

    with monkeypatch.context() as patched:
        patched.setattr(store.gallery, "remove", cut_short)
        assert client.delete(path, headers=headers).status_code == 503
    assert client.get(path).json()["state"] == "ready"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path).status_code == 410
    assert httpx.get(url).status_code == 404


def test_deleting_again_removes_what_was_left(
    client: TestClient, resize: Resize, store: Store
) -> None:
    """An attempt that ended after the index entry leaves variants; the next one finds them."""
    begun = upload(client, pictures.jpeg(50, 40))
    resize(begun["id"])
    path, headers = f"/api/photos/{begun['id']}", {"X-Delete-Token": begun["delete_token"]}
    url = client.get(path).json()["variants"][0]["url"]
    client.delete(path, headers=headers)
    key = f"photos/main/{begun['id']}/400.webp"
    store.gallery.put_variant(key, b"left", FORMATS["webp"], source="v")
    assert client.delete(path, headers={"X-Delete-Token": "other"}).status_code == 410
    assert httpx.get(url).status_code == 200
    assert client.delete(path, headers=headers).status_code == 410
    assert httpx.get(url).status_code == 404


def test_only_the_uploader_can_delete(client: TestClient, resize: Resize) -> None:
    """Another upload's token, an empty one and none at all do nothing."""
    begun = upload(client, pictures.jpeg(50, 40))
    other = begin(client).json()["delete_token"]
    path = f"/api/photos/{begun['id']}"

    def refusals() -> list[int]:
        tokens = (other, "", "x" * 200, begun["delete_token"][:-1])
        return [client.delete(path, headers={"X-Delete-Token": t}).status_code for t in tokens]

    assert refusals() == [403] * 4
    resize(begun["id"])
    assert refusals() == [403] * 4
    assert client.delete(path).status_code == 403
    assert client.get(path).json()["state"] == "ready"


def test_a_foreign_upload_can_be_deleted_by_nobody_here(client: TestClient, store: Store) -> None:
    """It has no token; an empty one is not its token."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    publish(store, photo_id)
    response = client.delete(f"/api/photos/{photo_id}", headers={"X-Delete-Token": ""})
    assert response.status_code == 403


def test_a_waiting_upload_can_be_withdrawn(client: TestClient, resize: Resize) -> None:
    """The resize function finds the tombstone."""
    begun = upload(client, pictures.jpeg(50, 40))
    headers = {"X-Delete-Token": begun["delete_token"]}
    assert client.delete(f"/api/photos/{begun['id']}", headers=headers).status_code == 204
    resize(begun["id"])
    assert client.get(f"/api/photos/{begun['id']}").status_code == 410


def test_a_rejected_upload_says_why_and_can_be_dismissed(
    client: TestClient, resize: Resize
) -> None:
    """The verdict is the answer until its uploader deletes it."""
    begun = upload(client, b"this is not a picture")
    resize(begun["id"])
    response = client.get(f"/api/photos/{begun['id']}")
    assert response.status_code == 200
    assert response.json() == {
        "id": begun["id"],
        "state": "rejected",
        "reason": "unsupported_format",
        "message": UNSUPPORTED,
        "note": "",
    }
    headers = {"X-Delete-Token": begun["delete_token"]}
    assert client.delete(f"/api/photos/{begun['id']}", headers=headers).status_code == 204
    assert client.get(f"/api/photos/{begun['id']}").status_code == 410


def test_many_uploads_are_followed_at_once(client: TestClient, resize: Resize) -> None:
    """One request, the states in the order asked for."""
    ready = upload(client, pictures.jpeg(50, 40))["id"]
    rejected = upload(client, b"no picture")["id"]
    resize(ready)
    resize(rejected)
    waiting = upload(client, pictures.jpeg(50, 40))["id"]
    deleted_upload = upload(client, pictures.jpeg(50, 40))
    deleted = deleted_upload["id"]
    client.delete(
        f"/api/photos/{deleted}", headers={"X-Delete-Token": deleted_upload["delete_token"]}
    )
    ids = [waiting, ready, "nonsense", deleted, rejected]
    photos = client.get("/api/photos", params={"ids": ",".join(ids)}).json()["photos"]
    assert [(photo["id"], photo["state"]) for photo in photos] == [
        (waiting, "waiting"),
        (ready, "ready"),
        ("nonsense", "unknown"),
        (deleted, "deleted"),
        (rejected, "rejected"),
    ]


def test_listing_goes_page_by_page(client: TestClient, store: Store) -> None:
    """`next` is the cursor; limits are kept."""
    publish(store, *(ids := photo_ids(5)))
    first = client.get("/api/photos", params={"limit": 2}).json()
    assert [photo["id"] for photo in first["photos"]] == ids[:2]
    second = client.get("/api/photos", params={"limit": 3, "after": first["next"]}).json()
    assert [photo["id"] for photo in second["photos"]] == ids[2:]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "after=../../etc", "after=", "ids=" + "a," * 1400],
)
def test_a_malformed_query_is_refused(client: TestClient, query: str) -> None:
    """422, and S3 is not asked."""
    assert client.get(f"/api/photos?{query}").status_code == 422


@pytest.mark.parametrize("path", ["/api/photos/x", "/api/photos/..%2f..", "/api/nothing"])
def test_what_does_not_exist_is_404(client: TestClient, path: str) -> None:
    """As problem details."""
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["title"] == "Not Found"


def test_health(client: TestClient) -> None:
    """Alive without a bucket; ready only with both."""
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_without_storage_it_is_alive_but_not_ready(settings: Settings, aws_session: Any) -> None:
    """A missing bucket: 503 with Retry-After, in words, and the liveness unharmed."""
    missing = replace(settings, gallery_bucket=f"{settings.gallery_bucket}-missing")
    lost = TestClient(create_app(missing, Store.connect(missing, aws_session)))
    assert lost.get("/healthz").status_code == 200
    response = lost.get("/readyz")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json()["detail"] == "The storage does not answer; please try again in a moment."


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://gallery.test"}, 201),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_another_site_cannot_change_anything(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    """By Sec-Fetch-Site, or by Origin where a browser sends only that."""
    response = client.post("/api/uploads", json=JPEG, headers=headers)
    assert response.status_code == status
    assert response.headers["x-content-type-options"] == "nosniff"


def test_every_answer_carries_the_security_headers(
    app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages, API, errors, and the error that nobody foresaw."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(app.state.store.pages, "page", fail)
    unharmed = TestClient(app, raise_server_exceptions=False)
    expected = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob: {settings.s3_endpoint_url}; font-src 'self'; "
        f"manifest-src 'self'; connect-src 'self' {settings.s3_endpoint_url}; "
        "frame-src 'self'; "
        f"form-action 'self' {settings.s3_endpoint_url}; base-uri 'none'; frame-ancestors 'none'"
    )
    for path, status in (("/healthz", 200), ("/api/photos/x", 404), ("/api/photos", 500)):
        response = unharmed.get(path)
        assert response.status_code == status
        assert response.headers["content-security-policy"] == expected
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert unharmed.get("/api/photos").json()["detail"] == "Something went wrong here."


def test_an_address_may_not_begin_uploads_without_end(settings: Settings, store: Store) -> None:
    """Beyond the limit: 429 with the seconds to wait, told in words too; others are not hindered."""
    app = create_app(replace(settings, uploads_per_minute=2), store)
    eager, other = (TestClient(app, client=(host, 50000)) for host in ("10.0.0.1", "10.0.0.2"))
    assert [begin(eager).status_code for _ in range(3)] == [201, 201, 429]
    refused = begin(eager)
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    assert refused.json()["detail"] == f"Too many requests at once; please go on in {wait} seconds."
    assert begin(other).status_code == 201
    assert eager.get("/api/photos").status_code == 200


def test_the_form_without_javascript_is_counted_too(settings: Settings, store: Store) -> None:
    """It is signed as the API's are; beyond the limit a page says so."""
    app = create_app(replace(settings, uploads_per_minute=2), store)
    eager = TestClient(app, headers={"Accept": "text/html"})
    assert [eager.get("/upload").status_code for _ in range(3)] == [200, 200, 429]
    assert begin(eager).status_code == 429
    refused = eager.get("/upload")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "Too many uploads at once" in refused.text


def test_while_uploads_are_paused_the_answer_says_why_and_when(
    settings: Settings, store: Store
) -> None:
    """503 with a stable reason, a sentence, and Retry-After; the page says so too."""
    store.budget.set_paused(paused=True)
    client = TestClient(create_app(settings, store))
    response = begin(client)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "3600"
    assert response.json()["reason"] == "paused"
    assert response.json()["detail"] == (
        "The gallery takes no pictures at the moment; please try again later."
    )
    page = client.get("/upload", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "The gallery takes no pictures at the moment" in page.text
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_a_full_day_is_told_with_the_time_until_midnight(
    settings: Settings, store: Store, resize: Resize
) -> None:
    """Published photos alone fill it: nothing else is counted, and no one has to come by."""
    one = replace(settings, photos_a_day=1)
    client = TestClient(create_app(one, store))
    resize(upload(client, pictures.jpeg(40, 30))["id"])
    store.budget.look("main", one, datetime.now(UTC))
    late = TestClient(create_app(one, store))  # nothing remembered
    response = begin(late)
    assert response.json()["reason"] == "day_is_full"
    midnight = datetime.now(UTC) + timedelta(seconds=int(response.headers["retry-after"]))
    assert midnight.hour == 0
    assert midnight.minute == 0


@pytest.mark.parametrize(
    ("trusted", "first", "second", "together"),
    [
        (0, ("10.0.0.1", "1.1.1.1"), ("10.0.0.1", "2.2.2.2"), True),
        (1, ("127.0.0.1", "6.6.6.6, 1.1.1.1"), ("127.0.0.1", "7.7.7.7, 1.1.1.1"), True),
        (1, ("127.0.0.1", "1.1.1.1"), ("127.0.0.1", "2.2.2.2"), False),
        (2, ("127.0.0.1", "6.6.6.6, 1.1.1.1, 9.9.9.9"), ("127.0.0.1", "1.1.1.1, 9.9.9.9"), True),
        (2, ("10.0.0.1", "1.1.1.1"), ("10.0.0.1", "2.2.2.2"), True),
        (0, ("2001:db8:1:2::1", ""), ("2001:db8:1:2:ffff::9", ""), True),
        (0, ("2001:db8:1:2::1", ""), ("2001:db8:1:3::1", ""), False),
        (0, ("::ffff:10.0.0.1", ""), ("10.0.0.1", ""), True),
    ],
)
def test_no_header_or_address_of_ones_own_gives_a_fresh_budget(
    settings: Settings,
    store: Store,
    trusted: int,
    first: tuple[str, str],
    second: tuple[str, str],
    together: bool,
) -> None:
    """Forwarded addresses count as far as proxies are trusted; IPv6 by the /64 that one has."""
    app = create_app(replace(settings, uploads_per_minute=1, trusted_proxies=trusted), store)
    statuses = [
        begin(TestClient(app, client=(host, 1), headers={"X-Forwarded-For": via})).status_code
        for host, via in (first, second)
    ]
    assert statuses == [201, 429 if together else 201]


def test_photos_that_lie_far_apart_are_asked_for_in_parts(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each listing costs money, so there is an end to them, and the answer says what to do."""
    from services.store import bucket

    monkeypatch.setattr(bucket, "MAX_LISTINGS", 0)
    response = client.get("/api/photos", params={"ids": keys.new_photo_id(datetime.now(UTC))})
    assert response.status_code == 422
    assert response.json()["detail"].endswith("ask for fewer at once.")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_without_end_is_refused(client: TestClient, *, chunked: bool) -> None:
    """Whether its length is told or not: no more than 64 KiB are kept, and the answer says so."""
    body = b'{"filename": "' + b"x" * 200_000 + b'", "type": "image/jpeg", "size": 1}'
    content = (body[at : at + 4096] for at in range(0, len(body), 4096)) if chunked else body
    response = client.post("/api/uploads", content=content)
    assert response.status_code == 413
    assert response.json()["detail"] == (
        "The request is longer than 65,536 bytes; send pictures to S3."
    )


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fconfig.py",
        "/static//etc/passwd",
        "/static/%00",
        "/photos/..%2f..%2fetc%2fpasswd",
        "/images/..%2f..%2fx.jpg",
    ],
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    """Encoded or not, a path that climbs finds nothing."""
    response = client.get(path)
    assert response.status_code in (404, 405)
    assert "import" not in response.text
    assert "root:" not in response.text


headers = st.dictionaries(
    st.sampled_from(
        [
            *("Accept", "Accept-Language", "Cookie", "Host", "If-None-Match", "Origin", "Range"),
            *("Referer", "Sec-Fetch-Site", "User-Agent", "X-Delete-Token", "X-Forwarded-For"),
            *("X-Forwarded-Host", "X-Forwarded-Proto", "Accept-Encoding", "Content-Type"),
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
    | st.sampled_from(["a" * 5000, "../../etc/passwd", "text/html", "zh;q=x", "*;q=9", ",,,"]),
)


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(headers, st.text(max_size=40), st.sampled_from(["/", "/api/photos", "/photos/"]))
def test_strange_headers_and_cursors_harm_nothing(
    client: TestClient, sent: dict[str, str], cursor: str, path: str
) -> None:
    """No header and no cursor makes an error of ours, and the security headers stand."""
    response = client.get(path, params={"after": cursor, "trail": cursor}, headers=sent)
    assert response.status_code < 500
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("Screenshot 2026-11-25 at 10.15.30", "Screenshot 2026-11-25 at 10.15.30.jpg"),
        ("beach.JPEG", "beach.jpg"),
        ("v1.2.heic", "v1.2.jpg"),
        ("archive.tar", "archive.tar.jpg"),
        (".jpg", None),
    ],
)
def test_a_download_keeps_all_of_the_name_but_the_extension(
    store: Store, name: str, saved: str | None
) -> None:
    """Only what is an extension of pictures is one; without a name there is the id."""
    photo = stored_photo(keys.new_photo_id(datetime.now(UTC)), formats=["jpeg"], name=name)
    address = httpx.URL(Gallery(store, "main").download_url(photo))
    wanted = quote(saved or f"{photo.id}.jpg")
    assert address.params["response-content-disposition"].endswith(f"UTF-8''{wanted}")


@pytest.mark.parametrize(
    "type_",
    ["image/jpg", "image/pjpeg", "image/JPEG; charset=binary", "application/octet-stream", ""],
)
def test_a_declared_type_that_could_be_a_picture_is_taken(client: TestClient, type_: str) -> None:
    """Systems have many names for pictures, HEIC often none; the bytes decide."""
    assert begin(client, filename="a.HIF", type=type_).status_code == 201


def test_who_asks_for_new_photos_is_told_only_of_news(client: TestClient, store: Store) -> None:
    """The newest hundred ids; 304 without a body until another photo comes or one goes."""
    publish(store, *(ids := photo_ids(101)))
    first = client.get("/api/photos/newest")
    assert first.json() == {"ids": ids[:100], "whole": False}
    assert first.headers["cache-control"] == "private, no-cache"
    asked = {"if-none-match": first.headers["etag"]}
    again = client.get("/api/photos/newest", headers=asked)
    assert (again.status_code, again.content) == (304, b"")
    publish(store, new := keys.new_photo_id(datetime.now(UTC)))
    news = {"ids": [new, *ids[:99]], "whole": False}
    assert client.get("/api/photos/newest", headers=asked).json() == news
    store.gallery.remove("main", new)
    assert client.get("/api/photos/newest", headers=asked).status_code == 304
    store.gallery.remove("main", ids[0])
    assert client.get("/api/photos/newest").json() == {"ids": ids[1:], "whole": True}


def test_asking_for_new_photos_is_one_listing_where_guests_see_their_own(
    settings: Settings, store: Store, aws_session: boto3.Session
) -> None:
    """However many photos of others stand before."""
    store.albums.save(Album(slug="drop", drop=True))
    publish(store, *photo_ids(30), album="drop")
    mine = keys.new_photo_id(datetime(2026, 11, 23, tzinfo=UTC))
    publish(store, mine, album="drop", browser=browser_id("mine"))
    fresh = Store.connect(settings, aws_session)
    made: list[str] = []
    fresh.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    guest = TestClient(create_app(settings, fresh), cookies={"browser": "mine"})
    assert guest.get("/api/albums/drop/photos/newest").json() == {"ids": [mine], "whole": True}
    assert made == ["GetObject", "ListObjectsV2"]
