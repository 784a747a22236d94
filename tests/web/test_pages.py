"""The pages as the server sends them: what a browser's tests do not reach."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.store import Store
from services.web import assets
from services.web.app import create_app
from tests import pictures
from tests.web.uploading import upload

HTML = {"accept": "text/html"}


def test_without_a_build_one_sentence_says_what_to_run(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No page, no trace: the command to run."""
    monkeypatch.setattr(assets, "DIST", tmp_path)
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 503
    assert answer.text == (
        "The page's scripts and styles are not built yet: run `make build` "
        "(npm ci && npm run build) and reload.\n"
    )


def test_storage_that_does_not_answer_has_a_page(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 in the site's own look, in the reader's language, and without a trace."""
    client = TestClient(create_app(settings, store))
    monkeypatch.setattr(store.gallery, "name", "no-such-bucket")
    answer = client.get("/", headers={**HTML, "accept-language": "zh"})
    assert answer.status_code == 503
    assert "存储没有响应" in answer.text
    assert answer.headers["content-language"] == "zh-CN"
    assert "no-such-bucket" not in answer.text


def test_a_fault_of_our_own_has_a_page(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 in the site's own look; the trace goes to the logs only."""

    def broken(*_: object) -> None:
        raise RuntimeError("the trace")

    client = TestClient(create_app(settings, store), raise_server_exceptions=False)
    monkeypatch.setattr(type(store.gallery), "page", broken)
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "the trace" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_waiting_page_refreshes_itself_without_scripts(client: TestClient) -> None:
    """While the picture is made ready the page asks the browser to come again."""
    photo_id = upload(client, pictures.jpeg())["id"]
    answer = client.get(f"/photos/{photo_id}", headers=HTML)
    assert answer.status_code == 200
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in answer.text
    assert "Processing" in answer.text
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
