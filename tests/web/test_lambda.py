"""The same application under Mangum and under uvicorn."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from mangum import Mangum
from snapshot_restore_py import get_after_restore, get_before_snapshot

from services.core.keys import new_photo_id, uploaded_at
from services.store import Store
from tests.conftest import free_port
from tests.events import http_api
from tests.photos import photo_ids, publish


class Context:
    """Lambda's context; the application asks nothing of it."""

    aws_request_id = "1"


@pytest.fixture
def uvicorn_url(app: FastAPI) -> Iterator[str]:
    """The application under uvicorn, over real HTTP."""
    port = free_port()
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def response_of(handler: Any, event: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Call the Lambda handler and return status, headers and body."""
    result = handler(event, Context())
    headers = result.get("headers") or {}
    headers |= {name: values[0] for name, values in (result.get("multiValueHeaders") or {}).items()}
    body = result["body"]
    data = base64.b64decode(body) if result["isBase64Encoded"] else body.encode()
    return result["statusCode"], {k.lower(): v for k, v in headers.items()}, data


REQUESTS: list[tuple[str, str, dict[str, str], bytes | None]] = [
    ("GET", "/healthz", {}, None),
    ("GET", "/readyz", {}, None),
    ("GET", "/api/photos", {"limit": "2"}, None),
    ("GET", "/api/photos", {"limit": "none"}, None),
    ("GET", "/api/photos", {"ids": "a,b"}, None),
    ("GET", "/api/photos/nobody", {}, None),
    ("GET", "/nowhere", {}, None),
    ("GET", "/api/openapi.json", {}, None),
    ("POST", "/api/uploads", {}, b'{"filename": "a.mp4", "type": "video/mp4", "size": 1}'),
    ("POST", "/api/uploads", {}, b"not json"),
    ("DELETE", "/api/photos/nobody", {}, None),
]


@pytest.mark.parametrize(("method", "path", "query", "body"), REQUESTS)
def test_lambda_answers_as_uvicorn_does(
    app: FastAPI,
    store: Store,
    uvicorn_url: str,
    method: str,
    path: str,
    query: dict[str, str],
    body: bytes | None,
) -> None:
    """Status, headers and body are the same behind API Gateway."""
    publish(store, *photo_ids(3))
    direct = httpx.request(
        method,
        uvicorn_url + path,
        params=query,
        content=body,
        # Compression is the business of both alike; bare bodies compare.
        headers={
            "host": "gallery.test",
            "content-type": "application/json",
            "accept-encoding": "identity",
        },
    )
    status, headers, data = response_of(
        Mangum(app, lifespan="off"), http_api(method, path, query, body)
    )
    expected = {k: v for k, v in direct.headers.items() if k not in ("date", "server")}
    assert status == direct.status_code
    assert data == direct.content
    assert {k: v for k, v in headers.items() if k in expected} == expected


def test_an_upload_begins_on_lambda(app: FastAPI) -> None:
    """A body, however it is encoded, arrives."""
    body = b'{"filename": "a.jpg", "type": "image/jpeg", "size": 10}'
    status, headers, data = response_of(
        Mangum(app, lifespan="off"), http_api("POST", "/api/uploads", {}, body)
    )
    assert status == 201
    begun = json.loads(data)
    assert headers["location"] == f"/photos/{begun['id']}"
    assert uploaded_at(begun["id"]) > uploaded_at(new_photo_id(uploaded_at("7" + "Z" * 25)))


def test_the_shipped_handler_answers() -> None:
    """`services.web.handler.handler` is what the image runs."""
    from services.web.handler import handler

    status, _, data = response_of(handler, http_api("GET", "/healthz"))
    assert (status, data) == (200, b'{"status":"ok"}')


def test_copies_of_a_snapshot_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Lambda calls at each start from it mixes other bytes into OpenSSL; then pages are served.

    OpenSSL shows nothing of its state, and no two processes here have the same.
    """
    from services.web.handler import handler

    mixed: list[bytes] = []
    monkeypatch.setattr(ssl, "RAND_add", lambda data, entropy: mixed.append(data[: int(entropy)]))
    assert get_before_snapshot() == []
    for _ in range(2):
        for function, arguments, options in get_after_restore():
            function(*arguments, **options)
    assert [len(data) for data in mixed] == [48, 48]
    assert mixed[0] != mixed[1]
    assert response_of(handler, http_api("GET", "/healthz"))[0] == 200
