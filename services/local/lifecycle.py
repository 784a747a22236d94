"""Ends what on AWS the buckets' lifecycle rules end."""

from datetime import datetime, timedelta

import boto3

from services.core import retention
from services.core.settings import Settings
from services.store.client import make_s3


def end_of_life(settings: Settings, session: boto3.Session, now: datetime) -> int:
    """Remove what was kept long enough and return how many objects that were."""
    s3 = make_s3(settings, session)
    removed = 0
    for prefix, days in retention.IN_UPLOAD_BUCKET.items():
        bucket = settings.upload_bucket
        versions = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for version in [item for page in versions for item in page.get("Versions", [])]:
            if version["LastModified"] < now - timedelta(days=days):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                removed += 1
    for prefix, days in retention.IN_GALLERY_BUCKET.items():
        bucket = settings.gallery_bucket
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for item in [item for page in pages for item in page.get("Contents", [])]:
            if item["LastModified"] < now - timedelta(days=days):
                s3.delete_object(Bucket=bucket, Key=item["Key"])
                removed += 1
    return removed
