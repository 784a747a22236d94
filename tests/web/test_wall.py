"""What the code in the wall's corner says to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.albums import Album, Who
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.store import Store
from services.web import wall
from services.web.rendering import render
from services.web.wall import Invitation
from tests.web.owner import HTML, guest, make_album

SEE, UPLOAD = Right.SEE, Right.UPLOAD


@pytest.fixture
def invitations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each page that is shown has in its corner."""
    shown: list[Any] = []

    def noted(*given: Any, **values: Any) -> Any:
        shown.append(values["invitation"])
        assert ("<svg" in values["code"]) is (values["invitation"] is not None)
        return render(*given, **values)

    monkeypatch.setattr(wall, "render", noted)
    return shown


def add_link(store: Store, *rights: Right, days: int = 1, album: str = "trip") -> Grant:
    """Store a link whose token is its label."""
    token = new_token()
    ends = datetime.now(UTC) + timedelta(days=days)
    grant = Grant(grant_id(token), Kind.LINK, ends, album, frozenset(rights))
    store.grants.put(grant, {"token": token})
    return grant


def path_of(store: Store, grant: Grant) -> str:
    """Return the path that opens a link."""
    return f"/l/{store.grants.details(grant)['token']}"


def test_of_an_open_album_its_address(
    client: TestClient, owner: TestClient, store: Store, invitations: list[Any]
) -> None:
    """To add pictures where anyone may, to see them else; for the owner too."""
    add_link(store, SEE, UPLOAD, album="main")
    for caller in (client, owner):
        assert caller.get("/wall", headers=HTML).status_code == 200
    store.albums.save(Album(slug="shown", upload=Who.OWNER))
    client.get("/albums/shown/wall", headers=HTML)
    store.albums.save(Album(slug="drop", drop=True))  # each guest sees their own alone
    client.get("/albums/drop/wall", headers=HTML)
    assert invitations == [
        Invitation("/", adds=True),
        Invitation("/", adds=True),
        Invitation("/albums/shown", adds=False),
        Invitation("/albums/drop", adds=True),
    ]


def test_of_a_closed_album_the_guests_own_link(
    app: FastAPI, owner: TestClient, store: Store, invitations: list[Any]
) -> None:
    """Never another one, by which more could be done than by theirs; nor is one asked for by its id."""
    make_album(owner, "trip")
    strong = add_link(store, SEE, UPLOAD)
    visitor = guest(app, store, "trip", SEE)
    token = visitor.cookies["link-trip"]
    assert visitor.get(f"/albums/trip/wall?link={strong.id}", headers=HTML).status_code == 200
    assert invitations == [Invitation(f"/l/{token}", adds=False)]


def test_of_a_closed_album_the_link_that_the_owner_wants(
    owner: TestClient, store: Store, invitations: list[Any]
) -> None:
    """The one that was asked for; else one that lets guests add and has not ended; else none."""
    make_album(owner, "trip")
    assert owner.get("/albums/trip/wall").status_code == 200
    add_link(store, SEE, UPLOAD, album="other")
    add_link(store, SEE, UPLOAD, days=-1)
    sees = add_link(store, SEE, days=300)
    owner.get("/albums/trip/wall")
    adds = add_link(store, SEE, UPLOAD, days=2)
    add_link(store, UPLOAD)
    owner.get("/albums/trip/wall")
    owner.get(f"/albums/trip/wall?link={sees.id}")
    assert invitations == [
        None,
        Invitation(path_of(store, sees), adds=False),
        Invitation(path_of(store, adds), adds=True),
        Invitation(path_of(store, sees), adds=False),
    ]


def test_it_says_whom_photos_are_from_where_the_album_does(owner: TestClient, store: Store) -> None:
    """Not because its owner, who is told everywhere else, is signed in at the projector."""
    for names in (True, False):
        store.albums.save(Album(slug=f"names-{names}".lower(), names=names))
        page = owner.get(f"/albums/names-{names}/wall".lower()).text
        assert ('id="from"' in page) is names
