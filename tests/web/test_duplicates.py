"""What becomes of a picture that an album has already, and of photos that look alike."""

from dataclasses import replace
from datetime import UTC, datetime

import boto3
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core import keys
from services.core.albums import Album, Who
from services.core.grants import Right
from services.core.settings import Settings
from services.store import Store
from services.store.relocation import relocate
from services.web.app import create_app
from tests import pictures
from tests.faults.invariant import Buckets
from tests.photos import photo_ids, publish, stored_photo
from tests.web.owner import HTML, edit, guest


def sent_twice(
    store: Store, settings: Settings, session: boto3.Session, who: Who = Who.ANYONE
) -> tuple[str, str]:
    """Return the ids of a photo and of the upload that has the same bytes, in an album for `who`."""
    store.albums.save(Album(slug="trip", one_of_each=True, see=who, upload=who))
    buckets = Buckets(store, replace(settings, variant_sizes=(40,)), session)
    ids = [keys.new_photo_id(datetime.now(UTC)) for _ in range(2)]
    for photo_id in ids:
        buckets.put(keys.upload_key("trip", photo_id), pictures.jpeg(60, 40))
        buckets.process(keys.upload_key("trip", photo_id))
    return ids[0], ids[1]


def test_the_second_leads_to_the_first(
    client: TestClient, store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """By the API and without JavaScript."""
    first, second = sent_twice(store, settings, aws_session)
    duplicate = {
        "id": second,
        "state": "duplicate",
        "of": first,
        "page": f"/albums/trip/photos/{first}",
    }
    assert client.get(f"/api/albums/trip/photos/{second}").json() == duplicate
    asked = client.get("/api/albums/trip/photos", params={"ids": f"{second},{first}"}).json()
    assert asked["photos"][0] == duplicate
    page = client.get(f"/albums/trip/photos/{second}", headers=HTML, follow_redirects=False)
    assert page.status_code == 303
    assert page.headers["location"] == f"/albums/trip/photos/{first}"


def test_who_may_not_see_the_album_learns_of_no_other_photo(
    app: FastAPI, store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """It arrived, as far as that guest is told."""
    _, second = sent_twice(store, settings, aws_session, Who.LINK)
    client = guest(app, store, "trip", Right.UPLOAD)
    stored = {"id": second, "state": "stored"}
    assert client.get(f"/api/albums/trip/photos/{second}").json() == stored
    page = client.get(f"/albums/trip/photos/{second}", headers=HTML, follow_redirects=False)
    assert page.status_code == 200
    assert "Thank you" in page.text


def test_a_hidden_twin_is_led_to_by_nothing(
    client: TestClient,
    owner: TestClient,
    store: Store,
    settings: Settings,
    aws_session: boto3.Session,
) -> None:
    """Its page would be no page: the second arrived, as far as its guest is told, until it is shown."""
    first, second = sent_twice(store, settings, aws_session)
    page, api = f"/albums/trip/photos/{second}", f"/api/albums/trip/photos/{second}"
    for deed, state in (("hide", "stored"), ("show", "duplicate")):
        did = owner.post("/api/albums/trip/tidy", json={"action": deed, "ids": [first]})
        assert did.json()["outcomes"] == {first: "done"}
        assert client.get(api).json()["state"] == state
        asked = client.get("/api/albums/trip/photos", params={"ids": second}).json()
        assert [one["state"] for one in asked["photos"]] == [state]
        told = client.get(page, headers=HTML)
        assert told.status_code == 200
        assert ("Thank you" in told.text) is (state == "stored")


def test_the_owner_sets_it(owner: TestClient, store: Store) -> None:
    """By a tick; off until then."""
    store.albums.save(Album(slug="trip"))
    assert 'name="one_of_each" value="1">' in owner.get("/albums/trip/settings").text
    edit(owner, store, "trip", one_of_each="1")
    album = store.albums.get("trip")
    assert album is not None
    assert album.one_of_each


def test_similar_photos_are_shown_and_deleted_in_place(
    client: TestClient, owner: TestClient, store: Store
) -> None:
    """In groups, newest first; what looks like no other is not there."""
    thumbhash = bytes.fromhex("d5070a1d826a77798880768777887877800777")
    store.albums.save(Album(slug="trip"))
    alike, other = photo_ids(4), photo_ids(9)[5]
    publish(store, *alike, album="trip", thumbhash=thumbhash)
    publish(
        store, other, album="trip", thumbhash=bytes.fromhex("1f0a12048087778778787f87f870788878")
    )
    page = owner.get("/albums/trip/similar").text
    assert "4 photos" in page
    assert [page.count(f"/albums/trip/photos/{id_}/tidy") for id_ in (*alike, other)] == [
        *[1] * 4,
        0,
    ]
    answer = owner.post(
        f"/albums/trip/photos/{alike[0]}/tidy",
        data={"action": "delete", "back": "similar"},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/albums/trip/similar"
    assert "3 photos" in owner.get("/albums/trip/similar").text
    assert client.get("/albums/trip/similar").status_code == 404


def test_many_groups_are_shown_page_by_page(owner: TestClient, store: Store) -> None:
    """Each once, and no group is cut in two."""
    store.albums.save(Album(slug="trip"))
    ids = photo_ids(80)
    for number in range(40):
        # As light and as colourful as no other pair.
        head = number // 8 * 8 | 32 << 6 | number % 8 * 8 << 12
        hash_ = head.to_bytes(3, "little") + b"\x07\0" + b"\x77" * 20
        publish(store, *ids[2 * number : 2 * number + 2], album="trip", thumbhash=hash_)
    first = owner.get("/albums/trip/similar").text
    assert first.count("2 photos") == 30
    more = owner.get("/albums/trip/similar", params={"after": ids[58]}).text
    assert f"/albums/trip/similar?after={ids[58]}" in first
    assert more.count("2 photos") == 10
    assert "similar?after" not in more
    assert stored_photo(ids[0]).id in first


def test_similar_photos_cost_one_listing(
    owner: TestClient, store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """However many there are; album and grant are remembered."""
    store.albums.save(Album(slug="trip"))
    publish(store, *photo_ids(30), album="trip", thumbhash=bytes(5))
    fresh = Store.connect(settings, aws_session)
    client = TestClient(create_app(settings, fresh), base_url="http://gallery.test")
    client.cookies = owner.cookies
    assert client.get("/albums/trip/similar").status_code == 200
    made: list[str] = []
    fresh.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    assert "30 photos" in client.get("/albums/trip/similar").text
    assert made == ["ListObjectsV2"]


def test_sending_a_picture_tells_nobody_of_one_that_waits_or_is_hidden(
    client: TestClient,
    owner: TestClient,
    store: Store,
    settings: Settings,
    aws_session: boto3.Session,
) -> None:
    """It arrived, or waits as any does, is all that is said, until the other one is published again."""
    first, second = sent_twice(store, settings, aws_session)
    tidy = {"ids": [first]}
    owner.post("/api/albums/trip/tidy", json=tidy | {"action": "hide"})
    stored = {"id": second, "state": "stored"}
    assert client.get(f"/api/albums/trip/photos/{second}").json() == stored
    asked = client.get("/api/albums/trip/photos", params={"ids": second}).json()
    assert asked["photos"] == [stored]
    page = client.get(f"/albums/trip/photos/{second}", headers=HTML, follow_redirects=False)
    assert page.status_code == 200
    assert first not in page.text
    hidden = store.gallery.photos("trip", [first], pending=True)[first]
    relocate(store.gallery, hidden, replace(hidden, hidden=False))
    path = f"/albums/trip/photos/{second}"
    pending = {"id": second, "state": "pending", "page": path}
    assert client.get(f"/api{path}").json() == pending
    page = client.get(path, headers=HTML)
    assert "Waits for approval" in page.text
    assert first not in page.text
    owner.post("/api/albums/trip/tidy", json=tidy | {"action": "show"})
    assert client.get(f"/api/albums/trip/photos/{second}").json()["of"] == first
