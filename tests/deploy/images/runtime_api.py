"""The Runtime API: what the runtime in one execution environment fetches its invocations from.

Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "/2018-06-01/runtime"
LARGEST_ANSWER = 6 * 1024 * 1024 + 100  # bytes that a synchronous invocation may answer


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the runtime is asked to do; the deadline is in milliseconds since 1970."""

    id: str
    event: bytes
    deadline_ms: int
    arn: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the runtime posted: kind is "response" or "error"."""

    id: str
    kind: str
    body: bytes


class RuntimeApi(ThreadingHTTPServer):
    """Serves one runtime on a port of its own, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.waiting: queue.Queue[Invocation | None] = queue.Queue()
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.ready = threading.Event()
        self.current: Invocation | None = None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Let the runtime's call for its next invocation end, and stop listening."""
        self.waiting.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm on, each call waits 40 ms for an acknowledgement, twice.
    disable_nagle_algorithm = True
    server: RuntimeApi

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            self._answer(404)
            return
        self.server.ready.set()
        invocation = self.server.waiting.get()
        if invocation is None:
            self.close_connection = True
            return
        self.server.current = invocation
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
                "Lambda-Runtime-Trace-Id": "Root=1-0-0;Parent=0;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == f"{VERSION}/init/error":
            self.server.outcomes.put(Outcome("", "error", body))
            self.server.ready.set()
            self._answer(202, b'{"status":"OK"}')
            return
        *path, id_, kind = self.path.split("/")
        current = self.server.current
        if "/".join(path) != f"{VERSION}/invocation" or kind not in {"response", "error"}:
            self._answer(404)
        elif current is None or id_ != current.id:
            self._answer(400, b'{"errorType":"InvalidRequestID"}')
        elif len(body) > LARGEST_ANSWER:
            self._answer(413, b'{"errorType":"RequestEntityTooLarge"}')
        else:
            self._answer(202, b'{"status":"OK"}')
            self.server.outcomes.put(Outcome(id_, kind, body))

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        # The runtime's client reads the type's address unasked: without one it crashes.
        always = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in (always | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        pass
