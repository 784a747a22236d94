"""Who photos are from, and what is written under them."""

from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.grants import Right
from services.store import Store
from services.store.relocation import relocate, relocated
from tests import pictures
from tests.faults.interrupted import at_first_call
from tests.photos import photo_ids, publish
from tests.web.owner import HTML, edit, guest, make_album
from tests.web.uploading import Resize, upload

PICTURE = pictures.jpeg(60, 40)


@pytest.fixture
def album(owner: TestClient, store: Store) -> str:
    """An open album that shows names and has captions."""
    make_album(owner, "party", see="anyone", upload="anyone")
    edit(owner, store, "party", names="1", captions="1")
    return "party"


def browser(app: FastAPI, name: str = "") -> TestClient:
    """Return a guest's browser, which keeps a name where one is given."""
    client = TestClient(app, base_url="http://gallery.test", headers=HTML)
    if name:
        assert client.post("/albums/party/guest", data={"name": name}).status_code == 200
    return client


def test_a_name_is_given_once_and_stands_with_the_photos(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Under the tile, on the photo's page, in the API; where the album does not show it, nowhere."""
    client = browser(app)
    assert 'data-ask-name="/albums/party/guest"' in client.get("/albums/party").text
    client.post("/albums/party/guest", data={"name": "Tante <Käthe>"})
    page = client.get("/albums/party").text
    assert "data-ask-name" not in page
    assert 'value="Tante &lt;Käthe&gt;"' in page
    photo_id = upload(client, PICTURE, album)["id"]
    resize(photo_id, album)
    stranger = browser(app)
    tile = '<span class="tile-from" dir="auto">Tante &lt;Käthe&gt;</span>'
    assert tile in stranger.get("/albums/party").text
    assert "From Tante &lt;Käthe&gt;" in stranger.get(f"/albums/party/photos/{photo_id}").text
    path = f"/api/albums/party/photos/{photo_id}"
    assert stranger.get(path).json()["guest"] == "Tante <Käthe>"
    assert stranger.get("/api/albums/party/photos").json()["photos"][0]["guest"] == "Tante <Käthe>"
    edit(owner, store, "party")
    for where in ("/albums/party", f"/albums/party/photos/{photo_id}", path, "/albums/party?by=x"):
        assert "Käthe" not in stranger.get(where).text, where


def test_who_wants_no_name_is_not_asked_again(app: FastAPI, album: str) -> None:
    """The browser keeps that, too; a name that is too long is refused in words."""
    client = browser(app)
    client.post(f"/albums/{album}/guest", data={"name": ""})
    assert "data-ask-name" not in client.get("/albums/party").text
    refused = client.post(f"/albums/{album}/guest", data={"name": "李" * 21})
    assert refused.status_code == 422
    assert client.post(f"/albums/{album}/guest", data={"name": "李" * 20}).status_code == 200


@pytest.mark.usefixtures("album")
def test_an_album_is_filtered_by_name(app: FastAPI, store: Store) -> None:
    """Page by page, in the page and the API; nobody of that name is told."""
    ids = photo_ids(60)
    for number, photo_id in enumerate(ids):
        publish(store, photo_id, album="party", guest=("Anna", "Ben", "")[number % 3])
    client = browser(app)
    seen, after = [], None
    while True:
        query: dict[str, Any] = {"by": "ANNA", "limit": 7} | ({"after": after} if after else {})
        page = client.get("/api/albums/party/photos", params=query).json()
        seen += [photo["id"] for photo in page["photos"]]
        if not (after := page["next"]):
            break
    assert seen == ids[::3]
    page = client.get("/albums/party", params={"by": "Ben"}).text
    assert [one for one in ids if f'data-id="{one}"' in page] == ids[1::3]
    assert "There are no photos from “Carl”." in client.get("/albums/party?by=Carl").text
    assert 'content="noindex, follow"' in page


def test_what_a_filtered_page_costs(app: FastAPI, store: Store, album: str) -> None:
    """One listing for each thousand photos, ten at most, however many the album has."""
    publish(store, *photo_ids(5), album="party", guest="Anna")
    client = browser(app)
    client.get("/albums/party")
    made: list[str] = []
    store.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    client.get(f"/albums/{album}?by=Anna")
    assert made == ["ListObjectsV2"]


def caption_of(client: TestClient, photo_id: str) -> str | None:
    """Return what stands under a photo."""
    found: str | None = client.get(f"/api/albums/party/photos/{photo_id}").json()["caption"]
    return found


def test_the_uploader_and_the_owner_write_captions(
    app: FastAPI, owner: TestClient, album: str, resize: Resize
) -> None:
    """By token, by the cookie of the form, or as owner; edited later, and taken away by none."""
    client, other = browser(app), browser(app)
    begun = upload(client, PICTURE, album)
    photo_id = begun["id"]
    resize(photo_id, album)
    path = f"/api/albums/party/photos/{photo_id}/caption"
    token = {"X-Delete-Token": begun["delete_token"]}
    assert caption_of(client, photo_id) == ""
    assert other.put(path, json={"text": "Mine!"}).status_code == 403
    said = client.put(path, json={"text": " The <first> dance.\n\x07So late! "}, headers=token)
    assert said.json() == {"text": "The <first> dance.\nSo late!"}
    page = f"/albums/party/photos/{photo_id}"
    assert "The &lt;first&gt; dance.\nSo late!</p>" in other.get(page).text
    assert client.put(path, json={"text": "x" * 501}, headers=token).status_code == 422
    assert owner.post(f"{page}/caption", data={"text": "A dance."}).status_code == 200
    assert caption_of(other, photo_id) == "A dance."
    client.cookies.set("delete", begun["delete_token"])
    assert client.post(f"{page}/caption", data={"text": ""}).status_code == 200
    assert caption_of(other, photo_id) == ""
    assert other.post(f"{page}/caption", data={"text": "Mine!"}).status_code == 403
    missing = f"/api/albums/party/photos/7{'Z' * 25}/caption"
    assert owner.put(missing, json={"text": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u7530\u4e2d\u3000\u82b1\u5b50", "\u7530\u4e2d\u3000\u82b1\u5b50"),
        ("10\u00a0000\tm", "10\u00a0000 m"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("\u202etxt\x00", "txt"),
        ("\u3164\n\u2800", ""),
    ],
)  # fmt: skip
def test_a_caption_keeps_what_is_written(
    owner: TestClient, store: Store, album: str, text: str, kept: str
) -> None:
    """Emoji that are joined, half spaces, wide and narrow ones, lines; not what turns text around."""
    (photo_id,) = photo_ids(1)
    publish(store, photo_id, album=album)
    path = f"/api/albums/party/photos/{photo_id}"
    written = owner.put(f"{path}/caption", json={"text": text})
    assert (written.status_code, written.json()["text"]) == (200, kept)
    assert owner.get(path).json()["caption"] == kept


def test_a_caption_goes_where_its_photo_goes(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Hidden, shown, moved and closed; an album without captions has none to read or write."""
    photo_id = upload(browser(app), PICTURE, album)["id"]
    resize(photo_id, album)
    path = f"/api/albums/party/photos/{photo_id}"
    owner.put(f"{path}/caption", json={"text": "A dance."})
    for action in ("hide", "show"):
        owner.post("/api/albums/party/tidy", json={"action": action, "ids": [photo_id]})
    assert caption_of(owner, photo_id) == "A dance."
    edit(owner, store, "party")
    assert caption_of(owner, photo_id) is None
    assert owner.put(f"{path}/caption", json={"text": "No."}).status_code == 404


@pytest.mark.parametrize("moment", ["put_entry", "deleted", "drop_entries"])
def test_a_caption_that_is_written_while_its_photo_is_hidden_stays(
    store: Store, moment: str
) -> None:
    """Whichever comes first."""
    [photo] = publish(store, *photo_ids(1))
    hidden = relocated(photo, album="main", private=photo.private, pending=True, hidden=True)

    def write() -> None:
        assert store.gallery.write_caption("main", photo.id, "A dance.")

    assert relocate(at_first_call(store, moment, write), photo, hidden)
    manifest = store.gallery.get_json(hidden.key())
    assert manifest
    assert manifest.get("caption") == "A dance."


def test_a_page_of_an_album_reads_no_caption(
    app: FastAPI, store: Store, album: str, resize: Resize
) -> None:
    """One listing; the photo's own page reads its manifest, and where there are none, not even that."""
    client = browser(app)
    begun = upload(client, PICTURE, album)
    photo_id = begun["id"]
    resize(photo_id, album)
    client.get("/albums/party")
    made: list[str] = []
    store.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    client.get("/albums/party")
    assert made == ["ListObjectsV2"]
    made.clear()
    client.get(f"/albums/party/photos/{photo_id}")
    assert made.count("GetObject") == 1
    made.clear()
    token = {"X-Delete-Token": begun["delete_token"]}
    caption = f"/api/albums/party/photos/{photo_id}/caption"
    assert client.put(caption, json={"text": "A dance."}, headers=token).status_code == 200
    assert Counter(made) == {"ListObjectsV2": 5, "GetObject": 2, "PutObject": 1}


def test_a_guest_with_a_link_gives_a_name(app: FastAPI, store: Store, owner: TestClient) -> None:
    """As before, in an album that does not show it: for its owner."""
    make_album(owner, "trip")
    client = guest(app, store, "trip", Right.SEE, Right.UPLOAD)
    page = client.get("/albums/trip", headers=HTML).text
    assert 'action="/albums/trip/guest"' in page
    assert "data-ask-name" not in page
