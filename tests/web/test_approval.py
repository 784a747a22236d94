"""Photos that wait until the owner publishes them."""

import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.grants import Right
from services.resize.publish import Outcome
from services.store import Store
from tests import pictures
from tests.faults.interrupted import at_first_call
from tests.web.owner import HTML, edit, guest, make_album
from tests.web.uploading import Resize, begin, upload

SEE, UPLOAD = Right.SEE, Right.UPLOAD
PICTURE = pictures.jpeg(60, 40)


@pytest.fixture
def album(owner: TestClient, store: Store) -> str:
    """An open album whose new photos wait."""
    make_album(owner, "party", see="anyone", upload="anyone")
    edit(owner, store, "party", approval="1")
    return "party"


def browser(app: FastAPI) -> TestClient:
    """Return a guest's browser, which has looked at the album."""
    client = TestClient(app, base_url="http://gallery.test", headers=HTML)
    assert client.get("/albums/party").status_code == 200
    return client


def tidy(owner: TestClient, action: str, *ids: str, note: str = "") -> dict[str, str]:
    """Do something to photos of the album."""
    body = {"action": action, "ids": list(ids), "note": note}
    response = owner.post("/api/albums/party/tidy", json=body)
    assert response.status_code == 200, response.text
    outcomes: dict[str, str] = response.json()["outcomes"]
    return outcomes


def keys_of(store: Store, photo_id: str) -> set[str]:
    """Return the first folder of everything that is kept of a photo."""
    listed = store.gallery._s3.list_objects_v2(Bucket=store.gallery.name).get("Contents", [])
    return {item["Key"].split("/")[0] for item in listed if photo_id in item["Key"]}


def test_a_photo_waits_and_nobody_else_sees_anything_of_it(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Not in the album, feed, count or images; its uploader and the owner are told."""
    ours, other = browser(app), browser(app)
    photo_id = upload(ours, PICTURE, album)["id"]
    assert resize(photo_id, album) is Outcome.PUBLISHED
    assert keys_of(store, photo_id) == {"pending", "private"}
    page = f"/albums/party/photos/{photo_id}"
    waits = {"id": photo_id, "state": "pending", "page": page}
    assert ours.get(f"/api{page}").json() == waits
    listed = ours.get("/api/albums/party/photos", params={"ids": photo_id}).json()
    assert listed["photos"] == [waits]
    told = ours.get(page)
    assert "Waits for approval" in told.text
    assert f'action="{page}/delete"' in told.text
    assert "<picture" not in told.text
    album_page = ours.get("/albums/party").text
    assert "1 photo of yours waits" in album_page
    assert f'<a href="{page}"' in album_page
    for client in (other, ours):
        shown = client.get("/albums/party")
        assert f'id="{photo_id}"' not in shown.text.replace("data-id", "")
        assert (photo_id in shown.text) is (client is ours)
        assert photo_id not in client.get("/albums/party/feed.xml").text
        assert client.get("/api/albums/party/photos").json()["photos"] == []
        assert client.get("/api/albums/party/photos/count").json()["count"] == 0
        for path in ("images/{}.jpg", "downloads/{}", "photos/{}/qr.svg", "photos/{}/report"):
            method = "POST" if "report" in path else "GET"
            response = client.request(method, f"/albums/party/{path.format(photo_id)}")
            assert response.status_code == 404, path
        assert client.get("/albums/party/waiting").status_code == 404
        assert client.post("/albums/party/waiting", data={"action": "show"}).status_code == 404
    assert "data-own hidden" in other.get("/albums/party").text
    assert f'action="{page}/delete"' not in other.get(page).text
    assert "Waiting: 1" in owner.get("/albums/party").text
    tray = owner.get("/albums/party/waiting").text
    assert f'data-id="{photo_id}"' in tray
    assert "1 photo waits for approval." in tray


def test_the_owner_publishes_and_rejects_by_forms(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Each is done again without harm; the uploader reads why; of the rejected nothing is left."""
    ours = browser(app)
    good, bad = (upload(ours, PICTURE, album)["id"] for _ in range(2))
    for photo_id in (good, bad):
        resize(photo_id, album)
    for _ in range(2):
        form = {"action": "show", "back": "waiting"}
        done = owner.post(f"/albums/party/photos/{good}/tidy", data=form, follow_redirects=False)
        assert done.headers["location"] == "/albums/party/waiting"
        form = {"action": "reject", "back": "waiting", "note": "Too <dark>, sorry"}
        done = owner.post(f"/albums/party/photos/{bad}/tidy", data=form, follow_redirects=False)
        assert done.status_code == 303
    assert keys_of(store, good) == {"index", "photos", "taken"}
    assert keys_of(store, bad) == {"deleted"}
    assert ours.get(f"/api/albums/party/photos/{good}").json()["state"] == "ready"
    assert ours.get(f"/api/albums/party/photos/{bad}").json() == {
        "id": bad,
        "state": "rejected",
        "reason": "not_approved",
        "message": "The album's owner did not publish it.",
        "note": "Too <dark>, sorry",
    }
    page = ours.get(f"/albums/party/photos/{bad}").text
    assert "<h1>Not published</h1>" in page
    assert "did not publish it. “Too &lt;dark&gt;, sorry”" in page
    assert "Nothing waits." in owner.get("/albums/party/waiting").text
    assert tidy(owner, "show", bad) == {bad: "missing"}


def test_all_of_one_uploader(app: FastAPI, owner: TestClient, album: str, resize: Resize) -> None:
    """One press for what a browser sent, and not for what another did, or what was hidden."""
    one, two = browser(app), browser(app)
    ids = [upload(one, PICTURE, album)["id"] for _ in range(3)]
    others = upload(two, PICTURE, album)["id"]
    for photo_id in (*ids, others):
        resize(photo_id, album)
    assert tidy(owner, "hide", ids[0]) == {ids[0]: "done"}
    waits = owner.get("/api/albums/party/photos/pending")
    assert waits.json() == {"ids": [others, *ids[:0:-1]], "whole": True}
    known = {"if-none-match": waits.headers["etag"]}
    assert owner.get("/api/albums/party/photos/pending", headers=known).status_code == 304
    tray = owner.get("/albums/party/waiting").text
    [sender] = set(re.findall(r'name="sender" value="([\w-]+)"', tray))
    assert "All 2 from the same sender" in tray
    form = {"sender": sender, "action": "show"}
    assert owner.post("/albums/party/waiting", data=form).status_code == 200
    shown = {photo["id"] for photo in owner.get("/api/albums/party/photos").json()["photos"]}
    assert shown == set(ids[1:])
    assert f'data-id="{others}"' in owner.get("/albums/party/waiting").text
    assert f'data-id="{ids[0]}"' not in owner.get("/albums/party/waiting").text
    assert ids[0] in owner.get("/albums/party/hidden").text
    assert owner.post("/albums/party/waiting", data={"sender": sender}).status_code == 422


def test_the_uploader_takes_back_what_waits(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """By token or from its browser; another one cannot, nor learn of what is hidden."""
    ours, other = browser(app), browser(app)
    first, second, third = (upload(ours, PICTURE, album) for _ in range(3))
    for begun in (first, second, third):
        resize(begun["id"], album)
    path = "/api/albums/party/photos/{}"
    assert other.delete(path.format(first["id"])).status_code == 403
    assert other.post(f"/albums/party/photos/{first['id']}/delete").status_code == 403
    token = {"X-Delete-Token": first["delete_token"]}
    assert other.delete(path.format(first["id"]), headers=token).status_code == 204
    assert ours.post(f"/albums/party/photos/{second['id']}/delete").status_code == 200
    assert keys_of(store, first["id"]) == keys_of(store, second["id"]) == {"deleted"}
    tidy(owner, "hide", third["id"])
    assert other.delete(path.format(third["id"])).status_code == 404
    assert ours.delete(path.format(third["id"])).status_code == 204
    assert keys_of(store, third["id"]) == {"deleted"}


def test_what_the_owner_uploads_does_not_wait(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """The policy pins whether it has to: no form of a guest's can say that it has not."""
    photo_id = upload(owner, PICTURE, album)["id"]
    resize(photo_id, album)
    assert keys_of(store, photo_id) == {"index", "photos", "taken"}
    begun = begin(browser(app), album, size=len(PICTURE)).json()
    fields = begun["upload"]["fields"] | {"x-amz-meta-approved": "yes"}
    sent = httpx.post(begun["upload"]["url"], data=fields, files={"file": ("x", PICTURE)})
    assert sent.status_code == 403


def test_hiding_takes_the_variants_from_where_anyone_reads(
    store: Store, owner: TestClient, resize: Resize
) -> None:
    """And showing the photo brings them back."""
    make_album(owner, "party", see="anyone", upload="anyone")
    photo_id = upload(owner, PICTURE, "party")["id"]
    resize(photo_id, "party")
    old = owner.get(f"/api/albums/party/photos/{photo_id}").json()["variants"][0]["url"]
    tidy(owner, "hide", photo_id)
    assert keys_of(store, photo_id) == {"pending", "private"}
    assert httpx.get(old).status_code == 404
    tidy(owner, "show", photo_id)
    assert keys_of(store, photo_id) == {"index", "photos", "taken"}


@pytest.mark.parametrize("action", ["show", "reject"])
def test_a_decision_that_ends_at_any_call_is_made_good(
    owner: TestClient, store: Store, album: str, app: FastAPI, resize: Resize, action: str
) -> None:
    """Before each call to S3: what is left shows it whole, waiting or not at all; again ends it."""
    events = store.gallery._s3.meta.events
    cut, number, ours = True, 0, browser(app)
    while cut:
        photo_id = upload(ours, PICTURE, album)["id"]
        resize(photo_id, album)
        left, cut = number, False

        def end(**_: Any) -> None:
            nonlocal left, cut
            cut = cut or left == 0
            left -= 1
            if cut:
                raise EndpointConnectionError(endpoint_url="s3")

        body = {"action": action, "ids": [photo_id], "note": "no"}
        events.register("before-call.s3", end)
        try:
            status = owner.post("/api/albums/party/tidy", json=body).status_code
        finally:
            events.unregister("before-call.s3", end)
        assert status == (503 if cut else 200)
        whole = {"pending", "private"}, {"index", "photos"}
        state = ours.get(f"/api/albums/party/photos/{photo_id}").json()["state"]
        assert state in {"show": ("pending", "ready"), "reject": ("pending", "rejected")}[action]
        assert state == "rejected" or any(all_ <= keys_of(store, photo_id) for all_ in whole)
        tidy(owner, action, photo_id, note="no")
        ended = {"show": {"index", "photos", "taken"}, "reject": {"deleted"}}[action]
        assert keys_of(store, photo_id) == ended, number
        state = ours.get(f"/api/albums/party/photos/{photo_id}").json()["state"]
        assert state == ("ready" if action == "show" else "rejected")
        number += 1
    assert number > 5


@pytest.mark.parametrize("moment", ["get_record", "copy", "put_entry", "deleted", "drop_entry"])
def test_of_a_decision_and_a_delete_nothing_half_done_is_left(
    store: Store, album: str, app: FastAPI, resize: Resize, moment: str
) -> None:
    """The uploader takes a photo back while the owner publishes it: it is gone, or was gone first."""
    from services.store.relocation import relocate, relocated

    ours = browser(app)
    begun = upload(ours, PICTURE, album)
    photo_id = begun["id"]
    resize(photo_id, album)
    photo = store.gallery.photos(album, [photo_id], pending=True)[photo_id]
    new = relocated(photo, album=album, private=False, pending=False)
    path = f"/api/albums/party/photos/{photo_id}"
    token = {"X-Delete-Token": begun["delete_token"]}

    def delete() -> None:
        assert ours.delete(path, headers=token).status_code == 204

    relocate(at_first_call(store, moment, delete), photo, new)
    assert keys_of(store, photo_id) == {"deleted"}
    assert ours.get(path).status_code == 410


def test_an_upload_only_link_is_told_that_it_waits(
    app: FastAPI, store: Store, owner: TestClient, resize: Resize
) -> None:
    """And not more; published, it is stored for them, as without approval."""
    make_album(owner, "party")
    edit(owner, store, "party", approval="1")
    sender = guest(app, store, "party", UPLOAD)
    photo_id = upload(sender, PICTURE, "party")["id"]
    resize(photo_id, "party")
    path = f"/api/albums/party/photos/{photo_id}"
    assert sender.get(path).json()["state"] == "pending"
    tidy(owner, "show", photo_id)
    assert sender.get(path).json() == {"id": photo_id, "state": "stored"}
    assert keys_of(store, photo_id) == {"index", "private", "taken"}


def test_a_photo_that_waits_goes_with_its_album(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Moved with the others it still waits; deleted with the album it is gone."""
    make_album(owner, "other", see="anyone")
    photo_id = upload(browser(app), PICTURE, album)["id"]
    resize(photo_id, album)
    owner.post("/albums/party/delete", data={"move_to": "other", "sure": "1"})
    assert owner.post("/api/albums/party/work").json()["finished"]
    waits = store.gallery.photos("other", [photo_id], pending=True)[photo_id]
    assert (waits.private, waits.hidden) == (True, False)
    assert f'data-id="{photo_id}"' in owner.get("/albums/other/waiting").text


def test_replays_and_redeliveries_of_what_waits(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """A form used again replaces nothing; an event that comes again changes nothing."""
    ours = browser(app)
    begun = upload(ours, PICTURE, album)
    resize(begun["id"], album)
    before = store.gallery.entry_keys(album, begun["id"], pending=True)
    post = begun["upload"]
    again = httpx.post(post["url"], data=post["fields"], files={"file": ("x", PICTURE)})
    assert again.status_code == 201
    assert resize(begun["id"], album) is Outcome.REPLAYED
    assert resize(begun["id"], album) is Outcome.GONE
    assert store.gallery.entry_keys(album, begun["id"], pending=True) == before
    # Rejected, it stays so whatever comes.
    tidy(owner, "reject", begun["id"])
    again = httpx.post(post["url"], data=post["fields"], files={"file": ("x", PICTURE)})
    assert resize(begun["id"], album) is Outcome.DELETED
    state = ours.get(f"/api/albums/party/photos/{begun['id']}").json()["state"]
    assert state == "rejected"


def test_what_the_pages_of_approval_cost(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """A gallery page is one listing more for who is told what waits; the tray is one, and its labels."""
    ours = browser(app)
    resize(upload(ours, PICTURE, album)["id"], album)
    made: list[str] = []
    for client in (owner, ours):
        client.get("/albums/party")  # record and grant are remembered
    store.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.append(model.name)
    )
    calls = {}
    for name, client, path in (
        ("nobody", TestClient(app, headers=HTML), "/albums/party"),
        ("uploader", ours, "/albums/party"),
        ("owner", owner, "/albums/party"),
        ("tray", owner, "/albums/party/waiting"),
        ("hidden", owner, "/albums/party/hidden"),
        ("open tray", owner, "/api/albums/party/photos/pending"),
    ):
        made.clear()
        assert client.get(path).status_code == 200
        calls[name] = list(made)
    assert calls == {
        "nobody": ["ListObjectsV2"],
        "uploader": ["ListObjectsV2"] * 2,
        "owner": ["ListObjectsV2"] * 2,
        "tray": ["ListObjectsV2"],
        "hidden": ["ListObjectsV2"],
        "open tray": ["ListObjectsV2"],
    }


def test_what_waits_is_not_forgotten_where_no_photo_has_to_wait_any_more(
    app: FastAPI, store: Store, owner: TestClient, album: str, resize: Resize
) -> None:
    """Saving that leads to the tray, which the owner's page names for every album."""
    photo_id = upload(browser(app), PICTURE, album)["id"]
    resize(photo_id, album)
    record = store.albums.get(album)
    assert record is not None
    off = {"title": "party", "see": "anyone", "upload": "anyone", "version": record.version}
    saved = owner.post(f"/albums/{album}/settings", data=off, follow_redirects=False)
    assert saved.headers["location"] == "/albums/party/waiting"
    assert 'href="/albums/party/waiting"' in owner.get("/owner").text
    assert f'data-id="{photo_id}"' in owner.get("/albums/party/waiting").text
    assert tidy(owner, "show", photo_id) == {photo_id: "done"}
