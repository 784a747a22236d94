"""How much memory the decoding process may have, and giving back what a large picture took."""

import ctypes
import mmap
import resource
from pathlib import Path

MEMORY_BOUND = 1536 << 20
"""Bytes of data a child may hold; the function's memory has room for its parent beside it."""

_WORTH_KEEPING = 256 << 20  # bytes: what the next picture need not ask the system for again
_PAGE = 4096
_STATUS = Path("/proc/self/statm")


def is_there() -> bool:
    """Tell whether the system has all the memory that this process may have; Linux.

    Where it does not, a picture that got none may not be to blame.
    """
    if not _STATUS.exists():
        return True
    used = int(_STATUS.read_bytes().split()[5]) * _PAGE
    left = resource.getrlimit(resource.RLIMIT_DATA)[0] - used
    try:
        mmap.mmap(-1, max(left, _PAGE), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    return True


def give_back() -> None:
    """Return freed memory to the system where a large picture left much of it; Linux."""
    if not _STATUS.exists():
        return
    resident = int(_STATUS.read_bytes().split()[1]) * _PAGE
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None and resident > _WORTH_KEEPING:
        trim(0)
