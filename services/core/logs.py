"""Structured logs: one JSON object a line, on standard error, as CloudWatch reads them."""

import logging
import re

from pythonjsonlogger.json import JsonFormatter

_TOKEN_IN_PATH = re.compile(r"(/(?:l|signin|feeds)/)[^/?\s\"]+")


def _without_tokens(record: logging.LogRecord) -> bool:
    """Take the tokens of links out of what servers log of each request's path."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            _TOKEN_IN_PATH.sub(r"\1…", arg) if isinstance(arg, str) else arg for arg in record.args
        )
    return True


def log_as_json(level: str) -> None:
    """Make the root logger write JSON lines with time, level, logger and whatever `extra` holds."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message"],
            timestamp="time",
            rename_fields={
                "levelname": "level",
                "name": "logger",
                # The formatter leaves out of `extra` what begins with an underscore.
                "embedded_metrics": "_aws",
            },
        )
    )
    root = logging.getLogger()
    # Lambda's runtime installs a handler of its own; each line would be written twice.
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for server in ("uvicorn.access", "mangum.http"):
        logging.getLogger(server).addFilter(_without_tokens)
