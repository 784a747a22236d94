"""Ends what on AWS the buckets' lifecycle rules end."""

from datetime import datetime, timedelta

import boto3

from services.core import retention
from services.core.keys import ORIGINAL_PREFIX
from services.core.settings import Settings
from services.store.bucket import Bucket
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
    gallery = Bucket(s3, settings.gallery_bucket)
    in_gallery = retention.IN_GALLERY_BUCKET | {ORIGINAL_PREFIX: settings.originals_days}
    for prefix, days in in_gallery.items():
        until = now - timedelta(days=days)
        over = [item["Key"] for item in gallery.objects(prefix) if item["LastModified"] < until]
        gallery.drop(*over)
        removed += len(over)
    return removed
