"""The pages as the server sends them: what a browser's tests do not reach."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.store import Store
from services.web import assets
from services.web.app import create_app
from tests import pictures
from tests.photos import photo_ids, publish
from tests.web.uploading import upload

HTML = {"accept": "text/html"}


def test_without_a_build_one_sentence_says_what_to_run(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No page, no trace: the command to run."""
    monkeypatch.setattr(assets, "DIST", tmp_path)
    response = client.get("/", headers=HTML)
    assert response.status_code == 503
    assert response.text == (
        "The page's scripts and styles are not built yet: run `make build` "
        "(npm ci && npm run build) and reload.\n"
    )


def test_storage_that_does_not_answer_has_a_page(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 in the site's own look, in the reader's language, and without a trace."""
    client = TestClient(create_app(settings, store))
    monkeypatch.setattr(store.gallery, "name", "no-such-bucket")
    response = client.get("/", headers={**HTML, "accept-language": "zh"})
    assert response.status_code == 503
    assert "存储没有响应" in response.text
    assert response.headers["content-language"] == "zh-CN"
    assert "no-such-bucket" not in response.text


def test_a_fault_of_our_own_has_a_page(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 in the site's own look; the trace goes to the logs only."""

    def broken(*_: object) -> None:
        raise RuntimeError("the trace")

    client = TestClient(create_app(settings, store), raise_server_exceptions=False)
    monkeypatch.setattr(type(store.pages), "page", broken)
    response = client.get("/", headers=HTML)
    assert response.status_code == 500
    assert "Something went wrong" in response.text
    assert "the trace" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_waiting_page_refreshes_itself_without_scripts(client: TestClient) -> None:
    """While the picture is made ready the page asks the browser to come again."""
    photo_id = upload(client, pictures.jpeg())["id"]
    response = client.get(f"/photos/{photo_id}", headers=HTML)
    assert response.status_code == 200
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in response.text
    assert "Processing" in response.text
    assert client.get(f"/downloads/{photo_id}", headers=HTML).status_code == 404


def test_photo_page_leads_to_picture_and_download(
    client: TestClient, resize: Callable[[str], None]
) -> None:
    """The lasting paths redirect to addresses that end; another extension is not there."""
    photo_id = upload(client, pictures.jpeg())["id"]
    resize(photo_id)
    assert client.get(f"/photos/{photo_id}", headers=HTML).status_code == 200
    picture = client.get(f"/images/{photo_id}.jpg", follow_redirects=False)
    assert picture.status_code == 302
    assert f"/photos/main/{photo_id}/" in picture.headers["location"]
    assert picture.headers["cache-control"] == "public, max-age=60"
    assert client.get(f"/images/{photo_id}.png", headers=HTML).status_code == 404
    saved = client.get(f"/downloads/{photo_id}", follow_redirects=False)
    assert saved.status_code == 302
    assert "response-content-disposition=attachment" in saved.headers["location"]


def shown(page: str) -> list[str]:
    """Return the ids of the tiles on a page."""
    return re.findall(r'data-id="(7[0-9A-Z]{25})"', page)


def test_a_place_in_the_gallery_has_photos_above_it(settings: Settings, store: Store) -> None:
    """`at` begins with a page of newer photos; above the first of those leads another link."""
    client = TestClient(create_app(replace(settings, page_size=3), store))
    publish(store, *(ids := photo_ids(9)))
    response = client.get("/", params={"at": ids[5]})
    assert shown(response.text) == ids[2:8]
    assert f'rel="prev" href="/?at={ids[2]}#{ids[2]}"' in response.text
    assert f'rel="next" href="/?after={ids[7]}"' in response.text
    assert "data-newest" not in response.text
    near_head = client.get("/", params={"at": ids[2]})
    assert shown(near_head.text) == ids[:5]
    assert 'rel="prev"' not in near_head.text
    assert "data-newest" in near_head.text
    assert client.get("/", params={"at": "nonsense"}).status_code == 404


def test_a_place_outlives_its_photo(settings: Settings, store: Store) -> None:
    """A link to the place of a photo that was deleted leads to its neighbours."""
    client = TestClient(create_app(replace(settings, page_size=2), store))
    publish(store, *(ids := photo_ids(5)))
    store.gallery.remove("main", ids[2])
    assert shown(client.get("/", params={"at": ids[2]}).text) == [*ids[:2], *ids[3:]]


def test_tiles_alone(client: TestClient, store: Store) -> None:
    """`only` brings the tiles of published photos, newest first, and no page around them."""
    publish(store, *(ids := photo_ids(4)))
    wanted = ",".join([ids[3], "7" + "Z" * 25, "nonsense", ids[1]])
    response = client.get("/", params={"only": wanted})
    assert shown(response.text) == [ids[1], ids[3]]
    assert "<html" not in response.text
    assert response.text.count("<img") == response.text.count('loading="lazy"') == 2


@pytest.mark.parametrize("path", ["/", "/upload", "/healthz", "/api/photos", "/nowhere"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    """Link checkers and monitors ask by HEAD: same status and headers, not a byte of body."""
    got, headed = client.get(path, headers=HTML), client.head(path, headers=HTML)
    assert headed.status_code == got.status_code
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.content == b""


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, identity", None),
        ("*;q=0, identity;q=1", None),
        ("", None),
    ],
)
def test_gzip_only_for_those_who_take_it(
    client: TestClient, accepted: str, encoding: str | None
) -> None:
    """`q=0` means no (RFC 9110, 12.4.2)."""
    response = client.get("/", headers={**HTML, "accept-encoding": accepted})
    assert response.headers.get("content-encoding") == encoding
    assert "Contact Sheet" in response.text


def test_no_redirect_goes_to_the_requests_host(settings: Settings, store: Store) -> None:
    """A slash too many leads to the form on this site, whatever Host says."""
    client = TestClient(create_app(replace(settings, public_url="https://photos.test"), store))
    for path in ("/upload/", "/photos/", "/api/photos/"):
        headers = {**HTML, "host": "evil.example"}
        response = client.get(path, headers=headers, follow_redirects=False)
        assert response.headers.get("location") in (None, "/upload")
        assert "evil.example" not in response.text


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        *[(name, True) for name in ("localhost:8000", "127.0.0.1", "[::1]:8000", "192.168.1.7:80")],
        *[(name, True) for name in ("laptop", "laptop.local:8000", "nas.home.arpa")],
        *[(name, False) for name in ("evil.example", "localhost.evil.example", "evil.example:80")],
        *[(name, False) for name in ("", "a b", "local@evil.example", "evil.example/.local")],
    ],
)
def test_hosts_that_a_stranger_could_choose_are_refused(
    client: TestClient, host: str, trusted: bool
) -> None:
    """Without PUBLIC_URL links and the signed redirect of the form follow the Host header."""
    response = client.get("/upload", headers={**HTML, "host": host})
    assert response.status_code == (200 if trusted else 400)
    assert ("success_action_redirect" in response.text) == trusted


def test_a_page_fits_into_lambdas_answer(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the addresses are: fewer photos then, and the next page goes on behind them."""
    client = TestClient(create_app(replace(settings, page_size=1000), store))
    described: Any = {"size": (4000, 3000), "boxes": (400, 800, 1600), "formats": ("webp", "jpeg")}
    publish(store, *(ids := photo_ids(450)), **described)
    monkeypatch.setattr(
        store.gallery, "urls", lambda: lambda key: f"https://s3.test/{key}?token={'x' * 1800}"
    )
    seen: list[str] = []
    after = None
    while after or not seen:
        response = client.get(
            "/api/photos", params={"limit": 1000, **({"after": after} if after else {})}
        )
        assert len(response.content) < 5_000_000
        seen += [photo["id"] for photo in response.json()["photos"]]
        after = response.json()["next"]
    assert seen == ids
    page = client.get("/", headers=HTML)
    assert len(page.content) < 6_000_000
    assert f'rel="next" href="/?after={shown(page.text)[-1]}"' in page.text


def test_security_txt_says_whom_to_tell(settings: Settings, store: Store) -> None:
    """By RFC 9116, with a contact and an end; not there where the setting names nobody."""
    path = "/.well-known/security.txt"
    assert TestClient(create_app(settings, store)).get(path).status_code == 404
    named = replace(settings, security_contact="mailto:security@example.org")
    answer = TestClient(create_app(named, store)).get(path)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    contact, expires = answer.text.splitlines()
    assert contact == "Contact: mailto:security@example.org"
    ends = datetime.fromisoformat(expires.removeprefix("Expires: "))
    assert timedelta(days=29) < ends - datetime.now(UTC) < timedelta(days=31)
