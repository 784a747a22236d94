"""Uploads as a program makes them, and what their events trigger."""

from typing import Any

import httpx
import httpx2
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.publish import Outcome, process
from services.store import Store
from tests.events import soon

JPEG = {"filename": "beach.jpg", "type": "image/jpeg", "size": 1000}


def begin(client: TestClient, album: str = "main", **changed: Any) -> httpx2.Response:
    """Ask for a presigned POST."""
    path = "/api/uploads" if album == "main" else f"/api/albums/{album}/uploads"
    return client.post(path, json=JPEG | changed)


def upload(client: TestClient, data: bytes, album: str = "main", **changed: Any) -> dict[str, Any]:
    """Upload to S3 and return what the API said before."""
    begun: dict[str, Any] = begin(client, album, size=len(data), **changed).json()
    post = begun["upload"]
    sent = httpx.post(post["url"], data=post["fields"], files={"file": ("x", data)})
    assert sent.status_code == 201, sent.text
    return begun


class Resize:
    """The resize function, called by hand."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def __call__(self, photo_id: str, album: str = "main") -> Outcome:
        """Do what the upload's event triggers, and return how it ended."""
        event = UploadEvent(self._settings.upload_bucket, f"uploads/{album}/{photo_id}")
        return process(event, self._store, self._settings, deadline=soon()).outcome
