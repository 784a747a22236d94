"""An album's Atom feed: valid, paged, its pictures reachable, and by a link that opens nothing else."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

import boto3
import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core import keys
from services.core.albums import Album, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests import pictures
from tests.photos import photo_ids, publish
from tests.web.owner import HTML, make_album
from tests.web.uploading import Resize, upload

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def links(part: Element, relation: str) -> list[str]:
    """Return where the links of that relation lead."""
    return [
        link.get("href", "")
        for link in part.findall(f"{ATOM}link")
        if link.get("rel", "alternate") == relation
    ]


def parsed(text: str) -> Element:
    """Parse a feed and hold it against what RFC 4287 demands in capitals."""
    feed = fromstring(text)  # noqa: S314 our own
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for part in (feed, *entries):
        names = [child.tag.removeprefix(ATOM) for child in part]
        for name in ("id", "title", "updated"):  # 4.1.1, 4.1.2: exactly one
            assert names.count(name) == 1, name
        for name in ("subtitle", "published", "content", "icon", "logo"):  # at most one
            assert names.count(name) <= 1, name
        for name in ("updated", "published"):  # 3.3
            for moment in part.findall(f"{ATOM}{name}"):
                assert MOMENT.fullmatch(moment.text or "")
        identity = urlsplit(part.findtext(f"{ATOM}id") or "")  # 4.2.6: an absolute IRI
        assert identity.scheme
        assert identity.netloc
        alternates = [  # 4.1.1, 4.1.2: no two of the same type and language
            (link.get("type"), link.get("hreflang"))
            for link in part.findall(f"{ATOM}link")
            if link.get("rel", "alternate") == "alternate"
        ]
        assert len(alternates) == len(set(alternates))
        for link in part.findall(f"{ATOM}link"):  # 4.2.7: href is there; ours are all absolute
            assert urlsplit(link.get("href", "")).netloc
            assert "/" in link.get("type", "")
    assert len(links(feed, "self")) == 1  # 4.1.1
    assert feed.findtext(f"{ATOM}author/{ATOM}name")  # 4.1.1: where entries have none
    for entry in entries:
        assert links(entry, "alternate")
        assert entry.find(f"{ATOM}content").get("type") == "html"  # type: ignore[union-attr] # above
    identities = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(identities) == len(set(identities))
    return feed


def feed_link(store: Store, album: str, *, days: int = 1) -> str:
    """Store a link to an album's feed and return its path."""
    token = new_token()
    ends = datetime.now(UTC) + timedelta(days=days)
    grant = Grant(grant_id(token), Kind.FEED, ends, album, frozenset({Right.SEE}))
    store.grants.put(grant, {"token": token})
    return f"/feeds/{token}"


def test_it_is_valid_whatever_its_photos_are_called(client: TestClient, store: Store) -> None:
    """Markup, quotes and the characters that XML cannot hold; and where there is no photo."""
    empty = parsed(client.get("/feed.xml").text)
    assert empty.findall(f"{ATOM}entry") == []
    first, second, third = photo_ids(3)
    publish(store, first, name='a <b> & "c" ]]>.jpg')
    publish(store, second, name="zero\ufffewidth\uffff 😀.jpg")
    publish(store, third, name="")
    feed = parsed(client.get("/feed.xml").text)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ['a <b> & "c" ]]>.jpg', "zerowidth 😀.jpg", "Untitled"]


def test_photos_of_one_second_keep_their_order(client: TestClient, store: Store) -> None:
    """Readers sort entries by when they were updated, and a phone sends several a second."""
    start = datetime(2026, 11, 24, 18, 30, 5, 100_000, tzinfo=UTC)
    publish(store, *(keys.new_photo_id(start + timedelta(milliseconds=n)) for n in range(3)))
    feed = parsed(client.get("/feed.xml").text)
    moments = [one.text for one in feed.iter(f"{ATOM}updated")]
    assert moments == [f"2026-11-24T18:30:05.{ms}+00:00" for ms in ("102", "102", "101", "100")]


def test_it_says_whom_photos_are_from_where_the_album_does(
    client: TestClient, store: Store
) -> None:
    """And nobody's name where it does not."""
    named, other = photo_ids(2)
    for album in (Album(slug="named", names=True), Album(slug="plain")):
        store.albums.save(album)
        publish(store, named, album=album.slug, guest="Käthe & Jo")
        publish(store, other, album=album.slug)
    feeds = [parsed(client.get(f"/albums/{slug}/feed.xml").text) for slug in ("named", "plain")]
    authors = [
        [entry.findtext(f"{ATOM}author/{ATOM}name") for entry in feed.findall(f"{ATOM}entry")]
        for feed in feeds
    ]
    assert authors == [["Käthe & Jo", None], [None, None]]


def test_its_pages_lead_on_to_the_oldest_photo(client: TestClient, store: Store) -> None:
    """RFC 5005, 3: each page names the next and the first, and each photo is on one."""
    publish(store, *(ids := photo_ids(65)))
    address, seen = "http://gallery.test/feed.xml", []
    for _ in range(3):
        feed = parsed(client.get(address).text)
        assert links(feed, "self") == [address]
        assert links(feed, "first") == ["http://gallery.test/feed.xml"]
        seen += [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
        address = (links(feed, "next") or [""])[0]
    assert address == ""
    assert seen == [f"http://gallery.test/photos/{photo_id}" for photo_id in ids]
    assert client.get("/feed.xml?after=nonsense").status_code == 404


def test_who_has_it_gets_no_body(client: TestClient, store: Store) -> None:
    """Until there is a new photo."""
    publish(store, *photo_ids(2))
    tag = client.get("/feed.xml").headers["etag"]
    again = client.get("/feed.xml", headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    publish(store, keys.new_photo_id(datetime.now(UTC)))
    assert client.get("/feed.xml", headers={"if-none-match": tag}).status_code == 200


def test_a_closed_album_by_its_feeds_link(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """Made and listed among the links; the picture comes from S3 without any cookie; then withdrawn."""
    make_album(owner, "trip")
    photo_id = upload(owner, pictures.jpeg(50, 40), "trip")["id"]
    resize(photo_id, "trip")
    made = owner.post("/albums/trip/links", data={"rights": "feed", "label": "Frame"})
    assert "read the feed only" in made.text
    [address] = re.findall(r'value="(http://gallery\.test/feeds/[\w-]{43})"', made.text)
    reader = TestClient(app, base_url="http://gallery.test")
    response = reader.get(address)
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "private" in response.headers["cache-control"]
    feed = parsed(response.text)
    assert feed.findtext(f"{ATOM}id") == "http://gallery.test/albums/trip"
    [entry] = feed.findall(f"{ATOM}entry")
    [picture] = links(entry, "enclosure")
    assert picture.startswith(f"{address}/{photo_id}.")
    assert picture in (entry.findtext(f"{ATOM}content") or "")
    led = reader.get(picture, follow_redirects=False)
    assert led.status_code == 302
    assert "private" in led.headers["cache-control"]
    assert httpx.get(led.headers["location"]).status_code == 200
    [link] = [one for one in store.grants.all() if one.kind is Kind.FEED]
    assert owner.get(f"/albums/trip/links/{link.id}/sheet").status_code == 404
    owner.post(f"/owner/grants/{link.id}/withdraw", data={"back": "trip"})
    assert reader.get(address).status_code == reader.get(picture).status_code == 404


@pytest.mark.parametrize("see", [Who.ANYONE, Who.LINK, Who.OWNER])
def test_a_feeds_link_opens_the_feed_and_nothing_else(app: FastAPI, store: Store, see: Who) -> None:
    """Not as a link, a cookie or a key; not another album's photos; not what is the owner's alone."""
    store.albums.save(Album(slug="trip", see=see, upload=Who.OWNER))
    store.albums.save(Album(slug="other", see=Who.LINK))
    here, elsewhere = photo_ids(2)
    publish(store, here, album="trip")
    publish(store, elsewhere, album="other")
    path = feed_link(store, "trip")
    token = path.rpartition("/")[2]
    client = TestClient(app, base_url="http://gallery.test")
    opened = 404 if see is Who.OWNER else 200
    assert client.get(path).status_code == opened
    picture = client.get(f"{path}/{here}.webp", follow_redirects=False)
    assert picture.status_code == (404 if see is Who.OWNER else 302)
    for name in (f"{elsewhere}.webp", f"{here}.png", "nonsense.webp"):
        assert client.get(f"{path}/{name}").status_code == 404
    assert client.get(f"/l/{token}", headers=HTML).status_code == 404
    as_cookies = {"cookie": f"link-trip={token}; owner={token}"}
    as_key = {"authorization": f"Bearer {token}"}
    seen = 200 if see is Who.ANYONE else 404
    for headers in (as_cookies, as_key):
        assert client.get("/albums/trip", headers=headers).status_code == seen
        assert client.get("/api/albums/trip/photos", headers=headers).status_code == seen
        assert client.get("/albums/trip/upload", headers=headers).status_code in (403, 404)
        assert client.get("/albums/trip/links", headers=headers).status_code == 404


def test_an_ended_link_and_another_kind_are_as_none(app: FastAPI, store: Store) -> None:
    """The same 404, byte for byte."""
    store.albums.save(Album(slug="trip", see=Who.LINK))
    client = TestClient(app, base_url="http://gallery.test")
    token = new_token()
    ends = datetime.now(UTC) + timedelta(days=1)
    sees = frozenset({Right.SEE})
    store.grants.put(Grant(grant_id(token), Kind.LINK, ends, "trip", sees), {})
    missing = client.get(f"/feeds/{new_token()}")
    for path in (feed_link(store, "trip", days=-1), feed_link(store, "gone"), f"/feeds/{token}"):
        response = client.get(path)
        assert (response.status_code, response.content) == (404, missing.content)
        assert response.headers == missing.headers


def test_a_page_of_it_is_one_listing(
    settings: Settings, store: Store, aws_session: boto3.Session
) -> None:
    """Besides album and grant, which are remembered."""
    store.albums.save(Album(slug="trip", see=Who.LINK))
    publish(store, *photo_ids(3), album="trip")
    path = feed_link(store, "trip")
    fresh = Store.connect(settings, aws_session)
    made: list[str] = []
    fresh.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    client = TestClient(create_app(settings, fresh))
    assert client.get(path).status_code == 200
    assert sorted(made) == ["GetObject", "ListObjectsV2", "ListObjectsV2", "PutObject"]
    made.clear()
    for _ in range(3):
        assert client.get(path).status_code == 200
    assert made == ["ListObjectsV2"] * 3
