"""What our loggers write, as Lambda gets it on standard error."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from services.core.logs import log_as_json


@contextmanager
def json_log(level: str = "INFO") -> Iterator[io.StringIO]:
    """Collect the lines that are logged meanwhile."""
    root = logging.getLogger()
    before, level_before = root.handlers[:], root.level
    log_as_json(level)
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream := io.StringIO())
    try:
        yield stream
    finally:
        root.handlers[:] = before
        root.setLevel(level_before)
