"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check went, in the word that is printed."""

    OK = "ok"
    WARN = "warn"  # well for now
    FAIL = "FAIL"
    SKIP = "skip"  # does not apply here, or could not be asked


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict in a sentence; `fix` says what to do where something is wrong."""

    verdict: Verdict
    text: str
    fix: str = ""


def ok(text: str) -> Finding:
    """Return that all is well."""
    return Finding(Verdict.OK, text)


def skip(text: str) -> Finding:
    """Return why there is nothing to find."""
    return Finding(Verdict.SKIP, text)


def fail(text: str, fix: str) -> Finding:
    """Return what is wrong and what to do."""
    return Finding(Verdict.FAIL, text, fix)


def worst(findings: list[Finding], well: str) -> Finding:
    """Return one finding for several: all that is wrong with all fixes, or that all is well."""
    wrong = [finding for finding in findings if finding.verdict is Verdict.FAIL]
    if wrong:
        texts = list(dict.fromkeys(finding.text for finding in wrong))
        fixes = list(dict.fromkeys(finding.fix for finding in wrong))
        return fail("; ".join(texts), " && ".join(fixes))
    return next((finding for finding in findings if finding.verdict is Verdict.SKIP), ok(well))
