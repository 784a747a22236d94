"""The clients that the doctor asks with, made in one place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import urllib3
from botocore.config import Config

from services.core.settings import Settings
from services.store.client import make_s3

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

# A person waits for the answer.
PATIENCE = Config(
    connect_timeout=5, read_timeout=15, retries={"mode": "standard", "max_attempts": 2}
)


@dataclass(frozen=True, slots=True)
class Clients:
    """What every installation is asked with: S3, its queues, and the gallery over HTTP."""

    s3: "S3Client"
    sqs: "SQSClient"
    http: urllib3.PoolManager


@dataclass(frozen=True, slots=True)
class StackClients:
    """What only a stack has: itself, its functions, their roles, the schedule."""

    cloudformation: "CloudFormationClient"
    functions: "LambdaClient"
    roles: "IAMClient"
    rules: "EventBridgeClient"


def make_clients(settings: Settings, session: boto3.Session) -> Clients:
    """Return the clients of the settings' S3, with the session's credentials."""
    timeout = urllib3.Timeout(connect=5, read=30)
    return Clients(
        s3=make_s3(settings, session),
        sqs=session.client("sqs", endpoint_url=settings.s3_endpoint_url, config=PATIENCE),
        http=urllib3.PoolManager(timeout=timeout, retries=False),
    )


def make_stack_clients(session: boto3.Session) -> StackClients:
    """Return the clients of the session's account and region."""
    return StackClients(
        cloudformation=session.client("cloudformation", config=PATIENCE),
        functions=session.client("lambda", config=PATIENCE),
        roles=session.client("iam", config=PATIENCE),
        rules=session.client("events", config=PATIENCE),
    )
