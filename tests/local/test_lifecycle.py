"""How long the local product keeps what is not a photo."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3

from services.core.settings import Settings
from services.local.lifecycle import end_of_life
from tests.object_store import ObjectStore


def test_what_was_kept_long_enough_is_ended(
    settings: Settings, aws_session: boto3.Session, local_s3: ObjectStore
) -> None:
    """By the days of services/core/retention.py, for good in a bucket that keeps versions."""
    uploads, gallery = settings.upload_bucket, settings.gallery_bucket
    for bucket, key in (
        (uploads, "quarantine/main/a/corrupt"),
        (uploads, "uploads/main/a"),
        (gallery, "rejected/main/a"),
        (gallery, "deleted/main/b"),
        (gallery, "reports/main/c"),
        (gallery, "originals/main/c/original.jpg"),
        (gallery, "index/main/c/2"),
    ):
        local_s3.s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    settings = replace(settings, originals_days=60)

    def left_after(days: int) -> set[str]:
        end_of_life(settings, aws_session, datetime.now(UTC) + timedelta(days=days, minutes=1))
        versions = local_s3.s3.list_object_versions(Bucket=uploads).get("Versions", [])
        objects = local_s3.s3.list_objects_v2(Bucket=gallery)["Contents"]
        return {item["Key"].split("/")[0] for item in (*versions, *objects)}

    assert left_after(6) == {
        "quarantine",
        "uploads",
        "rejected",
        "deleted",
        "reports",
        "originals",
        "index",
    }
    assert left_after(7) == {"uploads", "rejected", "deleted", "reports", "originals", "index"}
    assert left_after(59) == {"uploads", "reports", "originals", "index"}
    assert left_after(60) == {"uploads", "reports", "index"}
    assert left_after(90) == {"uploads", "index"}
