"""Turns SeaweedFS's webhook into S3's event notification, for whoever takes events."""

import base64
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import quote_plus

Enqueue = Callable[[dict[str, Any]], object]

LARGEST = 1_000_000  # bytes of one message; thousands of chunks are far below


def s3_event(message: dict[str, Any]) -> dict[str, Any] | None:
    """Return S3's event of an object that the webhook tells of; None for all else.

    SeaweedFS keeps a version as `/buckets/<bucket>/<key>.versions/v_<version id>`, and what S3
    knows of it base64-encoded in `extended`. Source of the event: Amazon S3 user guide, "Event
    message structure", version 2.1.
    """
    entry = message.get("message", {}).get("new_entry", {})
    path, mark, _ = message["key"].rpartition(".versions/v_")
    if message["event_type"] != "create" or entry.get("is_directory"):
        return None
    extended = {k: base64.b64decode(v).decode() for k, v in entry.get("extended", {}).items()}
    if "Seaweed-X-Amz-Delete-Marker" in extended or "Seaweed-X-Amz-ETag" not in extended:
        return None
    bucket, _, key = (path if mark else message["key"]).removeprefix("/buckets/").partition("/")
    described = {
        "key": quote_plus(key, safe="/"),
        "size": int(entry.get("attributes", {}).get("file_size", 0)),
        "eTag": extended["Seaweed-X-Amz-ETag"].strip('"'),
    }
    if version := extended.get("Seaweed-X-Amz-Version-Id"):
        described["versionId"] = version
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": datetime.now(UTC).isoformat(),
                "eventName": "ObjectCreated:Put",
                # Who caused the event; here, what the web function wrote of where it was asked from.
                "userIdentity": {"principalId": extended.get("X-Amz-Meta-Source", "")},
                "s3": {"bucket": {"name": bucket}, "object": described},
            }
        ]
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Bridge"

    def do_POST(self) -> None:
        """Hand the event on, and say so only then: SeaweedFS asks again until it is told."""
        length = int(self.headers.get("Content-Length", 0))
        given = self.headers.get("Authorization", "")
        if not compare_digest(given, f"Bearer {self.server.token}") or length > LARGEST:
            self.close_connection = True
            return self._answer(403)
        event = s3_event(json.loads(self.rfile.read(length)))
        if event:
            self.server.enqueue(event)
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


class Bridge(ThreadingHTTPServer):
    """Listens on loopback for who has the token, and calls `enqueue` with each event."""

    daemon_threads = True

    def __init__(self, token: str, enqueue: Enqueue) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = token
        self.enqueue = enqueue
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def __enter__(self) -> Self:
        """Start it."""
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.shutdown()
        self.server_close()
