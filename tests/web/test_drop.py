"""Albums in which guests see only what their own browser uploaded."""

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from services.core.grants import Right
from services.store import Store
from tests import pictures
from tests.web.owner import HTML, edit, guest, make_album
from tests.web.uploading import Resize, upload

SEE, UPLOAD = Right.SEE, Right.UPLOAD
PICTURE = pictures.jpeg(60, 40)


@pytest.fixture
def album(owner: TestClient, store: Store) -> str:
    """An album that anyone opens and fills, and in which each sees their own."""
    make_album(owner, "box", see="anyone", upload="anyone", listed="1")
    edit(owner, store, "box", drop="1", listed="1")
    return "box"


def browser(app: FastAPI) -> TestClient:
    """Return a guest's browser, which has looked at the album."""
    client = TestClient(app, base_url="http://gallery.test", headers=HTML)
    assert client.get("/albums/box").status_code == 200
    return client


def test_each_browser_sees_its_own_and_the_owner_all(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """On the page, in the list and the count; a program without a cookie sees none."""
    anna, ben = browser(app), browser(app)
    annas = [upload(anna, PICTURE, album)["id"] for _ in range(2)]
    bens = upload(ben, PICTURE, album)["id"]
    for photo_id in (*annas, bens):
        resize(photo_id, album)

    def shown(client: TestClient) -> set[str]:
        listed = {photo["id"] for photo in client.get("/api/albums/box/photos").json()["photos"]}
        page = client.get("/albums/box").text
        assert {one for one in (*annas, bens) if f'data-id="{one}"' in page} == listed
        assert client.get("/api/albums/box/photos/count").json()["count"] == len(listed)
        return listed

    assert shown(anna) == set(annas)
    assert shown(ben) == {bens}
    assert shown(owner) == {*annas, bens}
    assert shown(TestClient(app, headers=HTML)) == set()
    states = {
        one["id"]: one["state"]
        for one in anna.get("/api/albums/box/photos", params={"ids": f"{annas[0]},{bens}"}).json()[
            "photos"
        ]
    }
    assert states == {annas[0]: "ready", bens: "stored"}
    at = anna.get("/albums/box", params={"at": annas[1]}).text
    assert annas[0] in at or annas[1] in at
    assert bens not in at.replace(f"at={bens}", "")
    keys = [item["Key"] for item in store.gallery.objects("photos/")]
    assert keys == []


def test_no_route_tells_a_guest_of_anothers_photo(
    app: FastAPI, owner: TestClient, album: str, resize: Resize
) -> None:
    """Every route that a guest may take, asked for the photo by its id: no picture, name or address."""
    anna, ben = browser(app), browser(app)
    upload(ben, PICTURE, album)
    photo_id = upload(anna, PICTURE, album, filename="annas-secret.jpg")["id"]
    resize(photo_id, album)
    taken = 0
    for route in iter_route_contexts(app.routes):
        if "{album}" not in (route.path or "") or "GET" not in (route.methods or set()):
            continue
        parts = {"photo_id": photo_id, "extension": "jpg", "id_": "0" * 64, "album": album}
        path = (route.path or "").format(**parts)
        for query in ({}, {"ids": photo_id}, {"only": photo_id}, {"at": photo_id}):
            response = ben.get(path, params=query, follow_redirects=False)
            assert response.status_code < 500, path
            assert "annas-secret" not in response.text, path
            assert f"/{album}/{photo_id}/" not in response.text, path
            assert f"/{album}/{photo_id}/" not in response.headers.get("location", ""), path
            asked = photo_id in f"{path}{query}"
            assert asked or photo_id not in response.text, path
            taken += response.status_code == 200
    assert taken > 10
    for path in ("/albums", "/albums/box"):
        assert photo_id not in ben.get(path).text
    assert f"/box/{photo_id}/" in owner.get("/albums").text
    assert ben.delete(f"/api/albums/box/photos/{photo_id}").status_code == 403
    assert "annas-secret" in anna.get("/albums/box").text


def test_an_album_that_becomes_one_is_closed_first(
    store: Store, owner: TestClient, resize: Resize
) -> None:
    """What anyone could see is moved to where nobody reads it without an address of ours."""
    make_album(owner, "box", see="anyone", upload="anyone")
    photo_id = upload(owner, PICTURE, "box")["id"]
    resize(photo_id, "box")
    edit(owner, store, "box", drop="1")
    assert owner.post("/api/albums/box/work").json()["finished"]
    assert [item["Key"] for item in store.gallery.objects("photos/")] == []
    assert list(store.gallery.photos("box", [photo_id])) == [photo_id]


def test_a_link_that_only_uploads_still_shows_nothing(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """Its holder learns that a picture is stored; one that sees, too, opens their own."""
    make_album(owner, "box")
    edit(owner, store, "box", drop="1")
    for rights, state in (((UPLOAD,), "stored"), ((SEE, UPLOAD), "ready")):
        client = guest(app, store, "box", *rights)
        client.get("/albums/box/upload", headers=HTML)
        photo_id = upload(client, PICTURE, "box")["id"]
        resize(photo_id, "box")
        found = client.get(f"/api/albums/box/photos/{photo_id}").json()
        assert found["state"] == state


def test_what_the_pages_cost(app: FastAPI, store: Store, album: str) -> None:
    """One listing while a thousand photos hold enough of one's own."""
    client = browser(app)
    made: list[str] = []
    store.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    assert client.get(f"/albums/{album}").status_code == 200
    assert made == ["ListObjectsV2"]


def test_sending_a_picture_does_not_tell_whether_somebody_else_sent_it(
    app: FastAPI, owner: TestClient, store: Store, album: str, resize: Resize
) -> None:
    """In an album that takes each picture once: once of each browser, which finds its own."""
    edit(owner, store, "box", drop="1", listed="1", one_of_each="1")
    anna, ben = browser(app), browser(app)
    states = []
    for client in (anna, ben, ben):
        photo_id = upload(client, PICTURE, album)["id"]
        resize(photo_id, album)
        states.append(client.get(f"/api/albums/box/photos/{photo_id}").json()["state"])
    assert states == ["ready", "ready", "duplicate"]
