"""The result of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of a check, as it is printed."""

    OK = "ok"
    WARN = "warn"  # works now, may fail later
    FAIL = "FAIL"
    SKIP = "skip"  # does not apply here


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its sentence; `fix` says what to do where something is wrong."""

    verdict: Verdict
    text: str
    fix: str = ""


def ok(text: str) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(Verdict.OK, text)


def skip(text: str) -> Finding:
    """Return a finding that the check does not apply, and why."""
    return Finding(Verdict.SKIP, text)


def fail(text: str, fix: str) -> Finding:
    """Return what is wrong and what to do."""
    return Finding(Verdict.FAIL, text, fix)
