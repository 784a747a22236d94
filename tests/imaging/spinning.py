"""Stand-ins for decoders that go wrong in C, called by name in a child process."""

import ctypes
import os
import re
import sys


def act(deed: str) -> str:
    """Do what `deed` says; return where it was done if that ends."""
    if deed == "spin":  # in C, holding the interpreter's lock: no Python code runs any more
        re.match(r"(a+)+$", "a" * 64 + "b")
    if deed == "crash":
        ctypes.string_at(0)
    if deed == "eat":
        return str(len(bytearray(64 << 30)))
    if deed == "print":
        print("a library's chatter", flush=True)  # noqa: T201 - what is tested
    if deed == "fail":
        raise ArithmeticError("a fault of ours")
    if deed == "exit":
        sys.stdout.flush()
        os._exit(3)
    return str(os.getpid())
