"""A cache in this process: what was read within the last half minute is not read again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

KEPT_SECONDS = 30.0
MAX_ENTRIES = 10_000

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Keeps what `read` returned for a key, None included, for at most KEPT_SECONDS."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        self._read = read
        self._entries: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()  # routes run in several threads

    def get(self, key: str) -> Value:
        """Return the value of a key, no older than KEPT_SECONDS."""
        # Not the monotonic clock: it stands still while Lambda has the process frozen.
        now = time.time()
        with self._lock:
            found = self._entries.get(key)
        if found and 0 <= now - found[0] < KEPT_SECONDS:
            return found[1]
        value = self._read(key)
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (now, value)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)
        return value

    def forget(self, key: str) -> None:
        """Read the value of a key anew the next time."""
        with self._lock:
            self._entries.pop(key, None)
