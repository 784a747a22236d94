"""Whether everybody means the same moment: signatures carry it."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3

from services.doctor.examination import Examination
from services.doctor.finding import Finding, Verdict, fail, ok, skip

NOTICEABLE = timedelta(seconds=5)
REFUSED = timedelta(minutes=15)  # S3 answers with RequestTimeTooSkewed from here on

FIX = "set the clock by NTP: sudo timedatectl set-ntp true"


def clock(examination: Examination) -> Finding:
    """Check that this machine, S3 and the gallery tell the same time."""
    installation = examination.installation
    asked = {
        "S3": str(installation.clients.s3.meta.endpoint_url),
        "the gallery": f"{installation.url}/healthz",
    }
    told = {name: _ahead(examination, url) for name, url in asked.items()}
    known = {name: ahead for name, ahead in told.items() if ahead is not None}
    if not known:
        return skip("neither S3 nor the gallery answers, so there is no other clock")
    name, ahead = max(known.items(), key=lambda item: abs(item[1]))
    words = f"this machine's clock is {_words(ahead)} that of {name}"
    if abs(ahead) >= REFUSED:
        return fail(f"{words}; S3 refuses what is 15 min off", FIX)
    if abs(ahead) > NOTICEABLE:
        return Finding(Verdict.WARN, f"{words}; S3 refuses what is 15 min off", FIX)
    return ok(f"the same as {' and '.join(known)}, to the second")


def _ahead(examination: Examination, url: str) -> timedelta | None:
    """Return how far this machine's clock is ahead of the Date that an address answers with."""
    try:
        answer = examination.installation.clients.http.request(
            "GET", url, redirect=False, timeout=5
        )
        told = parsedate_to_datetime(answer.headers["Date"])
    except (urllib3.exceptions.HTTPError, KeyError, ValueError):
        return None
    # A Date is cut to the second; on average half of one is missing.
    return examination.now() - told - timedelta(seconds=0.5)


def _words(ahead: timedelta) -> str:
    seconds = round(abs(ahead).total_seconds())
    much = f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
    return f"{much} {'ahead of' if ahead > timedelta() else 'behind'}"
