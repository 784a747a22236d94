"""What visitors told the owner of a photo, in the gallery bucket: one report a photo at most."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.core.keys import REPORT_PREFIX
from services.store.client import is_error

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody wrote of a photo; `reported` is ISO 8601."""

    album: str
    photo_id: str
    text: str
    reported: str


class Reports:
    """The objects under `reports/<album>/<photo id>`."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, album: str, photo_id: str, text: str) -> None:
        """Keep a report; of several of one photo the first, so that nobody fills the bucket."""
        report = Report(album, photo_id, text, datetime.now(UTC).isoformat())
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{REPORT_PREFIX}{album}/{photo_id}",
                Body=json.dumps(asdict(report), ensure_ascii=False).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if not is_error(error, "PreconditionFailed", "412"):
                raise

    def some(self, most: int) -> list[Report]:
        """Return at most so many reports."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=REPORT_PREFIX, MaxKeys=most)
        return [self._read(item["Key"]) for item in listed.get("Contents", [])]

    def remove(self, album: str, photo_id: str) -> None:
        """Be done with a photo's report."""
        self._s3.delete_object(Bucket=self._bucket, Key=f"{REPORT_PREFIX}{album}/{photo_id}")

    def _read(self, key: str) -> Report:
        with self._s3.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
            return Report(**json.loads(body.read()))
