"""Every route asks the one decision: every kind of caller in every kind of album."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from services.core import keys
from services.core.access import Action
from services.core.albums import Album, Originals, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.core.order import Order
from services.core.photo import KeptOriginal
from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.photos import publish

HTML = {"accept": "text/html"}
SEE, UPLOAD, TIDY = Right.SEE, Right.UPLOAD, Right.TIDY

# What each route in an album needs; any one of several. `*` stands for "" and "/albums/{album}".
IN_ALBUM = {
    "GET *": "s",
    "GET */dates": "s",
    "GET */feed.xml": "s",
    "GET */wall": "s",
    "GET */manifest.webmanifest": "sf",
    "GET */share": "u",
    "POST */share": "u",
    "GET */upload": "u",
    "GET */upload/": "u",
    "GET */photos/{photo_id}": "sf",
    "POST */photos/{photo_id}/delete": "sf",
    "GET */photos/{photo_id}/qr.svg": "s",
    "GET */downloads/{photo_id}": "s",
    "GET */downloads/{photo_id}/original": "s",
    "GET */images/{photo_id}.{extension}": "s",
    "GET /api*/photos": "sf",
    "GET /api*/photos/count": "s",
    "GET /api*/photos/newest": "s",
    "GET /api*/photos/pending": "t",
    "GET /api*/photos/{photo_id}": "sf",
    "DELETE /api*/photos/{photo_id}": "sft",
    "POST /api*/uploads": "u",
    "POST */guest": "sf",
    "POST */photos/{photo_id}/report": "s",
    "POST /api*/photos/{photo_id}/reports": "s",
    "POST */photos/{photo_id}/caption": "sft",
    "PUT /api*/photos/{photo_id}/caption": "sft",
    "GET */hidden": "t",
    "GET */similar": "t",
    "GET */waiting": "t",
    "POST */waiting": "t",
    "POST */photos/{photo_id}/tidy": "t",
    "POST /api*/tidy": "t",
    "GET */settings": "o",
    "POST */settings": "o",
    "POST */delete": "o",
    "POST */photos/{photo_id}/cover": "o",
    "POST */photos/{photo_id}/clock": "o",
    "GET */links": "o",
    "POST */links": "o",
    "GET */links/{id_}/sheet": "o",
    "GET */work": "o",
    "POST */work": "o",
    "POST /api*/work": "o",
}
CAPTIONS = {"POST */photos/{photo_id}/caption": 303, "PUT /api*/photos/{photo_id}/caption": 200}
FORM_DELETES = "POST */photos/{photo_id}/delete"

# Those that need no album's right.
OUTSIDE = {
    "GET /healthz", "GET /readyz", "GET /api/openapi.json", "GET /albums", "GET /albums/main",
    "GET /robots.txt", "GET /worker.js", "GET /.well-known/security.txt", "GET /l/{token}",
    "GET /feeds/{token}", "GET /feeds/{token}/{photo_id}.{extension}", "GET /signin", "GET /signin/{token}",
    "POST /signin/{token}", "POST /signout", "POST /api/passkeys/signin", "PUT /api/passkeys/signin",
}  # fmt: skip

# The owner's alone, whatever the album.
OWNERS = {
    "GET /owner", "POST /owner/albums", "POST /owner/grants/{id_}/withdraw",
    "POST /owner/passkeys/{id_}/withdraw", "POST /owner/keys", "POST /owner/pause",
    "POST /owner/reports/{album}/{photo_id}/dismiss",
    "POST /api/passkeys/new", "POST /api/passkeys",
}  # fmt: skip

# Album → what each caller may do there; see tests/core/test_access.py for the letters.
ALBUMS = {
    "public": Album(slug="public", originals=Originals.UPLOADED, captions=True),
    "secret": Album(
        slug="secret",
        see=Who.LINK,
        upload=Who.LINK,
        originals=Originals.UPLOADED,
        captions=True,
        order=Order.TAKEN,
    ),
    "mine": Album(
        slug="mine", see=Who.OWNER, upload=Who.OWNER, originals=Originals.UPLOADED, captions=True
    ),
    "box": Album(
        slug="box", see=Who.OWNER, upload=Who.ANYONE, originals=Originals.UPLOADED, captions=True
    ),
    "closed": Album(
        slug="closed",
        see=Who.ANYONE,
        upload=Who.NOBODY,
        originals=Originals.UPLOADED,
        captions=True,
    ),
}
MATRIX = {
    "nobody":    {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "other":     {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "expired":   {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "withdrawn": {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "feed":      {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "sees":      {"public": "suf", "secret": "s", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "uploads":   {"public": "suf", "secret": "uf", "mine": "", "box": "uf", "closed": "sf", "none": ""},
    "key":       {"public": "suft", "secret": "suft", "mine": "suft", "box": "suft", "closed": "sft", "none": ""},
    "owner":     {"public": "sufto", "secret": "sufto", "mine": "sufto", "box": "sufto", "closed": "sfto", "none": ""},
}  # fmt: skip
LETTERS = {Action.SEE: "s", Action.UPLOAD: "u", Action.FOLLOW: "f", Action.TIDY: "t", Action.OWN: "o"}  # fmt: skip
PHOTO = "7ZZZZZZZZZ0123456789ABCDEF"


def grant(store: Store, kind: Kind, *rights: Right, album: str | None = None, days: int = 1) -> str:
    """Store a grant and return its token."""
    token = new_token()
    ends = datetime.now(UTC) + timedelta(days=days)
    store.grants.put(Grant(grant_id(token), kind, ends, album, frozenset(rights)), {})
    return token


def carried(store: Store, caller: str, album: str) -> dict[str, dict[str, str]]:
    """Return the cookies or headers that a caller comes with."""
    if caller == "nobody":
        return {}
    if caller == "owner":
        return {"cookies": {"owner": grant(store, Kind.OWNER, days=30)}}
    if caller == "key":
        token = grant(store, Kind.KEY, SEE, UPLOAD, TIDY)
        return {"headers": {"authorization": f"Bearer {token}"}}
    rights = {"sees": [SEE], "uploads": [UPLOAD]}.get(caller, [SEE, UPLOAD])
    scope = "elsewhere" if caller == "other" else album
    kind = Kind.FEED if caller == "feed" else Kind.LINK
    token = grant(store, kind, *rights, album=scope, days=-1 if caller == "expired" else 1)
    if caller == "withdrawn":
        store.grants.withdraw(grant_id(token))
    return {"cookies": {f"link-{album}": token}}


@pytest.fixture
def stocked(store: Store) -> Store:
    """A photo in every album, and an owner, who reads reports."""
    grant(store, Kind.OWNER)
    for album in ALBUMS.values():
        store.albums.save(album)
        original = KeptOriginal("jpg", 5, located=True)
        (photo,) = publish(store, PHOTO, album=album.slug, original=original)
        store.gallery.put_original(photo, b"whole")
    return store


def routes(app: FastAPI) -> dict[str, set[str | None]]:
    """Return every route by its name in the tables, with the letters of what it asks for."""
    found: dict[str, set[str | None]] = {}
    for route in iter_route_contexts(app.routes):
        path = (route.path or "").replace("/albums/{album}", "*")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            name = f"{method} {path}"
            if "*" not in path:
                of_main = (
                    f"{method} {'/api*' + path[4:] if path.startswith('/api/') else '*' + path}"
                )
                of_main = "GET *" if of_main == "GET */" else of_main
                name = of_main if of_main in IN_ALBUM else name
            dependant = getattr(route, "dependant", None)
            dependencies = dependant.dependencies if dependant else []
            actions = [getattr(one.call, "actions", ()) for one in dependencies]
            letters = "".join(LETTERS[action] for some in actions for action in some)
            found.setdefault(name, set()).add(letters or None)
    return found


def test_every_route_is_in_the_table_and_asks(app: FastAPI) -> None:
    """A route that is new has to be added here, and to ask what the table says."""
    found = routes(app)
    assert set(found) == {*IN_ALBUM, *OUTSIDE, *OWNERS}
    for name, letters in found.items():
        assert letters == {IN_ALBUM.get(name)}, name


def request(client: TestClient, name: str, album: str, caller: dict[str, Any]) -> Any:
    """Call a route in an album; without a delete token, a DELETE is the tidier's."""
    method, path = name.replace("*", f"/albums/{album}").split()
    path = path.format(photo_id=PHOTO, extension="webp", id_="0" * 64)
    headers = {**({} if "/api/" in path else HTML), **caller.get("headers", {})}
    body: Any = {}
    if path.endswith("/uploads"):
        body = {"json": {"filename": "a.jpg", "type": "image/jpeg", "size": 9}}
    elif path.endswith("/caption") and method == "PUT":
        body = {"json": {"text": "A dance."}}
    elif path.endswith("/reports"):
        body = {"json": {}}
    elif path.endswith("/photos"):
        # The list itself is for who sees; the states of known ids are for who may upload, too.
        body = {"params": {"ids": PHOTO}}
    client.cookies = caller.get("cookies", {})
    return client.request(method, path, headers=headers, follow_redirects=False, **body)


@pytest.mark.parametrize("caller", MATRIX)
def test_every_caller_on_every_route(app: FastAPI, stocked: Store, caller: str) -> None:
    """Allowed as the table says; what may not be seen is, byte for byte, what does not exist."""
    client = TestClient(app, base_url="http://gallery.test")
    for name, needs in IN_ALBUM.items():
        if name.startswith("DELETE") or name == FORM_DELETES or name in CAPTIONS:
            continue  # below: who may see the photo may not therefore delete it
        missing = request(client, name, "none", carried(stocked, caller, "none"))
        for album in ALBUMS:
            may = MATRIX[caller][album]
            response = request(client, name, album, carried(stocked, caller, album))
            if set(needs) & set(may):
                # A form that says nothing is refused with 409 or 422, and changes nothing.
                fine = (200, 201, 202, 302, 303, 308, 409, 422)
                assert response.status_code in fine or "sheet" in name, (name, album, response.text)
            elif needs == "u" and "s" in may:
                assert response.status_code == 403, (name, album)
            else:
                assert response.status_code == 404, (name, album)
                assert response.content == missing.content, (name, album)
                assert response.headers == missing.headers, (name, album)


@pytest.mark.parametrize("caller", MATRIX)
def test_who_may_delete_what_another_uploaded(app: FastAPI, stocked: Store, caller: str) -> None:
    """Who may tidy; who may see or follow is told that it is not theirs; nobody else anything."""
    client = TestClient(app, base_url="http://gallery.test")
    for album in ALBUMS:
        may = set(MATRIX[caller][album])
        name = "DELETE /api*/photos/{photo_id}"
        response = request(client, name, album, carried(stocked, caller, album))
        expected = 204 if "t" in may else 403 if may & {"s", "f"} else 404
        assert response.status_code == expected, album


@pytest.mark.parametrize("caller", MATRIX)
@pytest.mark.parametrize("name", CAPTIONS)
def test_who_may_write_under_what_another_uploaded(
    app: FastAPI, stocked: Store, caller: str, name: str
) -> None:
    """Who may tidy; who may see or follow is told that it is not theirs; nobody else anything."""
    client = TestClient(app, base_url="http://gallery.test")
    missing = request(client, name, "none", carried(stocked, caller, "none"))
    for album in ALBUMS:
        may = set(MATRIX[caller][album])
        response = request(client, name, album, carried(stocked, caller, album))
        expected = CAPTIONS[name] if "t" in may else 403 if may & {"s", "f"} else 404
        assert response.status_code == expected, album
        if expected == 404:
            assert response.content == missing.content, album


@pytest.mark.parametrize("caller", MATRIX)
def test_the_form_deletes_for_none_but_the_uploader(
    app: FastAPI, stocked: Store, caller: str
) -> None:
    """Without the cookie of the upload: refused to who may see, and nothing there for the others."""
    client = TestClient(app, base_url="http://gallery.test")
    missing = request(client, FORM_DELETES, "none", carried(stocked, caller, "none"))
    for album in ALBUMS:
        response = request(client, FORM_DELETES, album, carried(stocked, caller, album))
        if set(MATRIX[caller][album]) & {"s", "f"}:
            assert response.status_code == 403, album
        else:
            assert response.status_code == 404, album
            assert response.content == missing.content, album
        assert stocked.gallery.photos(album, [PHOTO]), album


def test_who_may_upload_and_not_see_learns_what_became_of_it_and_no_more(
    app: FastAPI, stocked: Store
) -> None:
    """Neither list, nor variants, nor the photo's page with its picture."""
    client = TestClient(app, base_url="http://gallery.test")
    uploads = carried(stocked, "uploads", "secret")
    client.cookies = uploads["cookies"]
    assert client.get("/api/albums/secret/photos").status_code == 404
    stored = {"id": PHOTO, "state": "stored"}
    assert client.get(f"/api/albums/secret/photos/{PHOTO}").json() == stored
    asked = client.get("/api/albums/secret/photos", params={"ids": PHOTO})
    assert asked.json() == {"photos": [stored], "next": None}
    page = client.get(f"/albums/secret/photos/{PHOTO}", headers=HTML)
    assert page.status_code == 200
    assert "<picture" not in page.text


def test_photo_ids_of_another_album_are_unknown(app: FastAPI, stocked: Store) -> None:
    """In every album's list, page, image and download."""
    other = keys.new_photo_id(datetime.now(UTC))
    publish(stocked, other, album="mine")
    client = TestClient(app)
    for path in ("photos/{}", "downloads/{}", "images/{}.webp"):
        assert client.get(f"/albums/public/{path.format(other)}").status_code == 404
    asked = client.get("/api/albums/public/photos", params={"ids": other}).json()
    assert asked["photos"] == [{"id": other, "state": "unknown"}]


def test_what_is_not_seen_costs_what_does_not_exist_costs(
    settings: Settings, stocked: Store, aws_session: boto3.Session
) -> None:
    """The same number of calls to S3, with a grant and without."""
    assert stocked.albums.get("secret")
    for cookies in ({}, {"link-secret": "x" * 43, "link-none": "x" * 43}, {"owner": "x" * 43}):
        calls = {}
        for album in ("secret", "none"):
            fresh = Store.connect(settings, aws_session)
            made: list[str] = []
            fresh.gallery._s3.meta.events.register(
                "before-call.s3", lambda model, made=made, **_: made.append(model.name)
            )
            client = TestClient(create_app(settings, fresh), cookies=cookies)
            assert client.get(f"/albums/{album}", headers=HTML).status_code == 404
            calls[album] = made
        assert calls["secret"] == calls["none"]
        assert len(calls["none"]) == (2 if cookies else 1)


def test_a_page_is_one_listing_and_the_record_and_grant_are_remembered(
    settings: Settings, stocked: Store, aws_session: boto3.Session
) -> None:
    """Reading on costs a LIST a page, whoever reads."""
    fresh = Store.connect(settings, aws_session)
    made: list[str] = []
    fresh.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    client = TestClient(create_app(settings, fresh))
    client.cookies = carried(stocked, "sees", "secret")["cookies"]
    client.get("/albums/secret", headers=HTML)
    assert sorted(made) == ["GetObject", "ListObjectsV2", "ListObjectsV2", "PutObject"]
    made.clear()
    for _ in range(3):
        assert client.get("/albums/secret", headers=HTML).status_code == 200
    assert made == ["ListObjectsV2"] * 3


def test_what_a_grant_showed_is_in_no_shared_cache(app: FastAPI, stocked: Store) -> None:
    """Private, by cookie and key; no search engine; an open album's pictures as ever."""
    client = TestClient(app)
    client.cookies = carried(stocked, "sees", "secret")["cookies"]
    for path in ("", "/photos/{}", "/images/{}.webp", "/downloads/{}"):
        response = client.get(f"/albums/secret{path.format(PHOTO)}", follow_redirects=False)
        assert response.headers["cache-control"].startswith("private")
        assert {"Cookie", "Authorization"} <= set(response.headers["vary"].split(", "))
        assert response.headers["x-robots-tag"] == "noindex"
    response = client.get(f"/albums/public/images/{PHOTO}.webp", follow_redirects=False)
    assert response.headers["cache-control"] == "public, max-age=60"
    assert "x-robots-tag" not in response.headers


def test_the_owners_pages_do_not_exist_for_others(app: FastAPI, stocked: Store) -> None:
    """Nor for a key, whatever it may do."""
    client = TestClient(app)
    for caller in MATRIX:
        carries = carried(stocked, caller, "secret")
        client.cookies = carries.get("cookies", {})
        for name in OWNERS:
            method, path = name.format(id_="0" * 64, album="main", photo_id=PHOTO).split()
            response = client.request(
                method, path, headers=carries.get("headers", {}), follow_redirects=False
            )
            assert (response.status_code == 404) is (caller != "owner"), (caller, name)
