"""An owner's browser, signed in as a person would."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.albums import Album
from services.core.grants import Grant, Kind, Right, grant_id, new_token
from services.store import Store

HTML = {"accept": "text/html"}


def sign_in_token(store: Store, *, minutes: int = 15, name: str = "Anna") -> str:
    """Return what `python -m services.owner link` puts into its link."""
    token = new_token()
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    store.grants.put(Grant(grant_id(token), Kind.SIGN_IN, ends), {"name": name})
    return token


def signed_in(app: FastAPI, store: Store) -> TestClient:
    """Return a client that an owner signed in with."""
    client = TestClient(app, base_url="http://gallery.test", headers=HTML)
    response = client.post(f"/signin/{sign_in_token(store)}", follow_redirects=False)
    assert response.status_code == 303
    return client


def make_album(client: TestClient, slug: str, **fields: str) -> None:
    """Make an album by the owner's form."""
    filled = {"title": slug.title(), "slug": slug, "see": "link", "upload": "link"} | fields
    response = client.post("/owner/albums", data=filled, follow_redirects=False)
    assert response.status_code == 303, response.text


def guest(app: FastAPI, store: Store, album: str, *rights: Right) -> TestClient:
    """Return a client that follows a link to an album."""
    token = new_token()
    ends = datetime.now(UTC) + timedelta(days=1)
    grant = Grant(grant_id(token), Kind.LINK, ends, album, frozenset(rights))
    store.grants.put(grant, {"label": "Guests", "token": token})
    client = TestClient(app, base_url="http://gallery.test")
    assert client.get(f"/l/{token}", headers=HTML).status_code == 200
    return client


def edit(client: TestClient, store: Store, slug: str, **fields: str) -> None:
    """Change an album by its settings' form."""
    album = store.albums.get(slug) or Album(slug=slug)
    filled = {
        "version": album.version,
        "title": album.title,
        "see": album.see.value,
        "upload": album.upload.value,
        "listed": "1" if album.listed else "",
        "downloads": "1" if album.downloads else "",
    }
    response = client.post(f"/albums/{slug}/settings", data=filled | fields, follow_redirects=False)
    assert response.status_code == 303, response.text
