"""The installation to check: its names, addresses and clients."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import urllib3

from services.core.settings import LocalSettings, Settings
from services.local.queue import failures
from services.local.weed import KEY_FILE, is_free, read_key_pair, s3_url
from services.store.client import key_pair_session, make_s3

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=False)


class CannotCheckError(Exception):
    """Nothing can be checked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A CloudFormation stack, and its functions by their names in serverless.yml."""

    name: str
    cloudformation: "CloudFormationClient"
    functions: dict[str, str]
    failure_queue: str  # a URL


@dataclass(frozen=True, slots=True)
class Installation:
    """A stack on AWS, or the product on one machine.

    `url` is the gallery's address, `origin` that of its pages in a browser. `failures` counts the
    events that were given up on; None where another S3 brings none. `seconds` is how long a picture
    may take to be published; `progress` gets each step of a check that takes time.
    """

    settings: Settings
    s3: "S3Client"
    url: str
    origin: str
    failures: Callable[[], int] | None = None
    stack: Stack | None = None
    seconds: float = 60
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    progress: Callable[[str], None] = lambda _step: None

    @property
    def buckets(self) -> tuple[str, str]:
        """Upload bucket and gallery bucket."""
        return self.settings.upload_bucket, self.settings.gallery_bucket

    def log_of(self, function: str) -> str:
        """Return where a function's log is read."""
        if self.stack is None:
            return "read what `make run` printed"
        return f"aws logs tail /aws/lambda/{self.stack.functions[function]} --since 1h"


def is_running(local: LocalSettings) -> bool:
    """Tell whether something listens where `make run` has the gallery with the same settings."""
    return not is_free(local.port)


def local_installation(settings: Settings, local: LocalSettings) -> Installation:
    """Return what `make run` starts with the same settings; raises CannotCheckError."""
    url = f"http://localhost:{local.port}"
    origin = settings.public_url or url
    if settings.s3_endpoint_url:
        session = boto3.Session(region_name=settings.region)
        if session.get_credentials() is None:
            msg = (
                f"There are no credentials for {settings.s3_endpoint_url}; set AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY as for `make run`."
            )
            raise CannotCheckError(msg)
        return Installation(settings, make_s3(settings, session), url, origin)
    try:
        session = key_pair_session(read_key_pair(local.data_dir), settings.region)
    except FileNotFoundError:
        msg = f"Nothing was started in {local.data_dir} yet; `make run` does, or set DATA_DIR."
        raise CannotCheckError(msg) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        msg = f"Cannot read {local.data_dir / KEY_FILE}: {why}."
        raise CannotCheckError(msg) from None
    settings = replace(settings, s3_endpoint_url=s3_url(local.data_dir))
    return Installation(
        settings,
        make_s3(settings, session),
        url,
        origin,
        failures=lambda: len(failures(local.data_dir)),
    )


def count_messages(sqs: "SQSClient", queue: str) -> int:
    """Return how many messages a queue holds, by its URL."""
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    waiting = int(answer["ApproximateNumberOfMessages"])
    return waiting + int(answer["ApproximateNumberOfMessagesNotVisible"])
