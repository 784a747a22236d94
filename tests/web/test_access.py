"""Every route asks the one decision: every kind of caller in every kind of album."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from services.core import keys
from services.core.access import Action
from services.core.albums import Album, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.photos import stored_photo

HTML = {"accept": "text/html"}
SEE, UPLOAD, TIDY = Right.SEE, Right.UPLOAD, Right.TIDY

# What each route in an album needs; any one of several. `*` stands for "" and "/albums/{album}".
IN_ALBUM = {
    "GET *": "s",
    "GET */upload": "u",
    "GET */photos/{photo_id}": "sf",
    "GET */downloads/{photo_id}": "s",
    "GET */images/{photo_id}.{extension}": "s",
    "GET /api*/photos": "sf",
    "GET /api*/photos/count": "s",
    "GET /api*/photos/{photo_id}": "sf",
    "DELETE /api*/photos/{photo_id}": "sft",
    "POST /api*/uploads": "u",
}
# Those that need no album's right.
OUTSIDE = {
    "GET /healthz", "GET /readyz",
}  # fmt: skip

# Album → what each caller may do there; see tests/core/test_access.py for the letters.
ALBUMS = {
    "public": Album(slug="public"),
    "secret": Album(slug="secret", see=Who.LINK, upload=Who.LINK),
    "mine": Album(slug="mine", see=Who.OWNER, upload=Who.OWNER),
    "box": Album(slug="box", see=Who.OWNER, upload=Who.ANYONE),
    "closed": Album(slug="closed", see=Who.ANYONE, upload=Who.NOBODY),
}
MATRIX = {
    "nobody":    {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "other":     {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "expired":   {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
    "withdrawn": {"public": "suf", "secret": "", "mine": "", "box": "uf", "closed": "s", "none": ""},
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
    token = grant(store, Kind.LINK, *rights, album=scope, days=-1 if caller == "expired" else 1)
    if caller == "withdrawn":
        store.grants.withdraw(grant_id(token))
    return {"cookies": {f"link-{album}": token}}


@pytest.fixture
def stocked(store: Store) -> Store:
    """A photo in every album."""
    for album in ALBUMS.values():
        store.albums.save(album)
        photo = stored_photo(PHOTO, album=album.slug)
        store.gallery.put_json(photo.key(), {"delete_sha256": "ab" * 32, "variants": []})
    return store


def routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Yield every route with its name in the tables, and those in albums once."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                path = route.path
                if "/albums/{album}" in path:
                    yield f"{method} {path.replace('/albums/{album}', '*')}", route
                elif (method, path) == ("GET", "/"):
                    yield "GET *", route
                else:
                    yield f"{method} {path}", route


def needed(route: APIRoute) -> str | None:
    """Return the letters of what a route's own dependency asks for, or None."""
    for dependency in route.dependant.dependencies:
        if actions := getattr(dependency.call, "actions", None):
            return "".join(LETTERS[action] for action in actions)
    return None


def test_every_route_is_in_the_table_and_asks(app: FastAPI) -> None:
    """A route that is new has to be added here, and to ask what the table says."""
    asked: dict[str, set[str | None]] = {}
    for name, route in routes(app):
        asked.setdefault(name, set()).add(needed(route))
    starred = set(IN_ALBUM)
    for name, letters in asked.items():
        main = name.replace("/api/", "/api*/").replace(" /", " */", 1)
        found = name if name in starred else main.replace(" */api*", " /api*")
        if found in IN_ALBUM:
            assert letters == {IN_ALBUM[found]}, name
        else:
            assert name in OUTSIDE, name
            assert letters == {None}, name


def request(client: TestClient, name: str, album: str, caller: dict[str, Any]) -> Any:
    """Call a route in an album; without a delete token, a DELETE is the tidier's."""
    method, path = name.replace("*", f"/albums/{album}").split()
    path = path.format(photo_id=PHOTO, extension="webp")
    headers = {**({} if "/api/" in path else HTML), **caller.get("headers", {})}
    body: Any = {"json": {"filename": "a.jpg", "type": "image/jpeg", "size": 9}}
    if not path.endswith("/uploads"):
        # The list itself is for who sees; the states of known ids are for who may upload, too.
        body = {"params": {"ids": PHOTO}} if path.endswith("/photos") else {}
    client.cookies = caller.get("cookies", {})
    return client.request(method, path, headers=headers, follow_redirects=False, **body)


@pytest.mark.parametrize("caller", MATRIX)
def test_every_caller_on_every_route(app: FastAPI, stocked: Store, caller: str) -> None:
    """Allowed as the table says; what may not be seen is, byte for byte, what does not exist."""
    client = TestClient(app, base_url="http://gallery.test")
    for name, needs in IN_ALBUM.items():
        if name.startswith("DELETE"):
            continue  # below: it would take the photo from those that come after
        missing = request(client, name, "none", carried(stocked, caller, "none"))
        for album in ALBUMS:
            may = MATRIX[caller][album]
            answer = request(client, name, album, carried(stocked, caller, album))
            if set(needs) & set(may):
                assert answer.status_code in (200, 201, 302), (name, album, answer.text)
            elif needs == "u" and "s" in may:
                assert answer.status_code == 403, (name, album)
            else:
                assert answer.status_code == 404, (name, album)
                assert answer.content == missing.content, (name, album)
                assert answer.headers == missing.headers, (name, album)


@pytest.mark.parametrize("caller", MATRIX)
def test_who_may_delete_what_another_uploaded(app: FastAPI, stocked: Store, caller: str) -> None:
    """Who may tidy; who may see or follow is told that it is not theirs; nobody else anything."""
    client = TestClient(app, base_url="http://gallery.test")
    for album in ALBUMS:
        may = set(MATRIX[caller][album])
        name = "DELETE /api*/photos/{photo_id}"
        answer = request(client, name, album, carried(stocked, caller, album))
        expected = 204 if "t" in may else 403 if may & {"s", "f"} else 404
        assert answer.status_code == expected, album


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
    photo = stored_photo(other, album="mine")
    stocked.gallery.put_json(photo.key(), {"delete_sha256": ""})
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
        answer = client.get(f"/albums/secret{path.format(PHOTO)}", follow_redirects=False)
        assert answer.headers["cache-control"].startswith("private")
        assert {"Cookie", "Authorization"} <= set(answer.headers["vary"].split(", "))
        assert answer.headers["x-robots-tag"] == "noindex"
    answer = client.get(f"/albums/public/images/{PHOTO}.webp", follow_redirects=False)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert "x-robots-tag" not in answer.headers
