"""Which uploads an event speaks of, whatever envelope it comes in. Pure."""

import json
from collections.abc import Iterator
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
    """The event, or a record in it, has no form that this function knows."""


def is_schedule(event: Any) -> bool:
    """Tell whether the event is EventBridge's scheduled one, which asks for a sweep."""
    return isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"


def uploads_in(event: Any) -> list[UploadEvent]:
    """Return the uploads that an event speaks of; none for `s3:TestEvent` and for removals.

    Reads S3's own notification (2.x), the same inside SQS, SNS or both, EventBridge's "Object
    Created", and the envelope of a Lambda failure destination. Raises UnknownEventError for all
    else. Source: Amazon S3 user guide, "Event message structure".
    """
    try:
        return list(_uploads(event))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        msg = f"{type(error).__name__}: {error}"
        raise UnknownEventError(msg) from error


def _uploads(event: Any) -> Iterator[UploadEvent]:
    if event.get("Event") == "s3:TestEvent":  # S3 sends one when a notification is configured
        return
    if "requestPayload" in event:  # a failure destination's envelope: redrive
        yield from _uploads(event["requestPayload"])
    elif event.get("detail-type") == "Object Created":
        detail = event["detail"]
        # EventBridge, unlike S3's own notifications, does not encode keys.
        yield UploadEvent(
            detail["bucket"]["name"], detail["object"]["key"], detail["object"].get("version-id")
        )
    elif event.get("Type") == "Notification":  # SNS inside SQS
        yield from _uploads(json.loads(event["Message"]))
    else:
        for record in event["Records"]:
            yield from _uploads_of_record(record)


def _uploads_of_record(record: Any) -> Iterator[UploadEvent]:
    source = record.get("eventSource") or record.get("EventSource")
    if source == "aws:sqs":
        yield from _uploads(json.loads(record["body"]))
    elif source == "aws:sns":
        yield from _uploads(json.loads(record["Sns"]["Message"]))
    elif "s3" not in record:
        msg = f"a record of {source!r}"
        raise UnknownEventError(msg)
    elif record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        s3 = record["s3"]
        # S3 encodes keys as HTML forms do: a space is "+", a plus is "%2B".
        key = unquote_plus(s3["object"]["key"], errors="strict")
        yield UploadEvent(s3["bucket"]["name"], key, s3["object"].get("versionId"))
