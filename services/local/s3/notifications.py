"""Event notifications to a queue, in the records that S3 sends.

Source: AWS, "Event message structure" in the Amazon S3 User Guide, version 2.1.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

CREATED_PUT = "s3:ObjectCreated:Put"
CREATED_POST = "s3:ObjectCreated:Post"
CREATED_COPY = "s3:ObjectCreated:Copy"
CREATED_MULTIPART = "s3:ObjectCreated:CompleteMultipartUpload"


class Sequencer:
    """Gives out hex numbers that only grow, across restarts too; one thread at a time.

    S3's sequencers are compared as strings, so all have the same length.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """Return the next number, 18 hex digits."""
        self._last = max(self._last + 1, time.time_ns())
        return f"{self._last:018X}"

    def at_least(self, number: str) -> None:
        """Continue behind a number that was given out earlier."""
        self._last = max(self._last, int(number, 16))


@dataclass(frozen=True)
class Created:
    """An object that was just stored; `version_id` is None in a bucket without versioning."""

    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None
    sequencer: str


@dataclass(frozen=True)
class Cause:
    """The request that an event tells of."""

    event: str  # such as s3:ObjectCreated:Put
    request_id: str
    source_ip: str
    principal: str
    region: str
    moment: datetime


def event_body(created: Created, cause: Cause, configuration_id: str) -> str:
    """Return the message, JSON with one record."""
    s3_object: dict[str, Any] = {
        "key": quote_plus(created.key, safe="/"),
        "size": created.size,
        "eTag": created.etag,
    }
    if created.version_id is not None:
        s3_object["versionId"] = created.version_id
    s3_object["sequencer"] = created.sequencer
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": cause.region,
        "eventTime": iso(cause.moment),
        "eventName": cause.event.removeprefix("s3:"),
        "userIdentity": {"principalId": cause.principal},
        "requestParameters": {"sourceIPAddress": cause.source_ip},
        "responseElements": {"x-amz-request-id": cause.request_id, "x-amz-id-2": cause.request_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": created.bucket,
                "ownerIdentity": {"principalId": cause.principal},
                "arn": f"arn:aws:s3:::{created.bucket}",
            },
            "object": s3_object,
        },
    }
    return json.dumps({"Records": [record]})


def test_event_body(bucket: str, moment: datetime) -> str:
    """Return the message that S3 sends when a notification is configured."""
    content: Mapping[str, str] = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": iso(moment),
        "Bucket": bucket,
        "RequestId": secrets.token_hex(8).upper(),
        "HostId": secrets.token_urlsafe(48),
    }
    return json.dumps(content)


def iso(moment: datetime) -> str:
    """Return a moment as S3's events write it: UTC, with milliseconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
