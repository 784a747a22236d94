"""Metrics in embedded metric format, held to AWS's specification of it."""

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.core import keys
from services.core.reasons import Reason
from services.core.settings import Settings
from services.resize.handler import handle
from services.resize.metrics import NAMESPACE, UNITS, embedded
from services.resize.publish import Outcome, Report
from services.store import Store
from tests.embedded_metrics import extracted
from tests.events import SCHEDULED, soon
from tests.json_log import json_log
from tests.photos import stored_photo

ROOT = Path(__file__).parents[2]
FUNCTION = "contact-sheet-dev-resize"
PUBLISHED = Report(
    Outcome.PUBLISHED,
    "main",
    "a" * 26,
    format="jpeg",
    bytes_in=3_000_000,
    bytes_out=200_000,
    variants=6,
    milliseconds={"decode": 100.0, "total": 412.5},
)
REJECTED = Report(
    Outcome.REJECTED, "main", "b" * 26, Reason.CORRUPT, bytes_in=500, milliseconds={"total": 20.0}
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    with json_log() as stream:
        yield stream


def line_of(report: Report, log: io.StringIO) -> dict[str, Any]:
    """Return the one line that is logged of a report."""
    extra = {**asdict(report), **embedded(report, FUNCTION)}
    logging.getLogger("test").info("upload finished", extra=extra)
    (line,) = log.getvalue().splitlines()
    content: dict[str, Any] = json.loads(line)
    return content


def test_a_published_upload_is_counted(log: io.StringIO) -> None:
    """Once, with its variants, bytes and time, for the function that did it."""
    assert extracted(line_of(PUBLISHED, log)) == {
        ("Uploads", (FUNCTION,)): (1, "Count"),
        ("Variants", (FUNCTION,)): (6, "Count"),
        ("BytesIn", (FUNCTION,)): (3_000_000, "Bytes"),
        ("BytesOut", (FUNCTION,)): (200_000, "Bytes"),
        ("Milliseconds", (FUNCTION,)): (412.5, "Milliseconds"),
    }


def test_a_refusal_is_counted_by_reason(log: io.StringIO) -> None:
    """In all and for its reason; what was not made does not draw the averages down."""
    assert extracted(line_of(REJECTED, log)) == {
        ("Uploads", (FUNCTION,)): (1, "Count"),
        ("BytesIn", (FUNCTION,)): (500, "Bytes"),
        ("Milliseconds", (FUNCTION,)): (20.0, "Milliseconds"),
        ("Rejects", (FUNCTION,)): (1, "Count"),
        ("Rejects", (FUNCTION, "corrupt")): (1, "Count"),
    }


def test_a_spent_budget_is_counted_by_each_sweep(
    log: io.StringIO, store: Store, settings: Settings
) -> None:
    """For the alarm that tells the owner, whose own switch tells nothing."""
    named = replace(settings, function_name=FUNCTION)
    store.budget.set_paused(paused=True)
    handle(SCHEDULED, store, named, deadline=soon())
    store.budget.set_paused(paused=False)
    assert log.getvalue() == ""
    photo = stored_photo(keys.new_photo_id(datetime.now(UTC)))
    store.gallery.put_json(photo.key(), {})
    store.budget.look("main", replace(named, photos_a_day=1), datetime.now(UTC))
    handle(SCHEDULED, store, named, deadline=soon())
    [line] = map(json.loads, log.getvalue().splitlines())
    assert line["reason"] == "day_is_full"
    assert extracted(line) == {("UploadsPaused", (FUNCTION,)): (1, "Count")}


def test_what_was_counted_before_is_not_counted_again() -> None:
    """An event that finds its upload done adds nothing, and without Lambda nothing is counted."""
    assert embedded(Report(Outcome.GONE), FUNCTION) == {}
    assert embedded(PUBLISHED, None) == {}


def test_the_documented_metrics_are_the_code() -> None:
    """docs/deploy.md names every metric with its unit, and the namespace."""
    document = (ROOT / "docs/deploy.md").read_text()
    section = document.partition("\n## Watching it\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    assert dict(rows) == UNITS
    assert len(rows) == len(UNITS)
    assert f"`{NAMESPACE}`" in section
