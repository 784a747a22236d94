"""A proxy in front of the S3 that fails as it is told to: by operation, kind and count."""

import http.client
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.loopback import LoopbackServer

Kind = Literal["slow_down", "error_after", "reset", "truncate", "hang", "trickle"]

SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
INTERNAL = b"<Error><Code>InternalError</Code><Message>We encountered an error.</Message></Error>"


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` requests of a method whose path contains `path`."""

    kind: Kind
    method: str
    path: str = ""
    times: int = 1
    met: int = field(default=0, init=False)


class FaultyS3Handler(BaseHTTPRequestHandler):
    """Hands requests on, answers back, but for the faults."""

    protocol_version = "HTTP/1.1"
    server: "FaultyS3"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.next_fault(self.command, self.path)
        kind = fault.kind if fault else None
        if kind == "slow_down":
            return self._answer(503, [("Content-Type", "application/xml")], SLOW_DOWN)
        if kind == "hang":
            self.server.stopping.wait(self.server.hang_seconds)
            return self._drop()
        status, headers, answer = self._forward(body)
        if kind == "error_after":
            return self._answer(500, [("Content-Type", "application/xml")], INTERNAL)
        if kind in ("reset", "truncate"):
            return self._cut(status, headers, answer, hard=kind == "reset")
        self._answer(status, headers, answer, slowly=kind == "trickle")
        return None

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 http.server's names

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name != "Expect"}
        upstream.request(self.command, self.path, body, headers)
        response = upstream.getresponse()
        answer = response.read()
        upstream.close()
        hop = ("connection", "transfer-encoding", "content-length", "date", "server")
        kept = [(k, v) for k, v in response.getheaders() if k.lower() not in hop]
        if self.command == "HEAD":
            kept.append(("Content-Length", response.getheader("Content-Length", "0")))
        return response.status, kept, answer

    def _start(self, status: int, headers: list[tuple[str, str]], length: int) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, slowly: bool = False
    ) -> None:
        self._start(status, headers, len(body))
        if self.command == "HEAD":
            return
        step = max(1, len(body) // 20) if slowly else len(body) or 1
        for at in range(0, len(body), step):
            self.wfile.write(body[at : at + step])
            self.wfile.flush()
            if slowly:
                time.sleep(0.02)

    def _cut(self, status: int, headers: list[tuple[str, str]], body: bytes, *, hard: bool) -> None:
        self._start(status, headers, max(len(body), 10))
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if hard:  # RST instead of FIN
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()


class FaultyS3(LoopbackServer):
    """The proxy; `faults` may be changed at any time."""

    def __init__(self, upstream_url: str, *, hang_seconds: float = 5) -> None:
        super().__init__(FaultyS3Handler)
        self.upstream = urlsplit(upstream_url).netloc
        self.hang_seconds = hang_seconds
        self.faults: list[Fault] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this request, if anything."""
        with self._lock:
            for fault in self.faults:
                if fault.met < fault.times and fault.method == method and fault.path in path:
                    fault.met += 1
                    return fault
        return None

    def handle_error(self, *_: Any) -> None:
        """A client that went away is what the tests are about."""

    def __exit__(self, *_: object) -> None:
        """Stop it, and whatever hangs."""
        self.stopping.set()
        super().__exit__()
