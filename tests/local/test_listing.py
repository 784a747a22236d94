"""ListObjectsV2: order, prefixes, folders, pages, and that it follows every change."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.local.test_objects import code_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class TestListing:
    """ListObjectsV2."""

    KEYS = ("a", "b/1", "b/2", "b/c/3", "d", "é", "日")

    @pytest.fixture
    def listed(self, s3: "S3Client", bucket: str) -> str:
        """A bucket with keys in folders."""
        for key in reversed(self.KEYS):
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        return bucket

    def test_all_in_order(self, s3: "S3Client", listed: str) -> None:
        """Keys come in the order of their UTF-8 bytes, with size and ETag."""
        page = s3.list_objects_v2(Bucket=listed)
        assert tuple(item["Key"] for item in page["Contents"]) == self.KEYS
        assert page["KeyCount"] == 7
        assert page["IsTruncated"] is False
        assert page["Contents"][0]["Size"] == 1
        assert page["Contents"][0]["ETag"] == '"0cc175b9c0f1b6a831c399e269772661"'

    def test_start_after_and_prefix(self, s3: "S3Client", listed: str) -> None:
        """StartAfter need not exist; nothing outside the prefix is listed."""
        page = s3.list_objects_v2(Bucket=listed, Prefix="b/", StartAfter="b/1x")
        assert [item["Key"] for item in page["Contents"]] == ["b/2", "b/c/3"]
        assert s3.list_objects_v2(Bucket=listed, Prefix="b/", StartAfter="c")["KeyCount"] == 0
        assert s3.list_objects_v2(Bucket=listed, Prefix="nothing")["KeyCount"] == 0

    def test_folders(self, s3: "S3Client", listed: str) -> None:
        """A delimiter makes one common prefix of many keys, which counts as one."""
        page = s3.list_objects_v2(Bucket=listed, Delimiter="/")
        assert [item["Key"] for item in page["Contents"]] == ["a", "d", "é", "日"]
        assert [item["Prefix"] for item in page["CommonPrefixes"]] == ["b/"]
        assert page["KeyCount"] == 5

    @pytest.mark.parametrize("delimiter", ["", "/"])
    def test_pages(self, s3: "S3Client", listed: str, delimiter: str) -> None:
        """The pages together are the whole, in order and without repetition."""
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=listed, Delimiter=delimiter, PaginationConfig={"PageSize": 2}
        )
        seen = [
            entry
            for page in pages
            for entry in sorted(
                [item["Key"] for item in page.get("Contents", [])]
                + [item["Prefix"] for item in page.get("CommonPrefixes", [])]
            )
        ]
        assert seen == (list(self.KEYS) if not delimiter else ["a", "b/", "d", "é", "日"])

    def test_bounds(self, s3: "S3Client", listed: str) -> None:
        """No keys may be asked for, and at most 1,000; a made-up token is refused."""
        none = s3.list_objects_v2(Bucket=listed, MaxKeys=0)
        assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
        assert s3.list_objects_v2(Bucket=listed, MaxKeys=5000)["MaxKeys"] == 1000
        with pytest.raises(ClientError) as made_up:
            s3.list_objects_v2(Bucket=listed, ContinuationToken="%%%")
        assert code_of(made_up) == (400, "InvalidArgument")
        with pytest.raises(ClientError) as negative:
            s3.list_objects_v2(Bucket=listed, MaxKeys=-1)
        assert code_of(negative) == (400, "InvalidArgument")

    def test_it_follows_every_change(self, s3: "S3Client", listed: str) -> None:
        """The index that listings read knows puts, deletes, copies and joined uploads."""
        s3.list_objects_v2(Bucket=listed)
        s3.delete_object(Bucket=listed, Key="b/1")
        s3.copy_object(Bucket=listed, Key="b/0", CopySource=f"{listed}/a")
        upload = s3.create_multipart_upload(Bucket=listed, Key="b/9")["UploadId"]
        part = s3.upload_part(Bucket=listed, Key="b/9", UploadId=upload, PartNumber=1, Body=b"x")
        before = s3.list_objects_v2(Bucket=listed, Prefix="b/")["Contents"]
        assert [item["Key"] for item in before] == ["b/0", "b/2", "b/c/3"]
        s3.complete_multipart_upload(
            Bucket=listed,
            Key="b/9",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
        s3.delete_objects(Bucket=listed, Delete={"Objects": [{"Key": "b/2"}]})
        after = s3.list_objects_v2(Bucket=listed, Prefix="b/")["Contents"]
        assert [item["Key"] for item in after] == ["b/0", "b/9", "b/c/3"]


def test_lists_and_writes_side_by_side(s3: "S3Client", bucket: str) -> None:
    """Listings during writes never fail and end complete."""

    def work(number: int) -> int:
        s3.put_object(Bucket=bucket, Key=f"{number:03}", Body=b"x")
        return s3.list_objects_v2(Bucket=bucket)["KeyCount"]

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(work, range(40)))
    assert max(counts) == 40
