"""A bucket of each test's own, and ways to sign what boto3 would never send."""

import functools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
from botocore.config import Config

from services.local.s3 import LocalS3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


@functools.cache
def session_of(access_key_id: str, secret: str, region: str) -> boto3.Session:
    """Return the session of a key pair: reading botocore's models takes longer than most tests."""
    return boto3.Session(access_key_id, secret, region_name=region)


def make_client(
    server: LocalS3, *, secret: str | None = None, url: str | None = None
) -> "S3Client":
    """Return an S3 client of a server, with its key pair and address unless told otherwise."""
    session = session_of(server.access_key_id, secret or server.secret_access_key, server.region)
    config = Config(
        signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}
    )
    return session.client("s3", endpoint_url=url or server.url, config=config)


def make_sqs(server: LocalS3) -> "SQSClient":
    """Return an SQS client of a server."""
    session = session_of(server.access_key_id, server.secret_access_key, server.region)
    return session.client("sqs", endpoint_url=server.url)


@dataclass
class Clock:
    """A clock that tests set."""

    offset: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        """Return the moment that the server is told."""
        return datetime.now(UTC) + self.offset


@pytest.fixture(scope="session")
def clock() -> Clock:
    """The clock of `clocked`."""
    return Clock()


@pytest.fixture(scope="session")
def clocked(clock: Clock) -> Iterator[LocalS3]:
    """A server whose clock can be set."""
    with LocalS3(None, now=clock) as server:
        make_client(server).create_bucket(Bucket="bucket")
        yield server


@pytest.fixture(scope="session")
def presigner(clocked: LocalS3) -> "S3Client":
    """The client of `clocked`."""
    return make_client(clocked)


@pytest.fixture
def client(presigner: "S3Client") -> "S3Client":
    """The client that presigns forms."""
    return presigner


@pytest.fixture(autouse=True)
def right_time(clock: Clock) -> Iterator[None]:
    """Set the clock right again."""
    yield
    clock.offset = timedelta()


@pytest.fixture(scope="session")
def s3(local_s3: LocalS3) -> "S3Client":
    """A client of the server that all tests share."""
    return make_client(local_s3)


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    """A bucket of this test's own."""
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal in S3's XML."""
    start, end = answer.text.index("<Code>") + 6, answer.text.index("</Code>")
    return answer.status_code, answer.text[start:end]


def element(answer: httpx.Response, name: str) -> str:
    """Return the text of an element of an XML answer."""
    return answer.text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
