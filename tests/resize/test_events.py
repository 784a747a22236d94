"""Which uploads an event names."""

from collections.abc import Callable
from typing import Any

import pytest

from services.resize.events import UnknownEventError, UploadEvent, is_schedule, uploads_in
from tests.events import SCHEDULED, TEST_EVENT, failed, s3_event


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


@pytest.mark.parametrize("envelope", [lambda event: event, failed])
def test_a_failed_event_can_be_sent_again_as_the_queue_has_it(
    envelope: Callable[[Any], Any],
) -> None:
    """Lambda's failure destination keeps the event in an envelope, which is opened."""
    event = envelope(s3_event(("uploads/a+b", "v1")))
    assert uploads_in(event) == [UploadEvent("up", "uploads/a b", "v1")]


@pytest.mark.parametrize(
    "event",
    [
        TEST_EVENT,
        failed(TEST_EVENT),
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
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        s3_event(("uploads/%FF", None)),
    ],
)
def test_unknown_shapes_are_named_so(event: Any) -> None:
    """One kind of error, for whatever is wrong."""
    with pytest.raises(UnknownEventError):
        uploads_in(event)


def test_the_schedule_is_recognised() -> None:
    """EventBridge's scheduled event asks for a sweep."""
    assert is_schedule(SCHEDULED)
    assert not is_schedule(s3_event(("uploads/a", None)))
    assert not is_schedule(None)
