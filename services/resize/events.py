"""Which uploads an event names. Pure."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True)
class UploadEvent:
    """An object that S3 says was created; `version_id` is None in a bucket without versions."""

    bucket: str
    key: str
    version_id: str | None = None


class UnknownEventError(ValueError):
    """The event, or a record in it, has an unknown form."""


def is_schedule(event: Any) -> bool:
    """Tell whether the event is EventBridge's scheduled one, which asks for a sweep."""
    return isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"


def uploads_in(event: Any) -> list[UploadEvent]:
    """Return the uploads in an S3 notification; none for `s3:TestEvent` and for removals.

    Opens the envelope that Lambda's failure destination puts around it, too. Raises
    UnknownEventError for all else. Source: Amazon S3 user guide, "Event message structure".
    """
    try:
        if event.get("Event") == "s3:TestEvent":  # S3 sends one when a notification is configured
            return []
        if "requestPayload" in event:
            return uploads_in(event["requestPayload"])
        return [upload for record in event["Records"] if (upload := _upload_in(record))]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = f"{type(error).__name__}: {error}"
        raise UnknownEventError(msg) from error


def _upload_in(record: Any) -> UploadEvent | None:
    s3 = record["s3"]
    if not record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        return None
    # S3 encodes keys as HTML forms do: a space is "+", a plus is "%2B".
    key = unquote_plus(s3["object"]["key"], errors="strict")
    return UploadEvent(s3["bucket"]["name"], key, s3["object"].get("versionId"))
