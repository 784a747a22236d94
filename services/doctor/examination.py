"""One examination: what is examined, and what of the examiner the checks depend on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.doctor.installation import Installation


def utc_now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


def say_nothing(_step: str) -> None:
    """Stand where nobody watches."""


@dataclass(frozen=True, slots=True)
class Examination:
    """An installation under examination; `seconds` is how long a picture may take to appear.

    `progress` is told each step of a check that takes its time.
    """

    installation: Installation
    seconds: float = 60
    now: Callable[[], datetime] = utc_now
    progress: Callable[[str], None] = say_nothing
