"""Uploads as a program makes them: a presigned POST from the API, then the bytes to S3."""

from typing import Any

import httpx
import httpx2
from starlette.testclient import TestClient

JPEG = {"filename": "beach.jpg", "type": "image/jpeg", "size": 1000}


def begin(client: TestClient, **changed: Any) -> httpx2.Response:
    """Ask for a presigned POST."""
    return client.post("/api/uploads", json=JPEG | changed)


def upload(client: TestClient, data: bytes, filename: str = "beach.jpg") -> dict[str, Any]:
    """Upload to S3 and return what the API said before."""
    begun: dict[str, Any] = begin(client, filename=filename, size=len(data)).json()
    post = begun["upload"]
    sent = httpx.post(post["url"], data=post["fields"], files={"file": ("x", data)})
    assert sent.status_code == 201
    return begun
