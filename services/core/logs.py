"""Structured logs: one JSON object a line, on standard error, as CloudWatch reads them."""

import logging

from pythonjsonlogger.json import JsonFormatter


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
