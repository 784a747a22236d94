"""CloudWatch metrics of each upload, embedded in the line that is logged of it.

Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".
"""

import time
from typing import Any

from services.resize.publish import Outcome, Report

NAMESPACE = "ContactSheet"

# Every pair of a metric and a dimension's value is billed as a metric of its own, so a dimension
# has few values: the function, which has the stage in its name, and the reason of a refusal.
FUNCTION, REASON = "FunctionName", "reason"

UNITS = {
    "Uploads": "Count",
    "Rejects": "Count",
    "Variants": "Count",
    "BytesIn": "Bytes",
    "BytesOut": "Bytes",
    "Milliseconds": "Milliseconds",
    "UploadsPaused": "Count",
}


def embedded(report: Report, function: str | None) -> dict[str, Any]:
    """Return the members that make a log line of this report CloudWatch metrics as well.

    `embedded_metrics` is what the line calls `_aws`. Nothing without a function to count for, nor
    of an upload that an earlier event finished and counted.
    """
    if function is None or report.outcome == Outcome.GONE:
        return {}
    values: dict[str, float] = {
        "Uploads": 1,
        "BytesIn": report.bytes_in,
        "Milliseconds": report.milliseconds["total"],
    }
    if report.variants:
        values |= {"Variants": report.variants, "BytesOut": report.bytes_out}
    directives = [_directive(values, [[FUNCTION]])]
    if report.reason:
        directives.append(_directive({"Rejects": 1}, [[FUNCTION], [FUNCTION, REASON]]))
        values["Rejects"] = 1
    return {"embedded_metrics": _metadata(directives), FUNCTION: function, **values}


def uploads_paused(function: str | None) -> dict[str, Any]:
    """Return the members that make a line of a sweep the metric that an alarm waits for."""
    if function is None:
        return {}
    values: dict[str, float] = {"UploadsPaused": 1}
    directives = [_directive(values, [[FUNCTION]])]
    return {"embedded_metrics": _metadata(directives), FUNCTION: function, **values}


def _metadata(directives: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": directives}


def _directive(values: dict[str, float], dimensions: list[list[str]]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in values]
    return {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
