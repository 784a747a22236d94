"""S3 Batch Operations: a job over the gallery's index entries reprocesses the photos.

Source: Amazon S3 user guide, "Invoke AWS Lambda function" (event and response, schema 1.0 and 2.0).
"""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from services.core.photo import Photo
from services.core.rejected import Rejected
from services.core.settings import Settings
from services.resize.reprocess import SourceMissingError, reprocess
from services.store import Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    code: str  # Succeeded, TemporaryFailure (the job tries again) or PermanentFailure
    message: str


def is_batch_job(event: Any) -> bool:
    """Tell whether the event is of an S3 Batch Operations job."""
    return isinstance(event, dict) and "tasks" in event and "invocationSchemaVersion" in event


def run_batch_job(
    event: Any, store: Store, settings: Settings, *, deadline: float
) -> dict[str, Any]:
    """Run each task and return the response that the job expects: a result for each task."""
    results = []
    for task in event["tasks"]:
        result = _do(task, store, settings, deadline)
        results.append(
            {"taskId": task["taskId"], "resultCode": result.code, "resultString": result.message}
        )
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": event["invocationId"],
        "results": results,
    }


def _do(task: Any, store: Store, settings: Settings, deadline: float) -> _Result:
    # 1.0 names the bucket by its ARN, 2.0 by its name.
    bucket = task.get("s3Bucket") or task["s3BucketArn"].rpartition(":")[2]
    key = unquote_plus(task["s3Key"])
    photo = Photo.from_key(key)
    if bucket != store.gallery.name or photo is None:
        return _Result("PermanentFailure", "no index entry of the gallery bucket")
    try:
        return _Result(
            "Succeeded", reprocess(photo.album, photo.id, store, settings, deadline=deadline)
        )
    except (Rejected, SourceMissingError) as refusal:
        logger.warning("photo stays as it is", extra={"key": key, "error": str(refusal)})
        return _Result("PermanentFailure", str(refusal))
    except Exception as error:  # one bad task must not stop the others
        logger.exception("photo not reprocessed", extra={"key": key})
        return _Result("TemporaryFailure", f"{type(error).__name__}: {error}")
