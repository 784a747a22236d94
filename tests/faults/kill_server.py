"""Runs the resize function in processes that end hard at a chosen call to S3.

One JSON object a line on standard input: settings of the buckets, the event, and where to end
(`call` counts from 1; `phase` is before or after; without `call` nothing happens). One JSON object a
line on standard output: how the process ended and how many calls it made. Each run is a fork of this
process, which has imported everything and made no client yet.
"""

import json
import os
import signal
import sys
import threading
import time
from typing import Any

import boto3

from services.core.settings import Settings
from services.imaging import make_variants
from services.resize.handler import handle
from services.store import Store
from tests.pictures import jpeg


class End:
    """Ends the process before or after the n-th call to S3, as a power cut would."""

    def __init__(self, order: dict[str, Any], calls: int) -> None:
        self._order = order
        self._calls = calls
        self._made = {"before": 0, "after": 0}  # several at once: counted apart
        self._lock = threading.Lock()

    def before(self, **_: Any) -> None:
        """Count a call that is about to be made."""
        with self._lock:
            os.write(self._calls, b".")
            self._end_at("before")

    def after(self, **_: Any) -> None:
        """Look whether the call that was just answered is the one."""
        with self._lock:
            self._end_at("after")

    def _end_at(self, phase: str) -> None:
        self._made[phase] += 1
        if (self._order.get("call"), self._order.get("phase")) == (self._made[phase], phase):
            os.kill(os.getpid(), signal.SIGKILL)


def run(order: dict[str, Any], calls: int) -> None:
    """Do the event in this process."""
    settings = Settings(**order["settings"])
    access_key_id, secret = order["credentials"]
    session = boto3.Session(access_key_id, secret, region_name=settings.region)
    store = Store.connect(settings, session)
    end = End(order, calls)
    events = store.uploads._s3.meta.events
    events.register("before-call.s3", end.before)
    events.register("after-call.s3", end.after)
    handle(order["event"], store, settings, deadline=time.monotonic() + 60)


def fork(order: dict[str, Any]) -> dict[str, Any]:
    """Do the event in a process of its own and tell how that ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            run(order, writing)
        except BaseException as error:  # noqa: BLE001 whatever it is, the parent is told
            print(repr(error), file=sys.stderr, flush=True)  # noqa: T201 shown where a test fails
            os._exit(1)
        os._exit(0)
    os.close(writing)
    made = b""
    while chunk := os.read(reading, 4096):
        made += chunk
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    return {"status": os.waitstatus_to_exitcode(status), "calls": len(made)}


if __name__ == "__main__":
    # Forks share one decoding process, which says once that it is ready.
    limits = Settings(upload_bucket="uploads", gallery_bucket="gallery")
    in_a_minute = time.monotonic() + 60
    make_variants(jpeg(8, 8), sizes=(8,), formats=("jpeg",), limits=limits, deadline=in_a_minute)
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line))), flush=True)  # noqa: T201 the protocol
