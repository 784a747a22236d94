"""Events in every envelope."""

import json
from typing import Any

import pytest

from services.resize.events import UnknownEventError, UploadEvent, is_schedule, uploads_in


def s3_event(*objects: tuple[str, str | None], name: str = "ObjectCreated:Post") -> dict[str, Any]:
    """Return S3's notification of objects, given as encoded key and version id."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-11-24T12:00:00.123Z",
                "eventName": name,
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": "up", "arn": "arn:aws:s3:::up"},
                    "object": {"key": key, "size": 3, "eTag": "abc", "sequencer": "0055"}
                    | ({"versionId": version} if version else {}),
                },
            }
            for key, version in objects
        ]
    }


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("uploads/a+b.jpg", "uploads/a b.jpg"),
        ("uploads/a%20b.jpg", "uploads/a b.jpg"),
        ("uploads/a%2Bb.jpg", "uploads/a+b.jpg"),
        ("uploads%2Fa.jpg", "uploads/a.jpg"),
        ("uploads/100%25.jpg", "uploads/100%.jpg"),
        ("uploads/%E6%97%A5%E6%9C%AC.jpg", "uploads/日本.jpg"),
    ],
)
def test_keys_are_decoded_as_forms_are(encoded: str, key: str) -> None:
    """S3 encodes keys in its notifications; nothing else finds the object."""
    assert uploads_in(s3_event((encoded, None))) == [UploadEvent("up", key)]


def test_every_record_counts() -> None:
    """Not only the first."""
    event = s3_event(("uploads/1", "v1"), ("uploads/2", None))
    assert uploads_in(event) == [
        UploadEvent("up", "uploads/1", "v1"),
        UploadEvent("up", "uploads/2"),
    ]


def wrapped_in_sqs(event: Any) -> dict[str, Any]:
    """Return the event as an SQS trigger delivers it."""
    return {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(event)}]}


def wrapped_in_sns(event: Any) -> dict[str, Any]:
    """Return the event as an SNS trigger delivers it."""
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(event)}}]}


def failed(event: Any) -> dict[str, Any]:
    """Return the event as Lambda's failure destination keeps it."""
    return {
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responsePayload": {"errorType": "RetryNeededError"},
    }


S3_EVENT = s3_event(("uploads/a+b", "v1"))


@pytest.mark.parametrize(
    "event",
    [
        S3_EVENT,
        wrapped_in_sqs(S3_EVENT),
        wrapped_in_sns(S3_EVENT),
        wrapped_in_sqs({"Type": "Notification", "Message": json.dumps(S3_EVENT)}),
        failed(S3_EVENT),
        wrapped_in_sqs(failed(S3_EVENT)),
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "bucket": {"name": "up"},
                "object": {"key": "uploads/a b", "version-id": "v1"},
            },
        },
    ],
)
def test_envelopes_are_opened(event: Any) -> None:
    """The same upload, whichever way the event took."""
    assert uploads_in(event) == [UploadEvent("up", "uploads/a b", "v1")]


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "up"},
        wrapped_in_sqs({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "up"}),
        s3_event(("uploads/a", None), name="ObjectRemoved:Delete"),
        {"Records": []},
    ],
)
def test_what_is_no_upload(event: Any) -> None:
    """S3 sends a test event when a notification is configured; removals are not ours."""
    assert uploads_in(event) == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"hello": "world"},
        None,
        [],
        "Records",
        {"Records": None},
        {"Records": [{}]},
        {"Records": [{"eventSource": "aws:dynamodb"}]},
        {"Records": [{"eventSource": "aws:sqs", "body": "not json"}]},
        s3_event(("uploads/%FF", None)),
    ],
)
def test_unknown_shapes_are_named_so(event: Any) -> None:
    """One kind of error, for whatever is wrong."""
    with pytest.raises(UnknownEventError):
        uploads_in(event)


def test_the_schedule_is_recognised() -> None:
    """EventBridge's scheduled event asks for a sweep."""
    assert is_schedule({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
    assert not is_schedule(S3_EVENT)
    assert not is_schedule(None)
