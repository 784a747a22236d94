"""Decoding that can be stopped: done in a process that stays for the next picture.

A decoder in an endless loop never returns to Python, so no signal handler, thread or timer in its own
process can turn it into a verdict; killing the Lambda's process would lose the verdict and bring
the event back. A child that decodes picture after picture costs one process start per Lambda and a
copy of the bytes per picture, and its end, by deadline, crash or memory bound, is told apart from
ours. It is also the sandbox of a decoder that was taken over: services.imaging.sandbox.
"""

import atexit
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging import wire
from services.imaging.environment import child_environment
from services.imaging.memory import MEMORY_BOUND
from services.imaging.sandbox import hide_from_children

logger = logging.getLogger(__name__)

FAIR_SECONDS = 10.0
"""A picture that had less time than this, or less of a processor, is worth another try."""

ATTEMPTS = 2
"""A failure becomes a verdict when a fresh process fails too: earlier pictures cannot be the cause."""

_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}


class ChildError(Exception):
    """The child failed in a way that says nothing of the picture; worth a retry."""


class CannotStartError(ChildError):
    """No decoding process starts here, or loads its decoder: it saw no byte of the picture."""


class _LateError(TimeoutError):
    """The deadline passed; `processor_seconds` is what the picture had of a processor."""

    def __init__(self, processor_seconds: float) -> None:
        super().__init__("the decoding process passed its deadline")
        self.processor_seconds = processor_seconds


class _FailedError(Exception):
    """One attempt failed; `verdict` is what to raise if the next one does."""

    def __init__(self, verdict: Exception) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


class _Child:
    """One process that answers messages one after another."""

    def __init__(self, target: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module and a name of ours
            [sys.executable, "-m", "services.imaging.decoder_process", target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env=child_environment(),
        )
        self._loaded: set[str | None] = set()

    def call(self, head: dict[str, Any], parts: list[bytes], deadline: float) -> wire.Message:
        """Return the response to a message; raises _LateError, _FailedError or Rejected."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ChildError("no pipes")
        seconds = deadline - time.monotonic()
        # Ends any wait on the pipes, in either direction.
        alarm = threading.Timer(max(0.0, seconds), self._process.kill)
        alarm.daemon = True
        alarm.start()
        before = _processor_seconds(self._process.pid)
        needs, loading = head.get("needs"), "its libraries"
        try:
            if None not in self._loaded:
                wire.receive(stdout)  # it says so once it has those that all pictures need
                self._loaded.add(None)
            if needs not in self._loaded:
                loading = str(needs)
                wire.send(stdin, {"load": needs})
                wire.receive(stdout)
                self._loaded.add(needs)
            loading = ""
            wire.send(stdin, head | {"seconds": seconds}, parts)
            response, files = wire.receive(stdout)
        except (OSError, EOFError, wire.MessageError) as error:
            used = _processor_seconds(self._process.pid) - before
            self._process.kill()  # waits for one that has ended
            code = self._process.wait()
            if loading:
                why = f"the decoding process ended before it had loaded {loading}"
                raise _FailedError(CannotStartError(why)) from error
            if time.monotonic() >= deadline:
                raise _LateError(used) from None
            raise _FailedError(_verdict_on_end(code, error)) from error
        finally:
            alarm.cancel()
        _raise_for(response)
        return response, files

    def kill(self) -> None:
        """End the process, whatever it does, and take its pipes away."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Children:
    """As many children as there are calls at a time, kept between calls; safe for threads.

    `target` is the function they call, as "module:name"; see services.imaging.decoder_process.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._idle: list[_Child] = []  # append and pop are atomic
        atexit.register(self.close)

    def warm_up(self) -> None:
        """Have a child started."""
        self._idle.append(self._new())

    def close(self) -> None:
        """End the children that wait for work."""
        while self._idle:
            self._idle.pop().kill()

    def call(self, head: dict[str, Any], parts: list[bytes], deadline: float) -> wire.Message:
        """Return the target's response to a message.

        `deadline` is a moment of time.monotonic(); the head's "needs" is a module that is loaded
        before the message is sent. Raises Rejected for what the target rejects, and for a picture
        with which it fails in whatever way ATTEMPTS times, or for which it passes the deadline;
        ChildError (CannotStartError where none starts at all, or loads that module) and
        TimeoutError where the surroundings are to blame, others on the same processor included.
        """
        seconds = deadline - time.monotonic()
        try:
            return self._attempts(head, parts, deadline)
        except _LateError as late:
            if min(seconds, late.processor_seconds) < FAIR_SECONDS:
                raise
            raise Rejected(Reason.TIMEOUT, f"after {seconds:.1f} s") from None

    def _attempts(self, head: dict[str, Any], parts: list[bytes], deadline: float) -> wire.Message:
        for attempt in range(ATTEMPTS):
            try:
                return self._once(head, parts, deadline, fresh=attempt > 0)
            except _FailedError as failure:
                logger.warning("decoding failed", extra={"attempt": attempt, "error": str(failure)})
                verdict = failure.verdict
        raise verdict

    def _once(
        self, head: dict[str, Any], parts: list[bytes], deadline: float, *, fresh: bool
    ) -> wire.Message:
        try:
            child = self._new() if fresh else self._idle.pop()
        except IndexError:
            child = self._new()
        try:
            response = child.call(head, parts, deadline)
        except Rejected:
            self._idle.append(child)
            raise
        except BaseException:
            child.kill()
            raise
        self._idle.append(child)
        return response

    def _new(self) -> _Child:
        hide_from_children()
        try:
            return _Child(self._target)
        except OSError as error:
            msg = f"no decoding process can be started: {error}"
            raise CannotStartError(msg) from error


def _processor_seconds(pid: int) -> float:
    """Return what a process has used of processors, also after its end until it is waited for.

    Where there is no /proc, the time that has passed. Source: proc_pid_stat(5), utime and stime.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _verdict_on_end(code: int, error: Exception) -> Exception:
    if isinstance(error, wire.MessageError):
        return Rejected(Reason.CORRUPT, f"makes its decoder answer nonsense: {error}")
    if -code in _CRASHES:
        return Rejected(Reason.CORRUPT, f"ends its decoder with {signal.Signals(-code).name}")
    return ChildError(f"the decoding process ended with {code}")


def _raise_for(response: dict[str, Any]) -> None:
    """Raise what a response other than a result means."""
    outcome = response.get("outcome")
    if outcome == "rejected":
        raise Rejected(Reason(response["reason"]), str(response["detail"]))
    if outcome == "memory":
        detail = f"needs more than {MEMORY_BOUND >> 20} MiB"
        raise _FailedError(Rejected(Reason.TOO_MUCH_MEMORY, detail))
    if outcome == "failed":
        logger.error("a decoder failed", extra={"traceback": response.get("traceback")})
        last = str(response.get("traceback")).strip().rpartition("\n")[2]
        raise _FailedError(Rejected(Reason.CORRUPT, last))
    if outcome == "surroundings":
        raise _FailedError(ChildError(str(response.get("traceback"))))
