"""A Lambda that runs an image's root under bubblewrap, through the published Runtime API.

Source: AWS Lambda developer guide, "Using the Lambda runtime API".
"""

import json
import queue
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

VERSION = "/2018-06-01/runtime"
TMP_BYTES = 512 << 20  # what Lambda gives unless asked for more


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invocation came to: the handler's result, or the error it raised."""

    result: Any
    error: Any
    milliseconds: float


@dataclass(frozen=True, slots=True)
class _Invocation:
    id: str
    event: bytes
    deadline_ms: int


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm on, each call waits 40 ms for an acknowledgement, twice.
    disable_nagle_algorithm = True
    server: "_Server"

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            self._answer(404)
            return
        self.server.ready.set()
        invocation = self.server.waiting.get()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(
            200,
            invocation.event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:1:function:test",
                "Lambda-Runtime-Trace-Id": "Root=1-0-0;Parent=0;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self._answer(202, b'{"status":"OK"}')
        kind = self.path.rsplit("/", 1)[-1]
        if self.path == f"{VERSION}/init/error":
            self.server.ready.set()
        self.server.done.put((kind, json.loads(body or b"null")))

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.waiting: queue.Queue[_Invocation | None] = queue.Queue()
        self.done: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.ready = threading.Event()


class Lambda:
    """One execution environment: starts the image as Lambda would, and invokes it."""

    def __init__(
        self, root: Path, handler: str, env: Mapping[str, str], log: Path, *, timeout: float
    ) -> None:
        self._timeout = timeout
        self._server = _Server()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.log = log
        began = time.perf_counter()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                _command(root, handler, env, self._server.server_port),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert self._server.ready.wait(20), log.read_text()
        self.init_milliseconds = (time.perf_counter() - began) * 1000

    def __enter__(self) -> Self:
        """Return itself, started."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End the runtime and the API."""
        self.process.terminate()
        self.process.wait(10)
        self._server.waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: Any, *, seconds_left: float | None = None) -> Answer:
        """Return what the handler answers; `seconds_left` is what its context says it has."""
        left = self._timeout if seconds_left is None else seconds_left
        began = time.perf_counter()
        deadline_ms = int((time.time() + left) * 1000)
        self._server.waiting.put(
            _Invocation(str(uuid.uuid4()), json.dumps(event).encode(), deadline_ms)
        )
        kind, content = self._done()
        milliseconds = (time.perf_counter() - began) * 1000
        if kind == "response":
            return Answer(content, None, milliseconds)
        return Answer(None, content, milliseconds)

    def _done(self) -> tuple[str, Any]:
        end = time.monotonic() + self._timeout
        while True:
            try:
                return self._server.done.get(timeout=0.5)
            except queue.Empty:
                status = self.process.poll()
                assert status is None, f"the runtime ended: {status}\n{self.log.read_text()}"
                assert time.monotonic() < end, f"no answer in {self._timeout} s"

    def peak_memory(self) -> int:
        """Return the most memory that its processes held resident, each at its peak, in bytes."""
        return sum(_peak(pid) for pid in _descendants(self.process.pid))


def _command(root: Path, handler: str, env: Mapping[str, str], port: int) -> list[str]:
    variables = {
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/opt/python",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "/usr/bin",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "test",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_REGION": "us-east-1",
        **env,
    }
    bwrap = shutil.which("bwrap")
    assert bwrap, "bubblewrap is not installed"
    command = [
        bwrap, "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev",
        "--size", str(TMP_BYTES), "--tmpfs", "/tmp",  # noqa: S108 the sandbox's own
        "--unshare-all", "--share-net", "--die-with-parent", "--cap-drop", "ALL",
        "--uid", "993", "--gid", "990", "--clearenv", "--chdir", "/var/task",
    ]  # fmt: skip
    for name, value in variables.items():
        command += ["--setenv", name, value]
    return [*command, "/usr/bin/python3", "-m", "awslambdaric", handler]


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in _descendants(int(child)))]


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
