"""An album by when its photos were taken: pages, places, dates, and what they cost of 100,000 photos."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core import keys
from services.core.albums import Album
from services.core.order import Order, position_of
from services.core.photo import Photo
from services.core.settings import Settings
from services.store import Store
from services.web.access import BROWSER_COOKIE, browser_id
from services.web.app import create_app
from tests.listed_s3 import ListedS3
from tests.photos import stored_photo

HTML = {"accept": "text/html"}
BY_TIME = Album(slug="main", order=Order.TAKEN)
DAY_ONE = datetime(2026, 7, 15, 10)  # noqa: DTZ001 cameras' clocks
UPLOADED = datetime(2026, 8, 1, tzinfo=UTC)


def photos_taken(*moments: datetime | None) -> list[Photo]:
    """Return photos that were uploaded one a second in this order."""
    ids = [keys.new_photo_id(UPLOADED + timedelta(seconds=n)) for n in range(len(moments))]
    return [stored_photo(id_, camera=moment) for id_, moment in zip(ids, moments, strict=True)]


def ids_on(text: str) -> list[str]:
    """Return the ids of the tiles on a page."""
    return re.findall(r'data-id="(\w+)"', text)


def days_on(text: str) -> list[str]:
    """Return the day headings on a page, and where they are between the tiles."""
    return re.findall(r'<li class="day" id="day-([\d-]+)">', text)


@pytest.fixture
def album(store: Store, client: TestClient) -> TestClient:
    """The main album, ordered by time."""
    store.albums.save(BY_TIME)
    return client


def test_the_latest_picture_stands_first(album: TestClient, store: Store) -> None:
    """Whenever it was uploaded; under the days on which the cameras' clocks had them."""
    evening = DAY_ONE.replace(hour=23)
    photos = photos_taken(DAY_ONE, DAY_ONE + timedelta(days=1), evening, None, DAY_ONE)
    for photo in photos:
        store.gallery.put_entry(photo, {"delete_sha256": ""})
    page = album.get("/", headers=HTML).text
    expected = [photos[number].id for number in (3, 1, 2, 4, 0)]
    assert ids_on(page) == expected
    assert days_on(page) == ["2026-08-01", "2026-07-16", "2026-07-15"]
    assert '<h2><time datetime="2026-07-15">15 July 2026</time></h2>' in page
    assert [one["id"] for one in album.get("/api/photos").json()["photos"]] == expected
    chinese = album.get("/", headers=HTML | {"accept-language": "zh"}).text
    assert ">2026年7月15日</time>" in chinese


def test_an_album_by_upload_knows_no_dates(client: TestClient, store: Store) -> None:
    """As the tutorial has it: no headings, and in place of the page of dates the gallery."""
    for photo in photos_taken(DAY_ONE, None):
        store.gallery.put_entry(photo, {})
    assert days_on(client.get("/", headers=HTML).text) == []
    assert "data-dates" not in client.get("/", headers=HTML).text
    answer = client.get("/dates", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


@pytest.mark.parametrize(
    ("moments", "dates"),
    [
        ([DAY_ONE, DAY_ONE.replace(hour=18)], ["2026-07-15T18", "2026-07-15T10"]),
        (
            [DAY_ONE + timedelta(days=n) for n in (0, 1, 2, 3)],
            ["2026-07-18", "2026-07-17", "2026-07-16", "2026-07-15"],
        ),
        (
            [DAY_ONE.replace(month=month) for month in (1, 3, 5, 7)],
            ["2026-07", "2026-05", "2026-03", "2026-01"],
        ),
        ([], []),
    ],
)
def test_dates_are_as_fine_as_the_album_is_short(
    album: TestClient, store: Store, moments: list[datetime], dates: list[str]
) -> None:
    """A wedding has hours, a journey days, a life months; each leads to its photos."""
    photos = photos_taken(*moments)
    for photo in photos:
        store.gallery.put_entry(photo, {})
    page = album.get("/dates", headers=HTML)
    assert page.status_code == 200
    assert re.findall(r'data-date="([^"]+)"', page.text) == dates
    for date, photo in zip(dates, reversed(photos), strict=True):
        assert f'href="/?on={date}"' in page.text
        assert ids_on(album.get(f"/?on={date}", headers=HTML).text)[0] == photo.id


def test_paging_goes_through_all_of_them_once(album: TestClient, store: Store) -> None:
    """In pages, by the links and by the API; taken at one instant or not."""
    photos = photos_taken(*[DAY_ONE] * 3, *[DAY_ONE + timedelta(hours=n) for n in range(5)], None)
    for photo in photos:
        store.gallery.put_entry(photo, {})
    expected = [photo.id for photo in sorted(photos, key=lambda photo: photo.taken_position)]
    seen: list[str] = []
    after = None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        answer = album.get("/api/photos", params=query).json()
        seen += [photo["id"] for photo in answer["photos"]]
        if (after := answer["next"]) is None:
            break
    assert seen == expected
    # A program that goes on behind an id, and an address that names one.
    assert [
        one["id"] for one in album.get(f"/api/photos?after={expected[3]}").json()["photos"]
    ] == expected[4:]
    assert ids_on(album.get(f"/?at={expected[4]}", headers=HTML).text) == expected
    count = album.get(f"/api/photos/count?newer_than={expected[3]}").json()
    assert count == {"count": 9, "newer": 3}


def test_places_of_the_other_order_lead_somewhere(album: TestClient, store: Store) -> None:
    """After the owner has changed the order, old addresses still show photos."""
    (photo,) = photos_taken(DAY_ONE)
    store.gallery.put_entry(photo, {})
    by_time = position_of(photo, Order.TAKEN)
    gone = keys.new_photo_id(UPLOADED + timedelta(days=9))
    for place in (photo.id, by_time, gone):
        assert ids_on(album.get(f"/?at={place}", headers=HTML).text) == [photo.id]
    kept = store.albums.get("main")
    assert kept is not None
    store.albums.save(replace(kept, order=Order.UPLOADED))
    other = TestClient(create_app(album.app.state.settings, store))  # type: ignore[attr-defined] # FastAPI's
    assert ids_on(other.get(f"/?at={by_time}", headers=HTML).text) == [photo.id]
    assert other.get(f"/?after={by_time}", headers=HTML).status_code == 200


@pytest.mark.parametrize("on", ["2026", "2026-7", "yesterday", "", "2026-07-15T18:30"])
def test_what_is_no_date_is_not_found(album: TestClient, on: str) -> None:
    """An address that was mistyped has a page that says so."""
    assert album.get(f"/?on={on}", headers=HTML).status_code == 404


PHOTOS = 100_000


@pytest.fixture(scope="module")
def many() -> Iterator[tuple[ListedS3, list[Photo]]]:
    """An album of 100,000: one dense evening, years of others, and 5,000 of one instant."""
    chance = random.Random(18)  # noqa: S311 no secret
    instant, evening = datetime(2000, 1, 1), datetime(2026, 7, 15, 18)  # noqa: DTZ001
    photos = []
    for number in range(PHOTOS):
        if number < 5000:
            taken = instant
        elif number < 30_000:
            taken = evening + timedelta(milliseconds=chance.randrange(6 * 3_600_000))
        else:
            taken = datetime(1990, 1, 1) + timedelta(seconds=chance.randrange(36 * 31_536_000))  # noqa: DTZ001
        photo_id = keys.photo_id_of_object(
            "", "x", str(number), UPLOADED + timedelta(seconds=number)
        )
        photos.append(stored_photo(photo_id, camera=taken))
    names = [photo.key() for photo in photos] + [photo.taken_key() for photo in photos]
    record = {"albums/main.json": BY_TIME.record()}
    with ListedS3(names, record) as server:
        yield server, sorted(photos, key=lambda photo: photo.taken_position)


def test_any_place_among_100_000_takes_a_bounded_number_of_listings(
    many: tuple[ListedS3, list[Photo]], aws_session: boto3.Session
) -> None:
    """A page is one listing, a date too; the dates at most seven; a place in the middle some more."""
    server, photos = many
    settings = Settings(s3_endpoint_url=server.url)
    store = Store.connect(settings, aws_session)
    client = TestClient(create_app(settings, store))
    client.get("/", headers=HTML)
    middle_of_instant = next(n for n, one in enumerate(photos) if one.clock.year == 2000) + 2500
    places = [60, 12_345, 40_000, 99_999, middle_of_instant]
    bounds = {"/": 1, "/api/photos?limit=1000": 1, "/dates": 7}
    bounds |= {f"/?after={photos[place].taken_position}": 1 for place in places}
    bounds |= {f"/?after={photos[place].id}": 2 for place in places}
    bounds |= {f"/?on={photos[place].clock:%Y-%m-%d}": 1 for place in places}
    bounds |= {f"/?at={photos[place].id}": 15 for place in places}
    for path, most in bounds.items():
        server.listings = server.reads = 0
        response = client.get(path, headers=HTML)
        assert response.status_code == 200
        assert 1 <= server.listings <= most, path
        assert server.reads == 0  # the album's record is remembered
    for place in places:
        around = ids_on(client.get(f"/?at={photos[place].id}", headers=HTML).text)
        first = max(0, place - 60)
        assert around == [photo.id for photo in photos[first : place + 60]]
        day = f"{photos[place].clock:%Y-%m-%d}"
        shown = client.get(f"/?on={day}", headers=HTML).text
        assert days_on(shown)[0] == day
        assert ids_on(shown)[0] == next(p.id for p in photos if f"{p.clock:%Y-%m-%d}" == day)
    dates = re.findall(r'data-date="([^"]+)"', client.get("/dates", headers=HTML).text)
    assert dates == sorted({f"{photo.clock:%Y-%m}" for photo in photos}, reverse=True)


def test_who_sees_only_their_own_learns_of_no_other_date(
    owner: TestClient, app: FastAPI, store: Store
) -> None:
    """Where guests see their own photos, no page of dates and no bar; theirs still stand by day."""
    own, other = photos_taken(DAY_ONE, DAY_ONE + timedelta(days=1))
    store.albums.save(replace(BY_TIME, drop=True))
    guest = TestClient(app, base_url="http://gallery.test", cookies={BROWSER_COOKIE: "token"})
    for photo in (replace(own, browser=browser_id("token")), replace(other, browser="another")):
        store.gallery.put_entry(photo, {})
    page = guest.get("/", headers=HTML).text
    assert (ids_on(page), days_on(page)) == ([own.id], ["2026-07-15"])
    assert "data-dates" not in page
    assert guest.get("/dates", headers=HTML, follow_redirects=False).status_code == 302
    assert days_on(owner.get("/", headers=HTML).text) == ["2026-07-16", "2026-07-15"]
    assert "data-dates" in owner.get("/", headers=HTML).text


@pytest.mark.parametrize("days", [-1, 1])
def test_the_id_of_anothers_photo_does_not_tell_when_it_was_taken(
    client: TestClient, store: Store, days: int
) -> None:
    """A list behind it begins where its upload would stand, before or after one's own as that was."""
    own, other = photos_taken(DAY_ONE, DAY_ONE + timedelta(days=days))
    store.albums.save(replace(BY_TIME, drop=True))
    client.cookies.set(BROWSER_COOKIE, "token")
    for photo in (replace(own, browser=browser_id("token")), replace(other, browser="another")):
        store.gallery.put_entry(photo, {})
    behind = client.get("/api/photos", params={"after": other.id}).json()["photos"]
    assert [photo["id"] for photo in behind] == [own.id]
