"""Does what Lambda does: takes events off the queue and calls the handler, again where it raises.

`python -m services.local.worker NAME`; without a name, where the S3 sends no notifications to the
queue, it sweeps each second.
"""

import sys
import time

from services.core.settings import load_local_settings
from services.local.queue import SCHEDULE, Queue

TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.02


class Context:
    """As much of Lambda's context object as the handler asks for."""

    def __init__(self) -> None:
        self._end = time.monotonic() + TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def main(name: str | None) -> None:
    """Work until the process is ended."""
    # The handler's module makes its clients when it is imported, as on Lambda.
    from services.resize.handler import handler, logger

    queue = Queue(load_local_settings().data_dir, name) if name else None
    if queue:
        queue.give_back()
        while True:
            if not queue.take_one(lambda event: handler(event, Context())):
                time.sleep(POLL_SECONDS)
    while True:
        try:
            handler(SCHEDULE, Context())
        except Exception as error:  # noqa: BLE001 the next sweep may find the storage well again
            logger.warning("sweep not done", extra={"error": str(error)})
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
