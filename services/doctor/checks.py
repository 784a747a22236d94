"""All checks, in the order in which they are printed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3
from botocore.exceptions import ClientError

from services.core import keys
from services.doctor.errors import explain
from services.doctor.finding import Finding, Verdict, fail, ok, skip
from services.doctor.installation import HTTP, Installation
from services.doctor.stack import drift
from services.doctor.upload import upload
from services.store.attempts import AttemptRecords
from services.store.bucket import Bucket

SWEEP_PERIOD = timedelta(minutes=15)  # serverless.yml's; `make run` sweeps more often
NOTICEABLE = timedelta(seconds=5)
REFUSED = timedelta(minutes=15)  # S3 answers with RequestTimeTooSkewed from here on
FIX_CLOCK = "set the clock by NTP: sudo timedatectl set-ntp true"


def buckets(installation: Installation) -> Finding:
    """Check that both buckets exist and may be listed."""
    for bucket in installation.buckets:
        try:
            installation.s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
                raise
            fix = "stop `make run` and start it again; it makes missing buckets"
            if installation.stack:
                fix = "make it again under that name, or deploy with another bucketPrefix"
            return fail(f"there is no bucket {bucket}", fix)
    return ok(" and ".join(installation.buckets))


def failures(installation: Installation) -> Finding:
    """Check that no event was given up on."""
    if installation.failures is None:
        return skip("this S3 brings no events; uploads are found by the sweep")
    count = installation.failures()
    if not count:
        return ok("no event was given up on")
    fix = installation.log_of("resize")
    if installation.stack:
        queue = installation.stack.failure_queue
        fix += f" tells why; once mended, aws sqs purge-queue --queue-url {queue}"
    return fail(f"events that were given up on: {count}", fix)


def sweep(installation: Installation) -> Finding:
    """Check that no upload waits longer than the sweep lets it."""
    # The first sweep after its time may be under way; the one after that has had its turn.
    limit = timedelta(seconds=installation.settings.sweep_after_seconds) + 2 * SWEEP_PERIOD
    bucket = installation.settings.upload_bucket
    listed = installation.s3.list_object_versions(Bucket=bucket, Prefix=keys.UPLOAD_PREFIX)
    moment = installation.now() - limit
    # What lies in an archive, for example, stays where it is.
    _, given_up = _given_up(installation)
    waiting = [
        item
        for item in listed.get("Versions", [])
        if (modified := item["LastModified"]) < moment
        and keys.photo_id_of_object(bucket, item["Key"], item["VersionId"], modified)
        not in given_up
    ]
    if not waiting:
        return ok("no upload waits longer than it should")
    minutes = round(limit.total_seconds() / 60)
    text = f"uploads that wait for more than {minutes} min: {len(waiting)}, such as {waiting[0]['Key']}"
    return fail(text, installation.log_of("resize"))


def given_up(installation: Installation) -> Finding:
    """Check that no upload was given up on, as services.store.attempts notes."""
    gallery, notes = _given_up(installation)
    if not notes:
        return ok("no upload was given up on")
    newest = gallery.get_json(notes[min(notes)]) or {}
    why = ", ".join(filter(None, (newest.get("reason"), newest.get("detail"))))
    text = f"uploads that were given up on: {len(notes)}, such as {newest.get('upload')}: {why}"
    quarantine = f"{keys.QUARANTINE_PREFIX} of {installation.settings.upload_bucket}"
    fix = "has the file, unless it is archived; what fails again is worth a bug report"
    return Finding(Verdict.WARN, text, f"{quarantine} {fix}")


def _given_up(installation: Installation) -> tuple[Bucket, dict[str, str]]:
    """Return the gallery bucket and photo id → key of what is noted of such uploads."""
    gallery = Bucket(installation.s3, installation.settings.gallery_bucket)
    return gallery, AttemptRecords(gallery).tried()[1]


def clock(installation: Installation) -> Finding:
    """Check that this machine, S3 and the gallery have the same time."""
    s3_url = str(installation.s3.meta.endpoint_url)
    urls = {"S3": s3_url, "the gallery": f"{installation.url}/healthz"}
    found = {name: _offset(installation, url) for name, url in urls.items()}
    known = {name: offset for name, offset in found.items() if offset is not None}
    if not known:
        return skip("neither S3 nor the gallery answers, so there is no other clock")
    name, offset = max(known.items(), key=lambda item: abs(item[1]))
    text = f"this machine's clock is {_words(offset)} that of {name}; S3 refuses what is 15 min off"
    if abs(offset) >= REFUSED:
        return fail(text, FIX_CLOCK)
    if abs(offset) > NOTICEABLE:
        return Finding(Verdict.WARN, text, FIX_CLOCK)
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


CHECKS: dict[str, Callable[[Installation], Finding]] = {
    "buckets": buckets,
    "failures": failures,
    "sweep": sweep,
    "given up": given_up,
    "clock": clock,
    "drift": drift,
    "upload": upload,
}


def run_checks(installation: Installation) -> Iterator[tuple[str, Finding]]:
    """Yield each check's name and finding as soon as it is known; no check stops the others."""
    for name, check in CHECKS.items():
        try:
            yield name, check(installation)
        except Exception as error:  # noqa: BLE001 whatever answers there, the next check runs
            yield name, explain(error, installation)
