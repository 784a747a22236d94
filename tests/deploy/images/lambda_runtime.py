"""A Lambda that runs an image: one execution environment, started, invoked and ended as AWS does."""

import json
import queue
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.deploy.images.engine import Container, Function
from tests.deploy.images.runtime_api import Invocation, Outcome, RuntimeApi


@dataclass(frozen=True, slots=True)
class Answer:
    """What an invocation came to: the handler's result, or the error it raised."""

    result: Any
    error: Any
    milliseconds: float

    @classmethod
    def of(cls, body: bytes, *, failed: bool, milliseconds: float) -> Self:
        """Return the answer that these bytes are."""
        content = json.loads(body)
        return cls(None if failed else content, content if failed else None, milliseconds)


class Lambda:
    """A function that does one invocation after another; `timeout` may be changed between them.

    An environment that timed out or whose runtime ended is replaced with the next invocation.
    """

    def __init__(self, function: Function, log: Path, cpus: float | None = None) -> None:
        self.function = function
        self.cpus = cpus
        self.log = log
        self.timeout = function.timeout
        self._one_at_a_time = threading.Lock()
        log.write_bytes(b"")
        self._start()

    def __enter__(self) -> Self:
        """Return itself, started."""
        return self

    def __exit__(self, *failure: object) -> None:
        """End the environment."""
        self._end()

    def invoke(self, event: Any) -> Answer:
        """Return what the handler answers."""
        began = time.perf_counter()
        failed, body = self.invoke_bytes(json.dumps(event).encode())
        milliseconds = (time.perf_counter() - began) * 1000
        return Answer.of(body, failed=failed, milliseconds=milliseconds)

    def invoke_bytes(self, event: bytes) -> tuple[bool, bytes]:
        """Return whether the invocation failed, and its answer."""
        with self._one_at_a_time:
            if self.process.poll() is not None:
                self._end()
                self._start()
            id_ = str(uuid.uuid4())
            deadline_ms = int((time.time() + self.timeout) * 1000)
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{self.function.name}"
            self._api.waiting.put(Invocation(id_, event, deadline_ms, arn))
            outcome = self._outcome(id_)
            return outcome.kind == "error", outcome.body

    def peak_memory(self) -> int:
        """Return the most memory that its processes held, in bytes."""
        return self.container.peak_memory()

    def logged(self, message: str, seconds: float = 5) -> list[Any]:
        """Return the lines of JSON that say so, once there is one; every line must be JSON.

        An engine passes on what a function writes a moment later.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            whole = self.log.read_text().rpartition("\n")[0]
            lines = [json.loads(line) for line in whole.splitlines() if line.strip()]
            if found := [line for line in lines if line["message"] == message]:
                return found
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    def _start(self) -> None:
        self._api = RuntimeApi()
        self.container = Container(self.cpus)
        began = time.perf_counter()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.container.command(self.function, self._api.server_port),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        assert self._api.ready.wait(20), self.log.read_text()
        self.init_milliseconds = (time.perf_counter() - began) * 1000

    def _end(self) -> None:
        self.container.stop()
        self.process.wait(10)
        self._api.stop()

    def _outcome(self, id_: str) -> Outcome:
        end = time.monotonic() + self.timeout
        while True:
            try:
                return self._api.outcomes.get(timeout=min(0.2, max(0.0, end - time.monotonic())))
            except queue.Empty:
                if (status := self.process.poll()) is not None:
                    return _failure(id_, "Runtime.ExitError", f"Runtime exited with: {status}")
                if time.monotonic() > end:
                    self.container.stop()
                    self.process.wait(10)
                    said = f"Task timed out after {self.timeout:.2f} seconds"
                    return _failure(id_, "Sandbox.Timedout", said)


def _failure(id_: str, kind: str, said: str) -> Outcome:
    body = {"errorType": kind, "errorMessage": f"RequestId: {id_} Error: {said}"}
    return Outcome(id_, "error", json.dumps(body).encode())
