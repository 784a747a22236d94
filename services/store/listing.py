"""Finding the objects of many photos with few listings."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def find_by_photo_id(
    s3: "S3Client", bucket: str, prefix: str, photo_ids: Iterable[str]
) -> dict[str, str]:
    """Return photo id → first key for those ids that have an object under `prefix`.

    Ids in one request are mostly neighbours, so one listing of up to 1,000 keys finds them; ids beyond
    it take a listing each.
    """
    ids = sorted(set(photo_ids))
    found: dict[str, str] = {}
    covered = ""
    if len(ids) > 1:
        # One character less sorts just before the first id.
        response = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=prefix + ids[0][:-1])
        listed = [item["Key"] for item in response.get("Contents", [])]
        covered = listed[-1][len(prefix) :] if response.get("IsTruncated") else "~"
        for key in listed:
            found.setdefault(key[len(prefix) :][: len(ids[0])], key)
    for photo_id in ids:
        if photo_id > covered:
            response = s3.list_objects_v2(Bucket=bucket, Prefix=prefix + photo_id, MaxKeys=1)
            for item in response.get("Contents", []):
                found[photo_id] = item["Key"]
    return {photo_id: found[photo_id] for photo_id in ids if photo_id in found}
