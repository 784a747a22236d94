"""All checks, in the order in which they are printed."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from botocore.exceptions import ClientError

from services.core import keys
from services.doctor.clock import clock
from services.doctor.errors import explain
from services.doctor.finding import Finding, Verdict, fail, ok, skip
from services.doctor.installation import Installation
from services.doctor.stack import drift
from services.doctor.upload import upload
from services.store.attempts import AttemptRecords
from services.store.bucket import Bucket

SWEEP_PERIOD = timedelta(minutes=15)  # serverless.yml's; `make run` sweeps more often


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
    listed = installation.s3.list_object_versions(
        Bucket=installation.settings.upload_bucket, Prefix=keys.UPLOAD_PREFIX
    )
    moment = installation.now() - limit
    # What lies in an archive, for example, stays where it is.
    _, given_up = _given_up(installation)
    bucket = installation.settings.upload_bucket
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
    fix = (
        f"{quarantine} has the file, unless it is archived; what fails again is worth a bug report"
    )
    return Finding(Verdict.WARN, text, fix)


def _given_up(installation: Installation) -> tuple[Bucket, dict[str, str]]:
    """Return the gallery bucket and photo id → key of what is noted of such uploads."""
    gallery = Bucket(installation.s3, installation.settings.gallery_bucket)
    return gallery, AttemptRecords(gallery).tried()[1]


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
