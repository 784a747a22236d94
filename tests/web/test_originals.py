"""Downloads of originals: offered to whom the album offers them, saved under the photo's name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core import keys
from services.core.albums import Album, Originals
from services.core.photo import KeptOriginal, Photo
from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.photos import publish
from tests.web.owner import HTML, edit

LOCATED = KeptOriginal("jpg", 4_100_000, located=True)
UNLOCATED = KeptOriginal("jpg", 4_100_000, located=False)


def photo_in(store: Store, originals: Originals, original: KeptOriginal) -> Photo:
    """Publish a photo with an original in an album with that setting."""
    store.albums.save(Album(slug="trip", originals=originals))
    photo_id = keys.new_photo_id(datetime.now(UTC))
    (photo,) = publish(store, photo_id, album="trip", name="a tower.jpeg", original=original)
    store.gallery.put_original(photo, b"as it was")
    return photo


def test_page_and_list_offer_it_with_its_size(client: TestClient, store: Store) -> None:
    """Beside the picture that the page shows."""
    photo = photo_in(store, Originals.UPLOADED, LOCATED)
    path = f"/albums/trip/downloads/{photo.id}/original"
    page = client.get(f"/albums/trip/photos/{photo.id}", headers=HTML).text
    assert f'href="{path}" download' in page
    assert "Original · 4.1 MB" in page
    assert f'href="/albums/trip/downloads/{photo.id}" download' in page
    assert 'data-original="Original · 4.1 MB"' in client.get("/albums/trip", headers=HTML).text
    original = {"bytes": 4_100_000, "type": "image/jpeg", "located": True, "path": path}
    assert client.get(f"/api/albums/trip/photos/{photo.id}").json()["original"] == original
    (listed,) = client.get("/api/albums/trip/photos").json()["photos"]
    assert listed["original"] == original


def test_it_is_saved_under_the_photos_name(client: TestClient, store: Store) -> None:
    """By a presigned GET of the bucket itself."""
    photo = photo_in(store, Originals.UPLOADED, LOCATED)
    path = f"/albums/trip/downloads/{photo.id}/original"
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 302
    assert "X-Amz-Signature" in answer.headers["location"]
    saved = httpx.get(answer.headers["location"])
    assert saved.content == b"as it was"
    assert 'filename="a tower.jpg"' in saved.headers["content-disposition"]


@pytest.mark.parametrize(
    ("originals", "original", "offered"),
    [
        (Originals.UPLOADED, LOCATED, True),
        (Originals.UPLOADED, UNLOCATED, True),
        (Originals.UNLOCATED, UNLOCATED, True),
        (Originals.UNLOCATED, LOCATED, False),
        (Originals.NONE, UNLOCATED, False),
    ],
)
def test_who_sees_the_album_gets_what_it_offers_now(
    client: TestClient,
    owner: TestClient,
    store: Store,
    originals: Originals,
    original: KeptOriginal,
    *,
    offered: bool,
) -> None:
    """And what says where it was taken only where the album means it to; its owner gets all."""
    photo = photo_in(store, originals, original)
    path = f"/albums/trip/downloads/{photo.id}/original"
    assert client.get(path, follow_redirects=False).status_code == (302 if offered else 404)
    page = client.get(f"/albums/trip/photos/{photo.id}", headers=HTML).text
    assert (path in page) is offered
    assert "data-original" not in client.get("/albums/trip", headers=HTML).text or offered
    shown = client.get(f"/api/albums/trip/photos/{photo.id}").json()["original"]
    assert (shown is not None) is offered
    assert owner.get(path, follow_redirects=False).status_code == 302


def test_what_its_lifecycle_ended_is_not_offered(store: Store, settings: Settings) -> None:
    """After the days of the setting, or where it is gone sooner."""
    photo = photo_in(store, Originals.UPLOADED, LOCATED)
    store.gallery.remove_originals("trip", photo.id)
    path = f"/albums/trip/downloads/{photo.id}/original"
    client = TestClient(create_app(settings, store))
    assert client.get(path, follow_redirects=False).status_code == 404
    old = keys.new_photo_id(datetime.now(UTC) - timedelta(days=3))
    (aged,) = publish(store, old, album="trip", original=LOCATED)
    store.gallery.put_original(aged, b"as it was")
    client = TestClient(create_app(replace(settings, originals_days=2), store))
    assert client.get(f"/api/albums/trip/photos/{old}").json()["original"] is None
    path = f"/albums/trip/downloads/{old}/original"
    assert client.get(path, follow_redirects=False).status_code == 404


def test_the_owner_sets_what_an_album_keeps(owner: TestClient, store: Store) -> None:
    """On its page, with what that means; off until then."""
    store.albums.save(Album(slug="trip"))
    page = owner.get("/albums/trip/settings").text
    assert '<option value="none" selected>are not kept</option>' in page
    edit(owner, store, "trip", originals="unlocated")
    album = store.albums.get("trip")
    assert album is not None
    assert album.originals is Originals.UNLOCATED
    wrong = {"version": album.version, "originals": "some"}
    assert owner.post("/albums/trip/settings", data=wrong).status_code == 422


def test_the_owner_learns_why_one_was_not_kept(
    app: FastAPI, owner: TestClient, store: Store
) -> None:
    """On the photo's page; nobody else is told."""
    store.albums.save(Album(slug="trip", originals=Originals.UNLOCATED))
    photo_id = keys.new_photo_id(datetime.now(UTC))
    (photo,) = publish(store, photo_id, album="trip")
    store.gallery.put_json(photo.key(), {"original_not_kept": "a GIF with XMP"})
    path = f"/albums/trip/photos/{photo_id}"
    assert "(a GIF with XMP)" in owner.get(path).text
    assert "a GIF with XMP" not in TestClient(app).get(path, headers=HTML).text
