"""Entry point of the resize Lambda: S3 events, the scheduled sweep and S3 Batch Operations."""

from services.imaging import FAIR_SECONDS, warm_up

warm_up()  # before boto3: the decoding process starts while this one is still importing

# ruff: noqa: E402 everything else is imported after that
import logging
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from services.core import keys
from services.core.logs import log_as_json
from services.core.reasons import Reason
from services.core.settings import Settings, load_settings
from services.resize.events import UnknownEventError, UploadEvent, is_schedule, uploads_in
from services.resize.metrics import embedded, uploads_paused
from services.resize.publish import Outcome, process
from services.resize.reprocess.batch import is_batch_job, run_batch_job
from services.resize.sweep import overdue
from services.store import Store

logger = logging.getLogger(__name__)

# What an invocation keeps for storing, deleting and logging after decoding must have ended.
MARGIN_SECONDS = 5.0


class RetryNeededError(RuntimeError):
    """Some uploads could not be finished now; the same event may finish them later."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Process every upload in the event and return counts by outcome; raise only if a retry helps.

    A job of S3 Batch Operations gets the response that it expects instead.
    """
    remaining = context.get_remaining_time_in_millis() / 1000
    return handle(event, STORE, SETTINGS, deadline=time.monotonic() + remaining - MARGIN_SECONDS)


def handle(event: Any, store: Store, settings: Settings, *, deadline: float) -> dict[str, Any]:
    """Handle the event; `deadline` is the moment of `time.monotonic` by which it must end."""
    if is_batch_job(event):
        return run_batch_job(event, store, settings, deadline=deadline)
    if is_schedule(event):
        return _sweep(store, settings, deadline)
    try:
        uploads = uploads_in(event)
    except UnknownEventError as error:
        # A retry would bring the same bytes: say so once, and be done.
        logger.error("unknown event", extra={"error": str(error)})  # noqa: TRY400 the traceback says no more than the sentence
        return {"unknown": 1}
    counts: dict[str, int] = {}
    failed = 0
    for upload in uploads:
        # What cannot be finished is not begun: the retry has a whole invocation's time for it.
        late = time.monotonic() > deadline
        outcome = "failed" if late else _do(upload, store, settings, deadline)
        counts[outcome] = counts.get(outcome, 0) + 1
        failed += outcome == "failed"
    if failed:
        msg = f"{failed} of {len(uploads)} uploads could not be finished; the event may come again"
        raise RetryNeededError(msg)
    return counts


def _sweep(store: Store, settings: Settings, deadline: float) -> dict[str, int]:
    counts: dict[str, int] = {}
    try:
        now = datetime.now(UTC)
        store.budget.tally(settings, now)
        # The owner's own switch is no news to the owner.
        if (reason := store.budget.pause(now)) not in (None, Reason.PAUSED):
            counted = uploads_paused(settings.function_name)
            logger.warning("uploads paused", extra={"reason": reason, **counted})
    except Exception:  # uploads that wait are more urgent
        logger.exception("budget not tallied")
    for upload in overdue(store, settings):
        # Too little time would be a failed attempt, and no verdict.
        if deadline - time.monotonic() < MARGIN_SECONDS + FAIR_SECONDS:
            break  # the next sweep goes on
        outcome = _do(upload, store, settings, deadline)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _do(upload: UploadEvent, store: Store, settings: Settings, deadline: float) -> str:
    if upload.bucket != store.uploads.name:
        logger.error("event of another bucket", extra={"bucket": upload.bucket})
        return "foreign"
    if not keys.is_upload_key(upload.key):
        # A loop on our own quarantine, a folder marker, no key at all: nothing to wait for.
        logger.error("event of no upload", extra={"key": upload.key})
        return "foreign"
    try:
        report = process(upload, store, settings, deadline=deadline)
    except Exception:  # one bad record must not stop the others
        logger.exception("upload not finished", extra={"key": upload.key})
        return "failed"
    counted_today = (Outcome.PUBLISHED, Outcome.REJECTED, Outcome.DUPLICATE, Outcome.DELETED)
    if report.album and report.outcome in counted_today:
        _look_at_budget(report.album, store, settings)
    counted = embedded(report, settings.function_name)
    logger.info("upload finished", extra={"key": upload.key, **asdict(report), **counted})
    return report.outcome


def _look_at_budget(album: str, store: Store, settings: Settings) -> None:
    try:
        store.budget.look(album, settings, datetime.now(UTC))
    except Exception:  # the upload is done, and the sweep tallies too
        logger.exception("budget not tallied")


SETTINGS = load_settings()
log_as_json(SETTINGS.log_level)
STORE = Store.connect(SETTINGS)
