"""Owners, albums and links: from the sign-in link to an album that is deleted."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import EndpointConnectionError
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.albums import Album, State, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.core.settings import Settings
from services.resize.publish import Outcome
from services.store import Store
from services.web import cache, links, work
from services.web.app import create_app
from services.web.work import step
from tests import pictures
from tests.photos import photo_ids, publish
from tests.web.owner import HTML, edit, guest, make_album, sign_in_token, signed_in
from tests.web.uploading import Resize, begin, upload

SEE, UPLOAD = Right.SEE, Right.UPLOAD
PICTURE = pictures.jpeg(60, 40)


def all_keys(store: Store) -> list[str]:
    """Return what is in the gallery bucket, without grants."""
    listed = store.gallery._s3.list_objects_v2(Bucket=store.gallery.name).get("Contents", [])
    return [item["Key"] for item in listed if not item["Key"].startswith(("grants/", "used/"))]


def test_a_link_signs_in_once(app: FastAPI, store: Store) -> None:
    """A preview looks and uses nothing up; of two tabs that press at once, one is signed in."""
    token = sign_in_token(store)
    client = TestClient(app, base_url="http://gallery.test", headers=HTML)
    for _ in range(2):
        page = client.get(f"/signin/{token}")
        assert f'action="/signin/{token}"' in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
    tabs = [TestClient(app, base_url="http://gallery.test", headers=HTML) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        responses = list(
            pool.map(lambda tab: tab.post(f"/signin/{token}", follow_redirects=False), tabs)
        )
    assert sorted(response.status_code for response in responses) == [303, 410, 410, 410]
    signed = [tab.get("/owner").status_code for tab in tabs]
    assert sorted(signed) == [200, 404, 404, 404]
    assert "used before" in client.get(f"/signin/{token}").text


def test_a_link_that_ended_signs_nobody_in(app: FastAPI, store: Store) -> None:
    """After 15 minutes; nor does a token that never was, or a link to an album."""
    client = TestClient(app, headers=HTML)
    for token in (sign_in_token(store, minutes=-1), "x" * 43):
        assert client.post(f"/signin/{token}", follow_redirects=False).status_code == 410
    assert client.get("/owner").status_code == 404


def test_the_session_is_the_browsers_alone(app: FastAPI, store: Store) -> None:
    """No script and no other site gets at it; on HTTPS it is bound to the host; the bucket has its hash."""
    client = TestClient(app, base_url="https://gallery.test", headers=HTML)
    response = client.post(f"/signin/{sign_in_token(store)}", follow_redirects=False)
    cookie = response.headers["set-cookie"]
    assert re.fullmatch(
        r"__Host-owner=[\w-]{43}; HttpOnly; Max-Age=34560000; Path=/; SameSite=lax; Secure", cookie
    )
    token = cookie.partition("=")[2].partition(";")[0]
    [grant] = [one for one in store.grants.all() if one.kind is Kind.OWNER]
    assert grant.id == grant_id(token)
    assert token not in str(store.grants.details(grant))
    # Signing in again is a new session, and ends the one before.
    client.post(f"/signin/{sign_in_token(store)}")
    [later] = [one for one in store.grants.all() if one.kind is Kind.OWNER]
    assert later.id != grant.id
    client.post("/signout")
    assert store.grants.all() == []
    assert client.get("/owner").status_code == 404


def test_behind_a_proxy_that_speaks_https_a_session_is_as_safe(
    settings: Settings, store: Store
) -> None:
    """The proxy asks by HTTP; that browsers speak HTTPS is what PUBLIC_URL says."""
    app = create_app(replace(settings, public_url="https://gallery.test"), store)
    proxy = TestClient(app, base_url="http://gallery.test", headers=HTML)
    response = proxy.post(f"/signin/{sign_in_token(store)}", follow_redirects=False)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-owner=")
    assert cookie.endswith("; Secure")
    page = proxy.get("/owner", headers={"cookie": cookie.partition(";")[0]})
    assert page.status_code == 200


def test_a_session_is_renewed_by_use(app: FastAPI, store: Store) -> None:
    """Used on its last day it lasts 30 more; unused until its end it opens nothing."""
    now = datetime.now(UTC)
    for ends, status in ((timedelta(hours=1), 200), (timedelta(seconds=-1), 404)):
        token = new_token()
        store.grants.put(Grant(grant_id(token), Kind.OWNER, now + ends), {"name": "Anna"})
        client = TestClient(app, base_url="http://gallery.test", cookies={"owner": token})
        assert client.get("/owner", headers=HTML).status_code == status
    [renewed] = [one for one in store.grants.all() if one.ends > now]
    assert renewed.ends > now + timedelta(days=29)
    assert store.grants.details(renewed)["name"] == "Anna"


def test_sessions_say_which_browser_they_are_of(store: Store, owner: TestClient) -> None:
    """In words, and where it is none that is known by the beginning of what it calls itself."""
    gecko, blink = "AppleWebKit/537.36 (KHTML, like Gecko)", "Chrome/131.0.0.0 Safari/537.36"
    agents = {
        "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0": "Firefox on Android",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {gecko} {blink} Edg/131.0": "Edge on Windows",
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {gecko} {blink}": "Chrome on ChromeOS",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Version/18.1 Mobile/15E148 Safari/604.1": "Safari on iPhone",
        "curl/8 <b>": "curl/8 &lt;b&gt;",
    }
    for agent in agents:
        ends = datetime.now(UTC) + timedelta(days=1)
        store.grants.put(Grant(grant_id(new_token()), Kind.OWNER, ends), {"agent": agent})
    page = owner.get("/owner").text
    for words in agents.values():
        assert f">{words} ·" in page


def test_what_is_withdrawn_is_out_within_half_a_minute_everywhere(
    app: FastAPI,
    store: Store,
    settings: Settings,
    owner: TestClient,
    aws_session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once where it was withdrawn, and where nobody heard of it when it is read again.

    Though Lambda froze that process meanwhile, and its monotonic clock with it.
    """
    make_album(owner, "trip")
    visitor = guest(app, store, "trip", SEE)
    again = create_app(settings, Store.connect(settings, aws_session))
    elsewhere = TestClient(again, base_url="http://gallery.test")
    elsewhere.cookies = visitor.cookies
    assert visitor.get("/albums/trip").status_code == 200
    assert elsewhere.get("/albums/trip").status_code == 200
    [link] = [one for one in store.grants.all() if one.kind is Kind.LINK]
    owner.post(f"/owner/grants/{link.id}/withdraw", data={"back": "trip"})
    assert visitor.get("/albums/trip").status_code == 404
    thawed = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + 30)
    monkeypatch.setattr(cache, "time", thawed)
    assert elsewhere.get("/albums/trip").status_code == 404


def test_a_link_leads_to_its_album(app: FastAPI, owner: TestClient, resize: Resize) -> None:
    """A page with title and cover for previews, a cookie for people, no token in the next address."""
    make_album(owner, "trip", title="Sommer am Meer 🏖")
    photo_id = upload(owner, PICTURE, "trip")["id"]
    assert resize(photo_id, "trip") is Outcome.PUBLISHED
    owner.post("/albums/trip/links", data={"rights": "see_upload", "label": "Family"})
    page = owner.get("/albums/trip/links").text
    [address] = re.findall(r'value="(http://gallery\.test/l/[\w-]{43})"', page)
    visitor = TestClient(app, base_url="http://gallery.test", headers=HTML)
    assert visitor.get("/albums/trip").status_code == 404
    landing = visitor.get(address)
    assert '<meta property="og:title" content="Sommer am Meer 🏖">' in landing.text
    assert f"/private/trip/{photo_id}/" in landing.text
    assert '<meta http-equiv="refresh" content="0; url=/albums/trip">' in landing.text
    assert landing.headers["referrer-policy"] == "no-referrer"
    assert visitor.get("/albums/trip").status_code == 200
    [sheet] = re.findall(r'href="(/albums/trip/links/\w+/sheet)"', page)
    printed = owner.get(sheet)
    assert "<svg" in printed.text
    assert "Sommer am Meer" in printed.text
    assert visitor.get(sheet).status_code == 404


def test_links_followed_long_ago_make_room(app: FastAPI, store: Store) -> None:
    """A visitor of a hundred albums sends cookies that API Gateway and proxies still take."""
    visitor = TestClient(app, base_url="https://gallery.test", headers=HTML)
    slugs = [f"an-album-whose-address-is-long-as-can-{n:02}" for n in range(45)]
    ends = datetime.now(UTC) + timedelta(days=1)
    for slug in slugs:
        store.albums.save(Album(slug=slug, see=Who.LINK))
        token = new_token()
        store.grants.put(Grant(grant_id(token), Kind.LINK, ends, slug, frozenset({SEE})), {})
        assert visitor.get(f"/l/{token}").status_code == 200
    sent = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    assert len(sent) < 8192 / 2
    assert visitor.get(f"/l/{token}").status_code == 200  # the last one again costs no other
    seen = [slug for slug in slugs if visitor.get(f"/albums/{slug}").status_code == 200]
    assert seen == slugs[5:]


def test_a_guest_uploads_under_a_name_and_the_owner_sees_it(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """Name and link travel in what the policy pins; the variants are not where a CDN reads."""
    make_album(owner, "trip")
    visitor = guest(app, store, "trip", SEE, UPLOAD)
    visitor.post("/albums/trip/guest", data={"name": "Tante Käthe"})
    photo_id = upload(visitor, PICTURE, "trip")["id"]
    assert resize(photo_id, "trip") is Outcome.PUBLISHED
    assert [key for key in all_keys(store) if key.startswith("photos/")] == []
    photo = visitor.get(f"/api/albums/trip/photos/{photo_id}").json()
    assert photo["page"] == f"/albums/trip/photos/{photo_id}"
    assert httpx.get(photo["variants"][0]["url"]).status_code == 200
    page = owner.get(photo["page"]).text
    assert "Uploaded by Tante Käthe" in page
    assert "By the link “Guests”" in page
    assert "Tante" not in visitor.get(photo["page"], headers=HTML).text.partition("<main")[2]


def test_two_who_edit_at_once(store: Store, owner: TestClient) -> None:
    """The second is told, and nothing of the first's is lost."""
    make_album(owner, "trip")
    version = store.albums.get("trip").version  # type: ignore[union-attr] # made above
    fields = {"version": version, "title": "One", "see": "link", "upload": "link"}
    assert owner.post("/albums/trip/settings", data=fields).status_code == 200
    late = owner.post("/albums/trip/settings", data=fields | {"title": "Two"})
    assert late.status_code == 409
    assert store.albums.get("trip").title == "One"  # type: ignore[union-attr] # made above


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"title": ""}, 422),
        ({"title": "x" * 101}, 422),
        ({"title": "a", "slug": "A b"}, 422),
        ({"title": "a", "slug": "main"}, 422),
        ({"title": "a", "slug": "taken"}, 409),
        ({"title": "a", "see": "nobody"}, 422),
        ({"title": "a", "ends": "soon"}, 422),
        ({"title": "a", "ends": "9999-12-31"}, 422),
    ],
)
def test_an_album_that_cannot_be(owner: TestClient, fields: dict[str, str], status: int) -> None:
    """Refused with what is wrong."""
    make_album(owner, "taken")
    assert owner.post("/owner/albums", data=fields).status_code == status


def test_a_day_ends_where_it_ends_last(
    store: Store, owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the end of a day is until then on Hawaii too, and the form shows the same day again."""
    make_album(owner, "party", ends="2026-12-31")
    album = store.albums.get("party")
    assert album
    assert album.ends == datetime(2027, 1, 1, 11, 59, 59, tzinfo=UTC)
    assert 'name="ends" type="date" value="2026-12-31"' in owner.get("/albums/party/settings").text
    evening = datetime(2027, 1, 1, 4, tzinfo=UTC)  # 18:00 in Honolulu

    class Evening(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return evening.astimezone(tz)

    monkeypatch.setattr(links, "datetime", Evening)
    fields = {"rights": "see", "ends": "2026-12-31"}
    assert owner.post("/albums/party/links", data=fields).status_code == 200
    assert "until 2026-12-31" in owner.get("/albums/party/links").text


def test_an_album_without_an_address_gets_one_that_cannot_be_guessed(
    store: Store, owner: TestClient
) -> None:
    """Of its title, whatever the script, and something random."""
    for title in ("Été à Paris", "夏天"):
        owner.post("/owner/albums", data={"title": title, "see": "link", "upload": "link"})
    slugs = sorted(slug for slug, _ in store.albums.versions())
    assert re.fullmatch(r"album-[0-9a-f]{6}", slugs[0])
    assert re.fullmatch(r"ete-a-paris-[0-9a-f]{6}", slugs[1])


def test_the_list_of_albums(app: FastAPI, owner: TestClient, resize: Resize) -> None:
    """Anyone sees those that are listed and open; the owner all; with count and cover."""
    make_album(owner, "open", see="anyone", listed="1")
    make_album(owner, "unlisted", see="anyone")
    make_album(owner, "secret", listed="1")
    photo_id = upload(owner, PICTURE, "open")["id"]
    resize(photo_id, "open")
    shown = TestClient(app, headers=HTML).get("/albums").text
    assert 'href="/albums/open"' in shown
    assert "/albums/unlisted" not in shown
    assert "/albums/secret" not in shown
    assert "1 photo ·" in shown
    assert f"photos/open/{photo_id}" in shown
    mine = owner.get("/albums").text
    assert 'href="/albums/unlisted"' in mine
    assert 'href="/albums/secret"' in mine


def test_the_list_reads_no_record_twice_that_did_not_change(
    app: FastAPI, store: Store, owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One LIST says which did."""
    for n in range(5):
        make_album(owner, f"trip-{n}")
    owner.get("/albums")
    read: list[str] = []
    get = store.albums.get

    def noted(slug: str) -> Album | None:
        read.append(slug)
        return get(slug)

    monkeypatch.setattr(app.state.access._albums, "_read", noted)
    owner.get("/albums")
    assert read == []
    changed = store.albums.get("trip-3")
    read.clear()
    assert changed
    store.albums.save(replace(changed, title="New"))
    assert "New" in owner.get("/albums").text
    assert read == ["trip-3"]


def test_closing_an_album_takes_its_pictures_from_where_anyone_reads(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """At once nobody sees it; then its variants move, and old addresses end."""
    make_album(owner, "trip", see="anyone")
    ids = [upload(owner, PICTURE, "trip")["id"] for _ in range(3)]
    for photo_id in ids:
        resize(photo_id, "trip")
    old = owner.get(f"/api/albums/trip/photos/{ids[0]}").json()["variants"][0]["url"]
    edit(owner, store, "trip", see="owner")
    assert TestClient(app).get("/albums/trip").status_code == 404
    assert 'data-left="3"' in owner.get("/albums/trip/work").text
    assert owner.post("/api/albums/trip/work").json() == {"done": 3, "left": 0, "finished": True}
    assert [key for key in all_keys(store) if key.startswith("photos/")] == []
    assert httpx.get(old).status_code == 404
    photos = owner.get("/api/albums/trip/photos").json()["photos"]
    assert {photo["id"] for photo in photos} == set(ids)
    assert all(httpx.get(photo["variants"][0]["url"]).status_code == 200 for photo in photos)
    album = store.albums.get("trip")
    assert album
    assert not album.closing


def test_an_album_that_was_closed_while_a_picture_was_made_ready(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends under private/, whichever of both came first."""
    make_album(owner, "trip", see="anyone")
    photo_id = upload(owner, PICTURE, "trip")["id"]
    put = type(store.gallery).put_json

    def close_first(self: Any, key: str, content: Any, **condition: Any) -> str | None:
        if key.startswith("index/"):
            monkeypatch.undo()
            edit(owner, store, "trip", see="link")
            assert step(app.state.access, "trip").finished
        return put(self, key, content, **condition)

    monkeypatch.setattr(type(store.gallery), "put_json", close_first)
    assert resize(photo_id, "trip") is Outcome.PUBLISHED
    assert [key for key in all_keys(store) if key.startswith("photos/")] == []
    assert owner.get(f"/api/albums/trip/photos/{photo_id}").json()["state"] == "ready"


@pytest.mark.parametrize("target", ["", "other"])
def test_an_album_is_deleted_with_its_photos_or_without(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize, target: str
) -> None:
    """Asked for in words, done in steps; its links end; a late upload ends where the owner sees it."""
    make_album(owner, "trip")
    make_album(owner, "other", see="anyone")
    visitor = guest(app, store, "trip", SEE, UPLOAD)
    ids = [upload(visitor, PICTURE, "trip")["id"] for _ in range(3)]
    late = upload(visitor, PICTURE, "trip")["id"]
    for photo_id in ids:
        resize(photo_id, "trip")
    assert owner.post("/albums/trip/delete", data={"move_to": target}).status_code == 422
    owner.post("/albums/trip/delete", data={"move_to": target, "sure": "1"})
    assert visitor.get("/albums/trip").status_code == 404
    assert resize(late, "trip") is Outcome.REJECTED
    while not step(app.state.access, "trip").finished:
        pass
    assert [key for key in all_keys(store) if key.startswith(("index/trip", "private/"))] == []
    album = store.albums.get("trip")
    assert album
    assert album.state is State.DELETED
    assert [one for one in store.grants.all() if one.album == "trip"] == []
    moved = {
        photo["id"] for photo in TestClient(app).get("/api/albums/other/photos").json()["photos"]
    }
    assert moved == (set(ids) if target else set())
    page = owner.get("/owner").text
    assert "The album was deleted before the picture arrived." in page
    # The name is not free again: an old link of a deleted album would lead to a new one.
    again = owner.post("/owner/albums", data={"title": "T", "slug": "trip"})
    assert again.status_code == 409


def test_tidying_many_at_once(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """Hidden, shown, moved, deleted; what is not there is said; done again changes nothing."""
    make_album(owner, "trip", see="anyone", upload="anyone")
    make_album(owner, "other")
    visitor = TestClient(app)
    ids = [upload(visitor, PICTURE, "trip")["id"] for _ in range(3)]
    for photo_id in ids:
        resize(photo_id, "trip")

    def tidy(action: str, *some: str, to: str = "", album: str = "trip") -> dict[str, str]:
        body = {"action": action, "ids": list(some), "to": to}
        response = owner.post(f"/api/albums/{album}/tidy", json=body)
        assert response.status_code == 200, response.text
        outcomes: dict[str, str] = response.json()["outcomes"]
        return outcomes

    def shown(album: str = "trip") -> set[str]:
        listed = owner.get(f"/api/albums/{album}/photos").json()["photos"]
        return {photo["id"] for photo in listed}

    hidden, moved, deleted = ids
    missing = "7" + "Z" * 25
    assert tidy("hide", hidden, missing) == {hidden: "done", missing: "missing"}
    assert shown() == {moved, deleted}
    assert visitor.get(f"/albums/trip/photos/{hidden}").status_code == 404
    assert hidden in owner.get("/albums/trip/hidden").text
    for _ in range(2):
        assert tidy("show", hidden)[hidden] == "done"
    assert shown() == set(ids)
    assert tidy("move", moved, to="other") == {moved: "done"}
    assert tidy("move", moved, to="other") == {moved: "missing"}
    assert (shown(), shown("other")) == ({hidden, deleted}, {moved})
    assert any(key.startswith(f"private/other/{moved}/") for key in all_keys(store))
    assert tidy("delete", deleted) == {deleted: "done"}
    assert tidy("delete", deleted) == {deleted: "missing"}
    assert shown() == {hidden}
    gone = upload(visitor, PICTURE, "trip")["id"]
    resize(gone, "trip")
    tidy("hide", gone)
    assert tidy("delete", gone) == {gone: "done"}
    assert {key for key in all_keys(store) if gone in key} == {f"deleted/trip/{gone}"}
    assert (
        owner.post(
            "/api/albums/trip/tidy", json={"action": "move", "ids": [hidden], "to": "no"}
        ).status_code
        == 409
    )


def test_a_photo_is_moved_to_an_album_of_a_list(
    app: FastAPI, owner: TestClient, resize: Resize
) -> None:
    """Those the caller may move it to: not its own, no deleted one, none beyond a key's album."""
    for slug in ("trip", "other", "old"):
        make_album(owner, slug)
    photo_id = upload(owner, PICTURE, "trip")["id"]
    resize(photo_id, "trip")
    owner.post("/albums/old/delete", data={"sure": "1"})
    step(app.state.access, "old")

    def offered(client: TestClient) -> list[str]:
        page = client.get(f"/albums/trip/photos/{photo_id}", headers=HTML).text
        [listed] = re.findall(r'<select id="to".*?</select>', page) or [""]
        return re.findall('value="(.*?)"', listed)

    assert sorted(offered(owner)) == ["main", "other"]
    key = owner.post("/owner/keys", data={"album": "trip", "see": "1", "tidy": "1"}).text
    [token] = re.findall(r'<input readonly value="([\w-]{43})"', key)
    assert offered(TestClient(app, headers={"authorization": f"Bearer {token}"})) == []
    moved = {"action": "move", "to": "other"}
    owner.post(f"/albums/trip/photos/{photo_id}/tidy", data=moved)
    assert owner.get(f"/api/albums/other/photos/{photo_id}").json()["state"] == "ready"


def test_the_owner_chooses_the_cover(app: FastAPI, owner: TestClient, resize: Resize) -> None:
    """On a photo's page; lists, previews and the settings know it; of no photo there is none."""
    make_album(owner, "trip", see="anyone", listed="1")
    first, second = (upload(owner, PICTURE, "trip")["id"] for _ in range(2))
    for photo_id in (first, second):
        resize(photo_id, "trip")

    def preview() -> str:
        page = TestClient(app, headers=HTML).get("/albums/trip").text
        [found] = re.findall(r'og:image" content="http://testserver(.*?)"', page)
        return str(found)

    assert preview() == f"/albums/trip/images/{second}.jpg"
    assert "Use as cover" in owner.get(f"/albums/trip/photos/{first}").text
    owner.post(f"/albums/trip/photos/{first}/cover")
    assert preview() == f"/albums/trip/images/{first}.jpg"
    assert f"/{first}/" in TestClient(app, headers=HTML).get("/albums").text
    assert "Use as cover" not in owner.get(f"/albums/trip/photos/{first}").text
    assert f'value="{first}" selected' in owner.get("/albums/trip/settings").text
    assert owner.post(f"/albums/trip/photos/{'7' + 'Z' * 25}/cover").status_code == 404


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ("see", "to see the pictures."),
        ("see_upload", "to see the pictures and to add yours."),
        ("upload", "to add your pictures."),
    ],
)
def test_the_sheet_says_what_the_link_allows(owner: TestClient, rights: str, words: str) -> None:
    """One line of how-to, and no promise that the link does not keep."""
    make_album(owner, "trip")
    owner.post("/albums/trip/links", data={"rights": rights})
    [path] = re.findall(r"/albums/trip/links/\w+/sheet", owner.get("/albums/trip/links").text)
    assert f"camera at the code {words}" in owner.get(path).text.replace("&#39;", "'")


@pytest.mark.parametrize("target", ["", "other"])
def test_an_album_whose_deletion_ends_at_any_call_is_deleted_in_the_end(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize, target: str
) -> None:
    """Before each call to S3: its photo stands whole or is deleted, and the next step goes on."""
    make_album(owner, "other", see="anyone")
    events = store.gallery._s3.meta.events
    cut, number = True, 0
    while cut:
        slug = f"trip-{number}"
        make_album(owner, slug)
        photo_id = upload(owner, PICTURE, slug)["id"]
        resize(photo_id, slug)
        owner.post(f"/albums/{slug}/delete", data={"move_to": target, "sure": "1"})
        left, cut = number, False

        def end(**_: Any) -> None:
            nonlocal left, cut
            cut = left == 0
            left -= 1
            if cut:
                raise EndpointConnectionError(endpoint_url="s3")

        events.register("before-call.s3", end)
        try:
            step(app.state.access, slug)
        except EndpointConnectionError:
            pass
        finally:
            events.unregister("before-call.s3", end)
        while not step(app.state.access, slug).finished:
            pass
        kept = [key for key in all_keys(store) if photo_id in key]
        assert {key.split("/")[0] for key in kept} == (
            {"deleted", "index", "photos", "taken"} if target else {"deleted"}
        )
        assert all("/other/" in key for key in kept if not key.startswith("deleted/"))
        album = store.albums.get(slug)
        assert album
        assert album.state is State.DELETED
        number += 1
    assert number > 10


def test_an_album_that_still_has_a_photo_is_not_cleared(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keeps the photo from moving: its files stay, and the next step tries again."""
    make_album(owner, "other", see="anyone")
    make_album(owner, "trip")
    photo_id = upload(owner, PICTURE, "trip")["id"]
    resize(photo_id, "trip")
    owner.post("/albums/trip/delete", data={"move_to": "other", "sure": "1"})
    with monkeypatch.context() as kept:
        kept.setattr(work, "move", lambda *_: False)
        assert not step(app.state.access, "trip").finished
    assert [key for key in all_keys(store) if key.startswith("private/trip/")]
    assert step(app.state.access, "trip").finished
    assert list(store.gallery.photos("other", [photo_id])) == [photo_id]


def test_the_uploader_deletes_a_photo_that_was_moved(
    app: FastAPI, owner: TestClient, resize: Resize
) -> None:
    """By the token that came with the upload, where it was uploaded to: it goes where it is now."""
    make_album(owner, "other", see="anyone")
    visitor = TestClient(app)
    begun = upload(visitor, PICTURE)
    resize(begun["id"], "main")
    owner.post("/api/tidy", json={"action": "move", "ids": [begun["id"]], "to": "other"})
    headers = {"X-Delete-Token": begun["delete_token"]}
    visitor.delete(f"/api/photos/{begun['id']}", headers=headers)
    assert owner.get("/api/albums/other/photos").json()["photos"] == []


def test_a_key_uploads_to_its_album(app: FastAPI, owner: TestClient, resize: Resize) -> None:
    """As curl and Shortcuts do; scoped to album and rights; shown once; withdrawn like all."""
    make_album(owner, "trip")
    page = owner.post("/owner/keys", data={"album": "trip", "upload": "1", "label": "Phone"})
    assert page.headers["cache-control"] == "no-store"
    [token] = re.findall(r'<input readonly value="([\w-]{43})"', page.text)
    assert "http://gallery.test/api/albums/trip/uploads" in page.text
    program = TestClient(app, headers={"authorization": f"Bearer {token}"})
    photo_id = upload(program, PICTURE, "trip")["id"]
    assert resize(photo_id, "trip") is Outcome.PUBLISHED
    assert program.get("/api/albums/trip/photos").status_code == 404
    owner.post(f"/owner/grants/{grant_id(token)}/withdraw")
    body = {"filename": "a.jpg", "type": "image/jpeg", "size": 9}
    assert program.post("/api/albums/trip/uploads", json=body).status_code == 404


def test_the_whole_site_is_taken_private(app: FastAPI, store: Store, owner: TestClient) -> None:
    """By the main album's settings; nobody is listed by search engines, and the owner sees it."""
    [photo] = publish(store, "7" + "A" * 25)
    edit(owner, store, "main", see=Who.OWNER, upload=Who.OWNER, listed="")
    stranger = TestClient(app, headers=HTML)
    for path in ("/", "/upload", f"/photos/{photo.id}", "/api/photos"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/albums").text.count("<li>") == 0
    response = owner.get("/")
    assert response.status_code == 200
    assert response.headers["x-robots-tag"] == "noindex"
    assert "Disallow: /owner" in stranger.get("/robots.txt").text


def test_another_site_cannot_act_for_the_owner(store: Store, owner: TestClient) -> None:
    """Nor a link that is followed from there."""
    make_album(owner, "trip")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.test"}):
        response = owner.post(
            "/albums/trip/delete", data={"sure": "1"}, headers=headers, follow_redirects=False
        )
        assert response.status_code == 403
    album = store.albums.get("trip")
    assert album
    assert album.state is State.OPEN


def test_the_owner_pauses_uploads(
    app: FastAPI, store: Store, settings: Settings, owner: TestClient
) -> None:
    """By a button that says so, for API and form alike; the page says what was taken, too."""
    store.budget.tally(settings, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    taken = "As of 2026-01-02 03:04 UTC: 0 of 10,000 photos and 0.0 of 10.0 GB that day"
    assert taken in owner.get("/owner").text
    assert "Take pictures again" in owner.post("/owner/pause", data={"paused": "1"}).text
    visitor = TestClient(app)
    refused = begin(visitor)
    assert refused.status_code == 503
    assert refused.json()["reason"] == "paused"
    assert refused.headers["retry-after"] == "3600"
    form = visitor.get("/upload", headers=HTML)
    assert form.status_code == 503
    assert "<h1>No uploads at the moment</h1>" in form.text
    assert "takes no pictures at the moment" in form.text
    assert "Pictures are taken." in owner.post("/owner/pause", data={"paused": ""}).text
    assert begin(visitor).status_code == 201


def test_a_visitor_reports_a_photo(app: FastAPI, store: Store) -> None:
    """To the owner, once there is one; of several reports of a photo the first is kept."""
    [photo] = publish(store, *photo_ids(1))
    visitor, path = TestClient(app, headers=HTML), f"/photos/{photo.id}"
    assert "This should not be here" not in visitor.get(path).text
    assert visitor.post(f"{path}/report").status_code == 404
    owner = signed_in(app, store)
    assert "This should not be here" in visitor.get(path).text
    assert "Thank you" in visitor.post(f"{path}/report", data={"text": "<b>It is I."}).text
    program = TestClient(app)
    assert program.post(f"/api{path}/reports", json={"text": "Again"}).status_code == 202
    assert program.post(f"/api/photos/7{'0' * 25}/reports", json={}).status_code == 404
    assert program.post(f"/api{path}/reports", json={"text": "a" * 501}).status_code == 422
    shown = owner.get("/owner").text
    assert "&lt;b&gt;It is I." in shown
    assert "Again" not in shown
    assert f'href="{path}"' in shown
    shown = owner.post(f"/owner/reports/main/{photo.id}/dismiss").text
    assert "It is I." not in shown


def test_reports_and_captions_are_rate_limited(settings: Settings, store: Store) -> None:
    """Counted with the uploads of an address."""
    app = create_app(replace(settings, uploads_per_minute=2), store)
    visitor = TestClient(app)
    photo = f"/api/photos/7{'0' * 25}"
    caption = ("PUT", f"{photo}/caption")
    for (method, path), status in (
        (("POST", f"{photo}/reports"), 404),
        (caption, 404),
        (caption, 429),
    ):
        response = visitor.request(method, path, json={})
        assert response.status_code == status
    assert int(response.headers["retry-after"]) > 0
