"""Work that can be stopped: done in a process that stays for the next picture.

A decoder that runs away never returns to Python, so no signal handler, thread or timer in its own
process can turn it into a verdict; killing the Lambda's process would lose the verdict and bring
the event back. A child that decodes picture after picture costs one process start per Lambda and a
copy of the bytes per picture, and its end, by deadline, crash or memory bound, is told apart from
ours.
"""

import atexit
import contextlib
import importlib
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from services.core.reasons import Reason
from services.core.rejected import Rejected

MEMORY_BOUND = 1536 << 20
"""Bytes of data a child may hold; the function's memory has room for its parent beside it."""

FAIR_SECONDS = 10.0
"""A picture that had less time than this is worth another try, with a whole Lambda's time."""

_LENGTH = struct.Struct(">Q")
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}


class ChildError(Exception):
    """The child failed in a way that says nothing of the picture; worth a retry."""


class _DiedError(Exception):
    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class _Child:
    """One process that answers calls one after another."""

    def __init__(self, target: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module and a name of ours
            [sys.executable, "-m", __name__, target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )

    def call(self, arguments: tuple[Any, ...], deadline: float) -> Any:
        """Return what the target returns or raises; TimeoutError once the deadline has passed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ChildError("no pipes")
        try:
            seconds = deadline - time.monotonic()
            _send(stdin.fileno(), (seconds, arguments))
            (length,) = _LENGTH.unpack(_receive(stdout.fileno(), _LENGTH.size, deadline))
            answer = pickle.loads(_receive(stdout.fileno(), length, deadline))  # noqa: S301 - ours
        except (BrokenPipeError, EOFError):
            raise _DiedError(self._process.wait()) from None
        if isinstance(answer, RuntimeError):
            raise ChildError(str(answer))
        if isinstance(answer, Exception):
            raise answer
        return answer

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

    `target` is the function they call, as "module:name".
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._idle: list[_Child] = []  # append and pop are atomic
        atexit.register(self.close)

    def warm_up(self) -> None:
        """Have a child started."""
        self._idle.append(_Child(self._target))

    def close(self) -> None:
        """End the children that wait for work."""
        while self._idle:
            self._idle.pop().kill()

    def call(self, arguments: tuple[Any, ...], deadline: float) -> Any:
        """Return what the target returns for `arguments`, or raise what it raises.

        `deadline` is a moment of time.monotonic(). A child that passes it, or dies twice over the
        same arguments, is a verdict: Rejected. ChildError and TimeoutError are worth a retry.
        """
        seconds = deadline - time.monotonic()
        try:
            try:
                return self._once(arguments, deadline)
            except (_DiedError, MemoryError):
                # A fresh one has no past: what happens again comes from the picture.
                return self._once(arguments, deadline, fresh=True)
        except TimeoutError:
            if seconds < FAIR_SECONDS:
                raise
            raise Rejected(Reason.TIMEOUT, f"after {seconds:.1f} s") from None
        except MemoryError as error:
            detail = f"needs more than {MEMORY_BOUND >> 20} MiB"
            raise Rejected(Reason.TOO_MANY_PIXELS, detail) from error
        except _DiedError as death:
            if -death.returncode in _CRASHES:
                name = signal.Signals(-death.returncode).name
                raise Rejected(Reason.CORRUPT, f"ends its decoder with {name}") from death
            msg = f"the decoding process ended with {death.returncode}"
            raise ChildError(msg) from death

    def _once(self, arguments: tuple[Any, ...], deadline: float, *, fresh: bool = False) -> Any:
        try:
            child = _Child(self._target) if fresh else self._idle.pop()
        except IndexError:
            child = _Child(self._target)
        try:
            answer = child.call(arguments, deadline)
        except Rejected:
            self._idle.append(child)
            raise
        except BaseException:
            child.kill()
            raise
        self._idle.append(child)
        return answer


def _send(pipe: int, message: Any) -> None:
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    for part in (_LENGTH.pack(len(body)), body):
        view = memoryview(part)
        while view:
            view = view[os.write(pipe, view) :]


def _receive(pipe: int, length: int, deadline: float | None = None) -> bytearray:
    message = bytearray(length)
    view = memoryview(message)
    while view:
        if deadline is not None:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                raise TimeoutError("the decoding process passed its deadline")
        count = os.readv(pipe, [view])
        if not count:
            raise EOFError
        view = view[count:]
    return message


def _serve(target: str) -> None:
    """Answer calls from standard input on standard output until the input ends."""
    import faulthandler
    import resource

    # What a library prints must not get between the answers.
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BOUND, MEMORY_BOUND))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    while True:
        try:
            (length,) = _LENGTH.unpack(_receive(requests, _LENGTH.size))
        except EOFError:
            return
        seconds, arguments = pickle.loads(_receive(requests, length))  # noqa: S301 - from our parent
        # Should the parent be gone by the deadline: this one needs no interpreter to end us.
        faulthandler.dump_traceback_later(max(0.0, seconds) + 1, exit=True)
        try:
            answer = function(*arguments)
        except Rejected as rejected:
            answer = rejected
        except MemoryError as error:
            answer = MemoryError(str(error))
        except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
            import traceback

            answer = RuntimeError("".join(traceback.format_exception(error)))
        faulthandler.cancel_dump_traceback_later()
        _send(answers, answer)
        del answer, arguments


if __name__ == "__main__":
    _serve(sys.argv[1])
