"""Makes on an S3 what `serverless.yml` makes on AWS: buckets, CORS, notification, queue."""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from services.core import keys
from services.core.settings import Settings
from services.store.client import make_s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

QUEUE = "contact-sheet-uploads"
FAILURES = "contact-sheet-failures"

# As Lambda does with asynchronous events: the first try and two more, then the failure queue.
TRIES = 3
VISIBILITY_SECONDS = 90


def make_sqs(settings: Settings, session: boto3.Session) -> "SQSClient":
    """Return the client of the queue between notification and worker."""
    return session.client("sqs", region_name=settings.region, endpoint_url=settings.s3_endpoint_url)


def provision_buckets(settings: Settings, session: boto3.Session, origins: list[str]) -> None:
    """Make both buckets where they are missing, and let pages from `origins` upload."""
    s3 = make_s3(settings, session)
    for bucket in (settings.upload_bucket, settings.gallery_bucket):
        _make_bucket(s3, bucket, settings.region)
    s3.put_bucket_versioning(
        Bucket=settings.upload_bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    s3.put_bucket_cors(
        Bucket=settings.upload_bucket,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": origins,
                    "AllowedMethods": ["POST"],
                    "AllowedHeaders": ["*"],
                    # Uppy waits for ever for an answer whose Location it may not read.
                    "ExposeHeaders": ["ETag", "Location"],
                    "MaxAgeSeconds": 3600,
                }
            ]
        },
    )


def protect_buckets(settings: Settings, session: boto3.Session) -> None:
    """Let both buckets refuse ACLs and anything public; not every S3 knows how."""
    s3 = make_s3(settings, session)
    for bucket in (settings.upload_bucket, settings.gallery_bucket):
        s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )


def provision_queue(settings: Settings, session: boto3.Session) -> str:
    """Let the upload bucket, and nothing else, notify a queue, and return the queue's URL."""
    sqs = make_sqs(settings, session)
    failures = sqs.create_queue(QueueName=FAILURES)["QueueUrl"]
    failures_arn = _arn(sqs, failures)
    queue = sqs.create_queue(
        QueueName=QUEUE,
        Attributes={
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "RedrivePolicy": (
                f'{{"deadLetterTargetArn": "{failures_arn}", "maxReceiveCount": "{TRIES}"}}'
            ),
        },
    )["QueueUrl"]
    s3 = make_s3(settings, session)
    s3.put_bucket_notification_configuration(
        Bucket=settings.gallery_bucket, NotificationConfiguration={}
    )
    s3.put_bucket_notification_configuration(
        Bucket=settings.upload_bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": _arn(sqs, queue),
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {
                        "Key": {"FilterRules": [{"Name": "prefix", "Value": keys.UPLOAD_PREFIX}]}
                    },
                }
            ]
        },
    )
    return queue


def _make_bucket(s3: "S3Client", bucket: str, region: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "404":
            raise
        if region == "us-east-1":  # S3 refuses to be told its default
            s3.create_bucket(Bucket=bucket)
        else:
            s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item] # the stubs list the regions of today
            )


def _arn(sqs: "SQSClient", queue: str) -> str:
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]
