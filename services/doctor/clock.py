"""Compares this machine's clock with S3's and the gallery's; signatures carry the time."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3

from services.doctor.finding import Finding, Verdict, fail, ok, skip
from services.doctor.installation import HTTP, Installation

NOTICEABLE = timedelta(seconds=5)
REFUSED = timedelta(minutes=15)  # S3 answers with RequestTimeTooSkewed from here on
FIX = "set the clock by NTP: sudo timedatectl set-ntp true"


def clock(installation: Installation) -> Finding:
    """Check that this machine, S3 and the gallery have the same time."""
    urls = {
        "S3": str(installation.s3.meta.endpoint_url),
        "the gallery": f"{installation.url}/healthz",
    }
    found = {name: _offset(installation, url) for name, url in urls.items()}
    known = {name: offset for name, offset in found.items() if offset is not None}
    if not known:
        return skip("neither S3 nor the gallery answers, so there is no other clock")
    name, offset = max(known.items(), key=lambda item: abs(item[1]))
    text = f"this machine's clock is {_words(offset)} that of {name}; S3 refuses what is 15 min off"
    if abs(offset) >= REFUSED:
        return fail(text, FIX)
    if abs(offset) > NOTICEABLE:
        return Finding(Verdict.WARN, text, FIX)
    return ok(f"the same as {' and '.join(known)}, to the second")


def _offset(installation: Installation, url: str) -> timedelta | None:
    """Return how far this machine is ahead of the Date header at an address; None without one."""
    try:
        response = HTTP.request("GET", url, redirect=False, timeout=5)
        date = parsedate_to_datetime(response.headers["Date"])
    except (urllib3.exceptions.HTTPError, KeyError, ValueError):
        return None
    # A Date is cut to the second; on average half of one is missing.
    return installation.now() - date - timedelta(seconds=0.5)


def _words(offset: timedelta) -> str:
    seconds = round(abs(offset).total_seconds())
    much = f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
    return f"{much} {'ahead of' if offset > timedelta() else 'behind'}"
