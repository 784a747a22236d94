"""Finding the objects of many photos with few listings."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


MAX_LISTINGS = 3  # of one kind in one request: neighbours, an older bunch, and a single one


class TooFarApartError(ValueError):
    """The photos lie so far apart that finding them would take too many listings."""


def find_by_photo_id(
    s3: "S3Client", bucket: str, prefix: str, photo_ids: Iterable[str]
) -> dict[str, str]:
    """Return photo id → first key for those ids that have an object under `prefix`.

    Ids in one request are mostly neighbours, so one listing of up to 1,000 keys finds them. Raises
    TooFarApartError where more than MAX_LISTINGS would be needed: each costs money.
    """
    ids = sorted(set(photo_ids))
    found: dict[str, str] = {}
    for _ in range(MAX_LISTINGS):
        if not ids:
            return found
        if len(ids) == 1:
            response = s3.list_objects_v2(Bucket=bucket, Prefix=prefix + ids[0], MaxKeys=1)
        else:
            # One character less sorts just before the first id.
            start = prefix + ids[0][:-1]
            response = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=start)
        listed = [item["Key"][len(prefix) :] for item in response.get("Contents", [])]
        wanted = set(ids)
        for name in listed:
            if (photo_id := name[: len(ids[0])]) in wanted:
                found.setdefault(photo_id, prefix + name)
        covered = listed[-1] if response.get("IsTruncated") and len(ids) > 1 else "~"
        ids = [photo_id for photo_id in ids if photo_id > covered]
    if ids:
        raise TooFarApartError
    return found
