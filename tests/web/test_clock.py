"""A camera whose clock was wrong: all photos of its sender are put right, whatever comes between."""

import re
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core import keys
from services.core.grants import Right
from services.core.photo import Photo
from services.resize.publish import Outcome
from services.store import Store
from services.store.relocation import relocate
from tests import pictures
from tests.faults.interrupted import CutError, at_first_call, before_call, ended_before
from tests.photos import photo_ids, publish
from tests.web.owner import edit, guest, make_album
from tests.web.uploading import Resize, upload

HTML = {"accept": "text/html"}


def taken(client: TestClient, resize: Resize, time: str, album: str = "trip") -> str:
    """Upload a picture that says it was taken then and return the photo's id."""
    data = pictures.jpeg(40, 30, exif_block=pictures.exif(dates={0x9003: time}))
    photo_id: str = upload(client, data, album)["id"]
    assert resize(photo_id, album) is Outcome.PUBLISHED
    return photo_id


def times(client: TestClient, album: str = "trip") -> dict[str, str]:
    """Return when each photo was taken as the API has it."""
    listed = client.get(f"/api/albums/{album}/photos").json()["photos"]
    return {photo["id"]: photo["taken_at"] for photo in listed}


def in_step(store: Store) -> bool:
    """Tell whether both orders have the same photos, each once."""
    found = [item["Key"] for item in store.gallery.objects("")]
    index = [Photo.from_key(key) for key in found if key.startswith(keys.INDEX_PREFIX)]
    by_time = [Photo.from_key(key) for key in found if key.startswith(keys.TAKEN_PREFIX)]
    same = set(index) == set(by_time) and len(index) == len(by_time)
    return same and len({photo.id for photo in index if photo}) == len(index)


def finish(client: TestClient) -> None:
    """Do the album's work to its end."""
    while not client.post("/api/albums/trip/work").json()["finished"]:
        pass


@pytest.fixture
def guests(app: FastAPI, store: Store, owner: TestClient) -> list[TestClient]:
    """Two who hold links of their own to an album by time."""
    make_album(owner, "trip", order="taken")
    rights = (Right.SEE, Right.UPLOAD)
    return [guest(app, store, "trip", *rights) for _ in range(2)]


def test_one_photo_says_by_how_much_all_were_wrong(
    owner: TestClient, guests: list[TestClient], resize: Resize, store: Store
) -> None:
    """Those of its sender that are here and those to come; nobody else's; and it can be undone."""
    wrong, right = guests
    first = taken(wrong, resize, "2025:12:31 23:50:00")
    second = taken(wrong, resize, "2026:01:01 01:00:30")
    other = taken(right, resize, "2026:07:15 18:00:00")
    before = times(owner)
    path = f"/albums/trip/photos/{first}"
    assert 'value="2025-12-31T23:50:00"' in owner.get(path).text
    answer = owner.post(f"{path}/clock", data={"taken": "2026-07-15T17:50"}, follow_redirects=False)
    assert answer.headers["location"] == "/albums/trip/work"
    work = owner.get("/albums/trip/work").text
    assert "is being put right" in work
    assert 'data-next="/albums/trip"' in work
    finish(owner)
    after = {
        first: "2026-07-15T17:50:00.000",
        second: "2026-07-15T19:00:30.000",
        other: "2026-07-15T18:00:00.000",
    }
    assert times(owner) == after
    assert list(times(owner)) == [second, other, first]
    assert in_step(store)
    late = taken(wrong, resize, "2025:12:31 23:50:30")
    assert times(owner)[late] == "2026-07-15T17:50:30.000"
    kept = store.gallery.photos("trip", [first])[first]
    assert (store.gallery.get_json(kept.key()) or {})["taken"] == "2026-07-15T17:50:00"
    owner.post(f"{path}/clock", data={"taken": "", "minutes": "0"})
    finish(owner)
    assert times(owner) == before | {late: "2025-12-31T23:50:30.000"}
    assert in_step(store)


@pytest.mark.parametrize("see", ["anyone", "link"])
def test_browsers_that_came_by_one_link_or_none_have_clocks_of_their_own(
    app: FastAPI, owner: TestClient, resize: Resize, store: Store, see: str
) -> None:
    """Whoever gives no name: only the photos of one browser are put right, approval wanted since or not."""
    make_album(owner, "trip", order="taken", see=see, upload=see)
    one = guest(app, store, "trip", Right.SEE, Right.UPLOAD)
    other = TestClient(app, base_url="http://gallery.test", cookies=dict(one.cookies))
    first, bystander = (taken(client, resize, "2026:01:01 10:00:00") for client in (one, other))
    edit(owner, store, "trip", order="taken", approval="1")
    waits = taken(one, resize, "2026:01:01 11:00:00")
    owner.post(f"/albums/trip/photos/{first}/clock", data={"minutes": "60"})
    finish(owner)
    owner.post("/api/albums/trip/tidy", json={"action": "show", "ids": [waits]})
    assert times(owner) == {
        first: "2026-01-01T11:00:00.000",
        bystander: "2026-01-01T10:00:00.000",
        waits: "2026-01-01T12:00:00.000",
    }
    assert in_step(store)


def test_ended_before_any_request_and_done_again(
    app: FastAPI, owner: TestClient, guests: list[TestClient], resize: Resize, store: Store
) -> None:
    """As a function that is killed: each photo is shown all the while, and the next step ends it."""
    del app
    photos = {taken(guests[0], resize, f"2026:01:01 0{n}:00:00") for n in range(2)}
    shift, calls, ended = 60, 0, True
    first = min(photos)
    owner.post(f"/albums/trip/photos/{first}/clock", data={"minutes": str(shift)})
    while ended:
        with ended_before(store, calls):
            try:
                ended = not owner.post("/api/albums/trip/work").json()["finished"]
            except CutError:
                ended = True
        assert set(times(owner)) == photos
        found = [item["Key"] for item in store.gallery.objects("")]
        index = {Photo.from_key(key) for key in found if key.startswith(keys.INDEX_PREFIX)}
        by_time = {Photo.from_key(key) for key in found if key.startswith(keys.TAKEN_PREFIX)}
        assert by_time <= index
        assert {photo.id for photo in by_time if photo} == photos
        if ended:
            finish(owner)
            assert in_step(store)
            hours = sorted(time[11:16] for time in times(owner).values())
            minutes = [datetime.strptime(hour, "%H:%M").minute for hour in hours]  # noqa: DTZ007 no day
            assert minutes == [shift % 60] * 2
            shift += 7
            owner.post(f"/albums/trip/photos/{first}/clock", data={"minutes": str(shift)})
        calls += 1
    assert calls > 20
    assert in_step(store)


def test_a_photo_that_is_made_ready_meanwhile_is_put_right(
    owner: TestClient, guests: list[TestClient], resize: Resize, store: Store
) -> None:
    """The owner says so, and all work is done, after the album was read for it."""
    first = taken(guests[0], resize, "2026:01:01 10:00:00")
    data = pictures.jpeg(40, 30, exif_block=pictures.exif(dates={0x9003: "2026:01:01 11:00:00"}))
    late = upload(guests[0], data, "trip")["id"]

    def put_right() -> None:
        owner.post(f"/albums/trip/photos/{first}/clock", data={"minutes": "-90"})
        finish(owner)

    resize._store = at_first_call(store, "put_entry", put_right)
    assert resize(late, "trip") is Outcome.PUBLISHED
    assert times(owner) == {first: "2026-01-01T08:30:00.000", late: "2026-01-01T09:30:00.000"}
    assert in_step(store)


def test_a_photo_that_moves_keeps_its_time(
    owner: TestClient, guests: list[TestClient], resize: Resize, store: Store
) -> None:
    """The other album knows nothing of its sender's clock."""
    photo_id = taken(guests[0], resize, "2026:01:01 10:00:00")
    owner.post(f"/albums/trip/photos/{photo_id}/clock", data={"minutes": "30"})
    finish(owner)
    make_album(owner, "other")
    owner.post("/api/albums/trip/tidy", json={"action": "move", "ids": [photo_id], "to": "other"})
    assert times(owner, "other") == {photo_id: "2026-01-01T10:30:00.000"}
    assert in_step(store)


def test_a_photo_that_moves_to_where_its_senders_clock_was_put_right_is_put_right(
    owner: TestClient, resize: Resize, store: Store
) -> None:
    """By as much as there, whatever was said here; and where that is said while it moves, too."""
    make_album(owner, "trip", order="taken")
    make_album(owner, "other", order="taken")
    standing = taken(owner, resize, "2026:01:01 09:00:00", "other")
    early, late = (taken(owner, resize, f"2026:01:01 1{n}:00:00") for n in range(2))

    def put_right(minutes: int) -> None:
        path = f"/albums/other/photos/{standing}/clock"
        assert owner.post(path, data={"minutes": str(minutes)}).status_code == 200
        while not owner.post("/api/albums/other/work").json()["finished"]:
            pass

    def move(photo_id: str) -> None:
        body = {"action": "move", "ids": [photo_id], "to": "other"}
        assert owner.post("/api/albums/trip/tidy", json=body).status_code == 200

    put_right(30)
    move(early)
    with before_call(store, 9, lambda: put_right(60)):
        move(late)
    assert times(owner, "other") == {
        standing: "2026-01-01T10:00:00.000",
        early: "2026-01-01T11:00:00.000",
        late: "2026-01-01T12:00:00.000",
    }
    assert in_step(store)


@pytest.mark.parametrize(
    "fields",
    [{}, {"taken": "noon"}, {"minutes": "1.5"}, {"minutes": "100000000"}, {"taken": "9" * 4000}],
)
def test_what_is_no_time_changes_nothing(
    owner: TestClient, guests: list[TestClient], resize: Resize, fields: dict[str, str]
) -> None:
    """422, in words; and a photo that says nothing of when it was taken has no clock."""
    photo_id = taken(guests[0], resize, "2026:01:01 10:00:00")
    path = f"/albums/trip/photos/{photo_id}/clock"
    assert owner.post(path, data=fields).status_code == 422
    assert times(owner) == {photo_id: "2026-01-01T10:00:00.000"}
    silent = upload(guests[0], pictures.jpeg(40, 30), "trip")["id"]
    resize(silent, "trip")
    assert owner.post(path.replace(photo_id, silent), data={"minutes": "5"}).status_code == 422
    assert not re.search("/clock", owner.get(f"/albums/trip/photos/{silent}").text)


def test_what_putting_a_clock_right_costs(store: Store) -> None:
    """For each photo, as the table in docs/event.md has it."""
    [photo] = publish(store, *photo_ids(1), camera=datetime(2026, 1, 1))  # noqa: DTZ001 a clock without a zone
    made: Counter[str] = Counter()
    store.gallery._s3.meta.events.register(
        "before-call.s3", lambda model, **_: made.update([model.name])
    )
    assert relocate(store.gallery, photo, replace(photo, shift=5))
    assert made == {"ListObjectsV2": 6, "GetObject": 2, "PutObject": 2, "DeleteObject": 3}
