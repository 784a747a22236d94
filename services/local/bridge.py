"""Turns SeaweedFS's webhook into S3's event notification, for whoever takes events."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote_plus

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
        allowed = secrets.compare_digest(given, f"Bearer {self.server.token}") and length <= LARGEST
        if allowed and (event := s3_event(json.loads(self.rfile.read(length)))):
            self.server.enqueue(event)
        self.close_connection = not allowed
        self.send_response(204 if allowed else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


class Bridge(ThreadingHTTPServer):
    """Calls `enqueue` with each event that comes with its token; a `with` block, on loopback."""

    daemon_threads = True

    def __init__(self, enqueue: Callable[[dict[str, Any]], object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = secrets.token_urlsafe()
        self.enqueue = enqueue
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def settings(self, path: str) -> dict[str, str]:
        """Return SeaweedFS's settings by which it tells of what is created below a filer's path."""
        wanted = {
            "ENABLED": "true",
            "ENDPOINT": f"http://127.0.0.1:{self.server_address[1]}/",
            "BEARER_TOKEN": self.token,
            "EVENT_TYPES": "create",
            "PATH_PREFIXES": path,
            "MAX_RETRIES": "10",
            "BACKOFF_SECONDS": "1",
        }
        return {f"WEED_NOTIFICATION_WEBHOOK_{name}": value for name, value in wanted.items()}

    def server_close(self) -> None:
        """Stop it."""
        self.shutdown()
        super().server_close()
