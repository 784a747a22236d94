"""An album as an app of its own: its manifest, its icons, and what is shared to it."""

import io
from typing import Any

import pytest
from fastapi import FastAPI
from PIL import Image
from starlette.testclient import TestClient

from services.core.albums import Album, Who
from services.core.grants import Right
from services.store import Store
from tests.web.owner import HTML, guest

SEE, UPLOAD = Right.SEE, Right.UPLOAD
SHARE = "7b1f4c7e-0000-4000-8000-000000000001"  # as the service worker names what it received


def manifest_of(client: TestClient, base: str = "", **headers: str) -> dict[str, Any]:
    """Return the manifest that a page of the album names."""
    response = client.get(f"{base}/manifest.webmanifest", headers=headers)
    assert response.headers["content-type"] == "application/manifest+json"
    described: dict[str, Any] = response.json()
    return described


def test_each_album_is_an_app(app: FastAPI, client: TestClient, store: Store) -> None:
    """With a name, an identity, a start and a scope of its own; who may only add starts at the form."""
    store.albums.save(Album(slug="trip", title="Été 🏖", see=Who.LINK, upload=Who.LINK))
    main = manifest_of(client)
    assert (main["id"], main["start_url"], main["scope"]) == ("/", "/", "/")
    assert main["name"] == "Contact Sheet"
    assert manifest_of(client, **{"accept-language": "zh-CN"})["lang"] == "zh-CN"
    both = manifest_of(guest(app, store, "trip", SEE, UPLOAD), "/albums/trip")
    assert both["name"] == "Été 🏖"
    assert both["id"] == both["start_url"] == both["scope"] == "/albums/trip"
    adds = manifest_of(guest(app, store, "trip", UPLOAD), "/albums/trip")
    assert (adds["id"], adds["start_url"]) == ("/albums/trip", "/albums/trip/upload")


def test_pictures_can_be_shared_to_it_by_who_may_add(
    app: FastAPI, client: TestClient, store: Store
) -> None:
    """To the album's own path; who only looks has no such target."""
    store.albums.save(Album(slug="trip", see=Who.LINK, upload=Who.LINK))
    target = manifest_of(client)["share_target"]
    assert (target["action"], target["method"]) == ("/share", "POST")
    assert target["params"]["files"] == [{"name": "photos", "accept": ["image/*"]}]
    visitor = guest(app, store, "trip", SEE, UPLOAD)
    assert manifest_of(visitor, "/albums/trip")["share_target"]["action"] == "/albums/trip/share"
    assert "share_target" not in manifest_of(guest(app, store, "trip", SEE), "/albums/trip")


def test_the_icons_are_pictures_of_the_size_they_say(client: TestClient) -> None:
    """One of them with nothing transparent, so that systems may cut it to their shape."""
    icons = manifest_of(client)["icons"]
    found = {}
    for icon in icons:
        response = client.get(icon["src"])
        assert response.headers["content-type"] == "image/png"
        assert "immutable" in response.headers["cache-control"]
        image = Image.open(io.BytesIO(response.content))
        image.load()
        assert f"{image.width}x{image.height}" == icon["sizes"]
        found[icon["sizes"], icon["purpose"]] = image.getpixel((0, 0))
    assert found == {
        ("192x192", "any"): (0, 0, 0, 0),
        ("512x512", "any"): (0, 0, 0, 0),
        ("512x512", "maskable"): (22, 24, 28, 255),
    }


@pytest.mark.parametrize("path", ["/manifest.webmanifest", "/worker.js"])
def test_both_are_asked_for_anew(client: TestClient, path: str) -> None:
    """So that a deploy reaches whoever installed the gallery; unchanged, they are not sent again."""
    response = client.get(path)
    assert "no-cache" in response.headers["cache-control"]
    again = client.get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_without_a_worker_a_page_says_what_to_do(
    app: FastAPI, client: TestClient, store: Store
) -> None:
    """The pictures are not read; what the worker received leads to where they are sent from."""
    files = {"photos": ("a.jpg", b"x" * 200_000, "image/jpeg")}
    response = client.post("/share", files=files, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/share")
    page = client.get("/share", headers=HTML).text
    assert "The pictures did not get here yet" in page
    assert "data-choose" in page
    assert "could not be kept" in client.get("/share?failed", headers=HTML).text
    store.albums.save(Album(slug="trip", see=Who.LINK, upload=Who.LINK))
    for rights, leads in (([SEE, UPLOAD], ""), ([UPLOAD], "/upload")):
        visitor = guest(app, store, "trip", *rights)
        led = visitor.get(f"/albums/trip/share?received={SHARE}", follow_redirects=False)
        assert led.headers["location"] == f"/albums/trip{leads}#shared={SHARE}"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_posted_to_the_worker_is_named_to_no_page(
    client: TestClient, site: str
) -> None:
    """A form there can; what the share sheet begins is of no site, and what a page of ours does of ours."""
    path = f"/share?received={SHARE}"
    headers = HTML | {"sec-fetch-site": site}
    refused = client.get(path, headers=headers, follow_redirects=False)
    assert refused.status_code == 200
    assert SHARE not in refused.text
    for ours in ("none", "same-origin"):
        led = client.get(path, headers={"sec-fetch-site": ours}, follow_redirects=False)
        assert led.headers["location"] == f"/#shared={SHARE}"
    assert client.get("/share?received=//evil.test", follow_redirects=False).status_code == 200


def test_only_pages_of_an_album_that_may_be_seen_name_a_manifest(
    client: TestClient, store: Store
) -> None:
    """An error page has none."""
    store.albums.save(Album(slug="trip", see=Who.LINK))
    assert 'href="/manifest.webmanifest" crossorigin="use-credentials"' in client.get("/").text
    assert "webmanifest" not in client.get("/albums/trip", headers=HTML).text
