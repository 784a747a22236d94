"""The events that the functions are sent, as AWS sends them, with a test's own values put in."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode


def load(name: str) -> Any:
    """Return a fresh copy of the event in a JSON file of this folder."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text())


SCHEDULED = load("scheduled")
TEST_EVENT = load("test_event")


def soon() -> float:
    """Return a deadline that no test meets: what is left of an invocation's time."""
    return time.monotonic() + 60


def s3_event(
    *objects: tuple[str, str | None], bucket: str = "up", name: str = "ObjectCreated:Post"
) -> dict[str, Any]:
    """Return S3's notification of objects, given as encoded key and version id."""
    records = []
    for key, version in objects:
        [record] = load("object_created")["Records"]
        record["eventName"] = name
        record["s3"]["bucket"] |= {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}
        record["s3"]["object"] |= {"key": key, "versionId": version}
        if version is None:  # as of a bucket that keeps no versions
            del record["s3"]["object"]["versionId"]
        records.append(record)
    return {"Records": records}


def failed(event: Any) -> dict[str, Any]:
    """Return the event as Lambda's failure destination keeps it."""
    return {**load("failed"), "requestPayload": event}


def batch_event(*keys: str, bucket: dict[str, str]) -> dict[str, Any]:
    """Return what a job of S3 Batch Operations sends."""
    return {
        "invocationSchemaVersion": "2.0" if "s3Bucket" in bucket else "1.0",
        "invocationId": "i-1",
        "job": {"id": "j-1"},
        "tasks": [
            {"taskId": f"t{n}", "s3Key": quote(key), "s3VersionId": None, **bucket}
            for n, key in enumerate(keys)
        ],
    }


def http_api(
    method: str, path: str, query: dict[str, str] | None = None, body: bytes | None = None
) -> dict[str, Any]:
    """Return what API Gateway's HTTP API sends, payload 2.0."""
    event: dict[str, Any] = load("http_api")
    event |= {"rawPath": path, "rawQueryString": urlencode(query or {})}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    if body is not None:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event
