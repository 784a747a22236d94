"""Makes on an S3 what `serverless.yml` makes on AWS: two buckets, versions, CORS, no ACLs."""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from services.core.settings import Settings
from services.store.client import make_s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


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


def refuse_acls(settings: Settings, session: boto3.Session) -> None:
    """Let both buckets refuse ACLs; not every S3 knows how."""
    s3 = make_s3(settings, session)
    for bucket in (settings.upload_bucket, settings.gallery_bucket):
        s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )


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
