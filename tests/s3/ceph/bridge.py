"""From Ceph's notifications to the handler: an HTTP endpoint, a queue, and a worker.

Ceph sends S3's record format with the key as it is; S3, and so our handler, has it form-encoded.
"""

import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import quote_plus


class Endpoint(BaseHTTPRequestHandler):
    """Takes a notification and answers at once: Ceph waits for the answer within the PUT."""

    server: "Bridge"

    def do_POST(self) -> None:
        """Queue the notification."""
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(json.loads(json.dumps(event)))
        for record in event["Records"]:
            stored = record["s3"]["object"]
            stored["key"] = quote_plus(stored["key"])
        self.server.events.put(event)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Bridge(ThreadingHTTPServer):
    """Calls `handler` with every event; again, up to three times, where it raises."""

    daemon_threads = True

    def __init__(self, handler: Callable[[Any], Any]) -> None:
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.received: list[Any] = []
        self._handler = handler
        self._running = [
            threading.Thread(target=self.serve_forever, args=(0.05,)),
            threading.Thread(target=self._work),
        ]

    @property
    def url(self) -> str:
        """Where Ceph pushes to."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def _work(self) -> None:
        while (event := self.events.get()) is not None:
            for _ in range(3):
                try:
                    self._handler(event)
                    break
                except Exception as error:  # noqa: BLE001 as Lambda does, it is tried again
                    print(f"retrying: {error!r}")  # noqa: T201 shown where a test fails

    def __enter__(self) -> Self:
        """Start it."""
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, once what is queued is done."""
        self.events.put(None)
        self.shutdown()
        for thread in self._running:
            thread.join()
        self.server_close()
