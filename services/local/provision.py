"""Makes on an S3 what `serverless.yml` makes on AWS: two buckets, versions, CORS, no ACLs."""

from typing import Any

import boto3
from botocore.exceptions import ClientError

from services.core.settings import Settings
from services.store.client import is_error, make_s3


def provision_buckets(settings: Settings, session: boto3.Session, origins: list[str]) -> None:
    """Make both buckets where they are missing, and let pages from `origins` upload and download."""
    s3, region, uploads = make_s3(settings, session), settings.region, settings.upload_bucket
    # S3 refuses to be told its default.
    place: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    for bucket in (uploads, settings.gallery_bucket):
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if not is_error(error, "404"):
                raise
            s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else place))
    s3.put_bucket_versioning(Bucket=uploads, VersioningConfiguration={"Status": "Enabled"})
    rule: Any = {"AllowedOrigins": origins, "AllowedHeaders": ["*"]}
    # Uppy waits for ever for an answer whose Location it may not read.
    rule |= {"ExposeHeaders": ["ETag", "Location"], "MaxAgeSeconds": 3600}
    for bucket, methods in ((uploads, ["POST"]), (settings.gallery_bucket, ["GET", "HEAD"])):
        rules: Any = {"CORSRules": [rule | {"AllowedMethods": methods}]}
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)


def refuse_acls(settings: Settings, session: boto3.Session) -> None:
    """Let both buckets refuse ACLs; not every S3 knows how."""
    s3, rules = make_s3(settings, session), [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for bucket in (settings.upload_bucket, settings.gallery_bucket):
        controls: Any = {"Rules": rules}
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)
