"""The clients that the doctor asks with, made in one place."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import urllib3
from botocore.config import Config

from services.config import Settings
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
    """Everything that is asked: AWS or what stands for it, and the gallery over HTTP."""

    s3: "S3Client"
    sqs: "SQSClient"
    cloudformation: "CloudFormationClient"
    functions: "LambdaClient"
    roles: "IAMClient"
    rules: "EventBridgeClient"
    http: urllib3.PoolManager


def make_clients(settings: Settings, session: boto3.Session) -> Clients:
    """Return the clients for the settings' S3 with the session's credentials.

    Only S3 and its queues have an endpoint of their own: a local product has none of the others.
    """
    return Clients(
        s3=make_s3(settings, session),
        sqs=session.client("sqs", endpoint_url=settings.s3_endpoint_url, config=PATIENCE),
        cloudformation=session.client("cloudformation", config=PATIENCE),
        functions=session.client("lambda", config=PATIENCE),
        roles=session.client("iam", config=PATIENCE),
        rules=session.client("events", config=PATIENCE),
        http=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=30), retries=False, cert_reqs="CERT_REQUIRED"
        ),
    )
