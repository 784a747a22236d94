"""Stand-ins for decoders that go wrong, called by name in a child process."""

import contextlib
import ctypes
import importlib
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Message = tuple[dict[str, Any], list[bytes]]

_PTRACE_ATTACH = 16

_kept: list[bytearray] = []


def act(message: Message) -> Message:
    """Do what the message's "deed" says; answer where it was done if that ends."""
    deed = message[0]["deed"]
    if deed == "spin":  # in C, holding the interpreter's lock: no Python code runs any more
        re.match(r"(a+)+$", "a" * 64 + "b")
    if deed == "wait":  # for a processor that others have
        time.sleep(600)
    if deed == "short":  # of memory: the system gives less than the bound
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = 4096 * pages + (64 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        bytearray(256 << 20)
    if deed == "crash":
        ctypes.string_at(0)
    if deed == "eat":
        bytearray(64 << 30)
    if deed == "share":
        import mmap

        mmap.mmap(-1, 2 << 30, flags=mmap.MAP_SHARED)
    if deed == "hold":  # what is freed lies below what is not, so the C library keeps it by itself
        large = [bytearray(1 << 20) for _ in range(500)]
        _kept.append(bytearray(1 << 20))
        del large
    if deed == "print":
        print("a library's chatter", flush=True)  # noqa: T201 - what is tested
    if deed == "fail":
        raise ArithmeticError("a decoder's bug")
    if deed == "full":
        raise OSError(28, "No space left on device")
    if deed == "exit":
        sys.stdout.flush()
        os._exit(3)
    if deed == "nonsense":
        for pipe in range(3, 32):
            with contextlib.suppress(OSError):
                os.write(pipe, b"\xff" * 64)
    statm = Path("/proc/self/statm")
    resident = 4096 * int(statm.read_text().split()[1]) if statm.exists() else 0
    return {"pid": os.getpid(), "environment": dict(os.environ), "resident": resident}, []


def attack(message: Message) -> Message:
    """Try what a decoder that was taken over would try; answer what went through."""
    import resource
    import socket

    parent = os.getppid()
    tries: dict[str, Callable[[], Any]] = {
        "connect": lambda: socket.create_connection(("127.0.0.1", message[0]["port"])),
        "program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - what is tested
        "process": os.fork,
        "signal": lambda: os.kill(parent, 0),
        "signal to a thread": lambda: _call("tgkill", parent, parent, 0),
        "limit": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "memory": lambda: _call("ptrace", _PTRACE_ATTACH, parent, 0, 0),
    }
    went = []
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError:
            continue
        went.append(name)
    return {"went": went, "status": Path("/proc/self/status").read_text()}, []


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def fault(message: Message) -> Message:
    """Make variants with one step of the pipeline replaced by one that raises."""
    from services.imaging import job, pipeline

    name, position, arguments = message[0]["class"], message[0]["step"], message[0]["arguments"]
    module, _, class_name = name.rpartition(".")
    raised = getattr(importlib.import_module(module), class_name)

    def failing(_work: Any) -> None:
        raise raised(*arguments)

    steps = [*pipeline.STEPS, *pipeline.FRAME_STEPS]
    kept = [*steps[:position], failing, *steps[position + 1 :]]
    pipeline.STEPS = tuple(kept[: len(pipeline.STEPS)])
    pipeline.FRAME_STEPS = tuple(kept[len(pipeline.STEPS) :])
    return job.run(message)


def with_little(message: Message) -> Message:
    """Make variants in a process that may have only so many more bytes, "bytes", than it has."""
    import resource

    from services.imaging import job

    pages = int(Path("/proc/self/statm").read_text().split()[5])
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (4096 * pages + message[0]["bytes"], most))
    try:
        return job.run(message)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
