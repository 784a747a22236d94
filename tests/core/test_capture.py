"""When a photo was taken: which moments are possible, and how they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.core import capture

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
EAST = timezone(timedelta(hours=14))


@pytest.mark.parametrize(
    ("moment", "possible"),
    [
        (datetime(1825, 12, 31, 23, 59, 59), False),  # noqa: DTZ001 clocks without a zone
        (datetime(1826, 1, 1), True),  # noqa: DTZ001
        (datetime(2026, 7, 16, 12), True),  # noqa: DTZ001
        (datetime(2026, 7, 16, 12, 0, 1), False),  # noqa: DTZ001
        (datetime(2026, 7, 17, 2, tzinfo=EAST), True),
        (datetime(2026, 7, 17, 2, 0, 1, tzinfo=EAST), False),
    ],
)
def test_a_photo_was_taken_after_photography_began_and_before_tomorrow(
    moment: datetime, *, possible: bool
) -> None:
    """Anything else is a clock that was never set, or a lie."""
    assert capture.is_possible(moment, NOW) is possible


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 7, 15, 18, 30, 1, 5000), "20260715183001005"),  # noqa: DTZ001
        (datetime(1826, 1, 1, tzinfo=UTC), "18260101000000000z0"),
        (datetime(2026, 7, 15, 18, 30, tzinfo=EAST), "20260715183000000z840"),
        (None, ""),
    ],
)
def test_a_moment_comes_back_from_what_was_written(moment: datetime | None, text: str) -> None:
    """A moment whose zone is not known does not get one."""
    assert capture.written(moment) == text
    assert capture.read(text) == moment


@pytest.mark.parametrize("text", ["2026", "20261315183001005", "20260715183001005z901", "x"])
def test_what_nobody_wrote_is_no_moment(text: str) -> None:
    """No error either."""
    assert capture.read(text) is None
