"""What CloudWatch makes of a log line in embedded metric format."""

import re
import time
from typing import Any


def extracted(line: dict[str, Any]) -> dict[tuple[str, tuple[str, ...]], tuple[float, str]]:
    """Return what CloudWatch extracts: name and dimensions' values → value and unit.

    Asserts what the specification and its published schema demand.
    """
    found = {}
    metadata = line["_aws"]
    assert isinstance(metadata["Timestamp"], int)
    assert abs(metadata["Timestamp"] - time.time() * 1000) < 60_000
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert re.fullmatch(r"[A-Za-z0-9.\-_/#:]{1,255}", directive["Namespace"])
        assert directive["Namespace"] == "ContactSheet"
        assert len(directive["Dimensions"]) >= 1
        assert 1 <= len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= 30
            values = tuple(line[name] for name in dimensions)
            for value in values:
                assert isinstance(value, str)
                assert 1 <= len(value) <= 1024
                assert value.isascii()
            for metric in directive["Metrics"]:
                assert set(metric) == {"Name", "Unit"}
                assert metric["Unit"] in {"Count", "Bytes", "Milliseconds"}
                value = line[metric["Name"]]
                assert type(value) in {int, float}
                assert (metric["Name"], values) not in found
                found[metric["Name"], values] = (value, metric["Unit"])
    return found
