"""The result of a check."""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


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


ok = partial(Finding, Verdict.OK)  # its text: nothing is wrong
skip = partial(Finding, Verdict.SKIP)  # its text: why the check does not apply
fail = partial(Finding, Verdict.FAIL)  # its text and fix: what is wrong and what to do
