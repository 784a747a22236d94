"""Objects: versions, conditional writes and their races, listings, copies, parts, odd keys."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from services.store.client import is_error
from tests.s3.answers import code_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FAILED = (412, "PreconditionFailed")
MIB = 1 << 20


def read(s3: "S3Client", bucket: str, key: str, **which: Any) -> bytes:
    """Return an object's bytes."""
    return s3.get_object(Bucket=bucket, Key=key, **which)["Body"].read()


def listed(s3: "S3Client", bucket: str, **which: Any) -> list[str]:
    """Return the keys of one page."""
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, **which).get("Contents", [])]


class TestVersions:
    """A bucket that keeps them."""

    def test_a_version_is_read_and_deleted_by_its_id(self, s3: "S3Client", versioned: str) -> None:
        """The others stay; the newest that is left is the object; twice is once."""
        ids = [
            s3.put_object(Bucket=versioned, Key="a", Body=b"%d" % n)["VersionId"] for n in range(3)
        ]
        assert read(s3, versioned, "a", VersionId=ids[0]) == b"0"
        for version_id in (ids[2], ids[2], ids[0]):
            s3.delete_object(Bucket=versioned, Key="a", VersionId=version_id)
        assert read(s3, versioned, "a") == b"1"
        with pytest.raises(ClientError) as gone:
            read(s3, versioned, "a", VersionId=ids[0])
        assert code_of(gone) in ((404, "NoSuchVersion"), (404, "NoSuchKey"))

    def test_a_delete_hides_and_keeps(self, s3: "S3Client", versioned: str) -> None:
        """Behind the delete marker the version stays; the marker's own deletion shows it again."""
        put = s3.put_object(Bucket=versioned, Key="a", Body=b"x")
        marker = s3.delete_object(Bucket=versioned, Key="a")
        assert marker["DeleteMarker"] is True
        with pytest.raises(ClientError) as hidden:
            s3.head_object(Bucket=versioned, Key="a")
        assert code_of(hidden) == (404, "404")
        assert listed(s3, versioned) == []
        assert read(s3, versioned, "a", VersionId=put["VersionId"]) == b"x"
        s3.delete_object(Bucket=versioned, Key="a", VersionId=marker["VersionId"])
        assert read(s3, versioned, "a") == b"x"

    @pytest.mark.parametrize(
        "keys", [("c/1", "b", "a"), ("b", "a/1", "a")], ids=["plain", "in-anothers-folder"]
    )
    def test_a_listing_of_versions(
        self, s3: "S3Client", versioned: str, keys: tuple[str, ...]
    ) -> None:
        """Every version on pages of two, by key and newest first, with markers apart."""
        wanted: list[tuple[str, str]] = []
        for key in keys:
            ids = [s3.put_object(Bucket=versioned, Key=key)["VersionId"] for _ in range(3)]
            wanted = [(key, version_id) for version_id in reversed(ids)] + wanted
        s3.delete_object(Bucket=versioned, Key="b")
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned, PaginationConfig={"PageSize": 2}
        )
        found = list(pages)
        versions = [(v["Key"], v["VersionId"]) for page in found for v in page.get("Versions", [])]
        assert versions == wanted
        assert [m["Key"] for page in found for m in page.get("DeleteMarkers", [])] == ["b"]

    def test_without_versions_the_id_is_null(self, s3: "S3Client", bucket: str) -> None:
        """A bucket that keeps none lists each object as its only version."""
        s3.put_object(Bucket=bucket, Key="a")
        (version,) = s3.list_object_versions(Bucket=bucket)["Versions"]
        assert (version["Key"], version["VersionId"]) == ("a", "null")

    def test_a_first_write_after_a_delete(self, s3: "S3Client", versioned: str) -> None:
        """A delete marker counts as nothing."""
        s3.put_object(Bucket=versioned, Key="a", Body=b"1", IfNoneMatch="*")
        s3.delete_object(Bucket=versioned, Key="a")
        s3.put_object(Bucket=versioned, Key="a", Body=b"2", IfNoneMatch="*")
        assert read(s3, versioned, "a") == b"2"


class TestConditions:
    """Writes and deletes that expect something."""

    def test_a_write_only_where_nothing_is(self, s3: "S3Client", bucket: str) -> None:
        """If-None-Match: * writes once."""
        s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")
        with pytest.raises(ClientError) as second:
            s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
        assert code_of(second) == FAILED
        assert read(s3, bucket, "a") == b"1"

    def test_a_write_over_what_is_known(self, s3: "S3Client", bucket: str) -> None:
        """If-Match replaces just that object, and makes none."""
        etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
        s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfMatch=etag)
        with pytest.raises(ClientError) as changed:
            s3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=etag)
        assert code_of(changed) == FAILED
        assert read(s3, bucket, "a") == b"2"
        with pytest.raises(ClientError):
            s3.put_object(Bucket=bucket, Key="missing", Body=b"3", IfMatch=etag)
        assert listed(s3, bucket) == ["a"]

    def test_a_delete_of_what_is_known(self, s3: "S3Client", bucket: str) -> None:
        """If-Match deletes just that object."""
        etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
        with pytest.raises(ClientError) as changed:
            s3.delete_object(Bucket=bucket, Key="a", IfMatch='"0cc175b9c0f1b6a831c399e269772661"')
        assert code_of(changed) == FAILED
        s3.delete_object(Bucket=bucket, Key="a", IfMatch=etag)
        assert listed(s3, bucket) == []

    @pytest.mark.parametrize("known", [False, True], ids=["first", "next"])
    def test_of_racing_writers_one_wins(self, s3: "S3Client", bucket: str, *, known: bool) -> None:
        """Of eight writers to a key that expect the same, one writes; two keys in turn."""

        def write(key: str, number: int, condition: dict[str, Any]) -> int | None:
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=b"%d" % number, **condition)
            except ClientError as error:
                if not is_error(error, "PreconditionFailed", "ConditionalRequestConflict"):
                    raise
                return None
            return number

        with ThreadPoolExecutor(8) as pool:
            for key in ("a", "b"):
                condition = {"IfNoneMatch": "*"}
                if known:
                    condition = {"IfMatch": s3.put_object(Bucket=bucket, Key=key)["ETag"]}
                written = pool.map(lambda n, k=key, c=condition: write(k, n, c), range(8))
                winners = [number for number in written if number is not None]
                assert len(winners) == 1
                assert read(s3, bucket, key) == b"%d" % winners[0]


class TestListing:
    """ListObjectsV2."""

    @pytest.mark.parametrize(
        "keys",
        [("a/1", "a/2", "b/c/3", "d", "é", "日"), ("a-b", "a/b", "a0")],
        ids=["plain", "minus"],
    )
    def test_order(self, s3: "S3Client", bucket: str, keys: tuple[str, ...]) -> None:
        """Keys come in the order of their UTF-8 bytes, whole and page by page."""
        for key in reversed(keys):
            s3.put_object(Bucket=bucket, Key=key)
        assert tuple(listed(s3, bucket)) == keys
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 2}
        )
        assert tuple(item["Key"] for page in pages for item in page["Contents"]) == keys

    def test_after_a_cursor(self, s3: "S3Client", bucket: str) -> None:
        """StartAfter need not exist; nothing outside the prefix comes; more is told of."""
        for key in ("i/a/1", "i/a/2", "i/a/3", "i/b/1"):
            s3.put_object(Bucket=bucket, Key=key)
        assert listed(s3, bucket, Prefix="i/a/", StartAfter="i/a/1x") == ["i/a/2", "i/a/3"]
        assert listed(s3, bucket, Prefix="i/a/", StartAfter="i/a/3") == []
        assert listed(s3, bucket, Prefix="i/a/", StartAfter="h") == ["i/a/1", "i/a/2", "i/a/3"]
        assert listed(s3, bucket, Prefix="i/a") == ["i/a/1", "i/a/2", "i/a/3"]
        page = s3.list_objects_v2(Bucket=bucket, Prefix="i/a/", StartAfter="i/a/1", MaxKeys=1)
        assert (page["KeyCount"], page["IsTruncated"]) == (1, True)
        page = s3.list_objects_v2(Bucket=bucket, Prefix="i/a/", StartAfter="i/a/2", MaxKeys=1)
        assert (page["KeyCount"], page["IsTruncated"]) == (1, False)

    def test_while_others_write(self, s3: "S3Client", bucket: str) -> None:
        """What stood before comes once, in order; what was written is listed at once."""
        before = [f"i/{number:04}" for number in range(0, 200, 2)]

        def write(number: int) -> list[str]:
            key = f"i/{number:04}"
            s3.put_object(Bucket=bucket, Key=key)
            return listed(s3, bucket, Prefix=key)

        def walk() -> list[str]:
            found: list[str] = []
            for _ in range(100):
                after = found[-1] if found else "i/"
                page = listed(s3, bucket, Prefix="i/", MaxKeys=7, StartAfter=after)
                if not page:
                    break
                found += page
            return found

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(0, 200, 2)))
            writes = [pool.submit(write, number) for number in range(1, 200, 2)]
            walks = [pool.submit(walk).result() for _ in range(3)]
            assert [w.result() for w in writes] == [[f"i/{n:04}"] for n in range(1, 200, 2)]
        for found in walks:
            assert found == sorted(set(found))
            assert set(found) >= set(before)
        assert walk() == [f"i/{number:04}" for number in range(200)]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("uploads/a b+c%2F~ä/日本/#?&,;=@'\"<>😀.jpg", id="signs"),
        pytest.param("uploads/a\\b", id="backslash"),
        pytest.param("uploads/a//b", id="empty-segment"),
        pytest.param("uploads/folder/", id="ends-in-slash"),
        pytest.param("uploads/./../b", id="dots"),
        pytest.param("uploads/a\x01\tb", id="control"),
        pytest.param("/".join(["s" * 255] * 4), id="segments-of-255"),
        pytest.param("ä" * 512, id="one-segment-of-1024"),
    ],
)
def test_any_key(s3: "S3Client", versioned: str, key: str) -> None:
    """A key is any text of up to 1,024 bytes: put, listed, copied, deleted, it is just itself."""
    put = s3.put_object(Bucket=versioned, Key=key, Body=b"x")
    assert read(s3, versioned, key) == b"x"
    assert listed(s3, versioned) == [key]
    source: Any = {"Bucket": versioned, "Key": key, "VersionId": put["VersionId"]}
    s3.copy_object(Bucket=versioned, Key="copy", CopySource=source)
    s3.delete_object(Bucket=versioned, Key=key, VersionId=put["VersionId"])
    assert listed(s3, versioned) == ["copy"]


def test_a_key_that_is_anothers_folder(s3: "S3Client", bucket: str) -> None:
    """Slashes are part of the name: `a` and `a/b` stand side by side, in whatever order written."""
    for keys in (("a", "a/b"), ("c/d", "c")):
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert listed(s3, bucket) == ["a", "a/b", "c", "c/d"]
    assert [read(s3, bucket, key).decode() for key in ("a", "a/b", "c", "c/d")] == listed(
        s3, bucket
    )


def test_a_key_that_is_too_long(s3: "S3Client", bucket: str) -> None:
    """1,024 bytes are a key, one more is none."""
    with pytest.raises(ClientError) as long:
        s3.put_object(Bucket=bucket, Key="/".join(["s" * 255] * 4) + "ab")
    assert code_of(long)[0] == 400


def test_metadata(s3: "S3Client", bucket: str) -> None:
    """2 KB come back as they were."""
    metadata = {"name": "%C3%A4" * 200, "spaces": "two  spaces", "rest": "r" * 800}
    s3.put_object(Bucket=bucket, Key="a", Metadata=metadata)
    assert s3.head_object(Bucket=bucket, Key="a")["Metadata"] == metadata


def test_a_copy_of_one_version(s3: "S3Client", versioned: str) -> None:
    """The version that is named is copied with type and metadata, whatever came after; tags stay."""
    put = s3.put_object(
        Bucket=versioned, Key="a", Body=b"1", ContentType="image/png", Metadata={"name": "n"},
        Tagging="a=1",
    )  # fmt: skip
    s3.put_object(Bucket=versioned, Key="a", Body=b"2")
    source: Any = {"Bucket": versioned, "Key": "a", "VersionId": put["VersionId"]}
    s3.copy_object(Bucket=versioned, Key="b", CopySource=source, TaggingDirective="REPLACE")
    copy = s3.get_object(Bucket=versioned, Key="b")
    assert copy["Body"].read() == b"1"
    assert (copy["ContentType"], copy["Metadata"]) == ("image/png", {"name": "n"})
    assert s3.get_object_tagging(Bucket=versioned, Key="b")["TagSet"] == []


class TestMultipart:
    """Uploads in parts."""

    def test_parts_make_one_object(self, s3: "S3Client", versioned: str, tmp_path: Path) -> None:
        """boto3's own transfer of 12 MiB, parts side by side: one version, with its metadata."""
        path = tmp_path / "large"
        path.write_bytes(bytes(range(256)) * (12 * MIB // 256))
        parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
        extra = {"Metadata": {"name": "n"}, "ContentType": "image/png"}
        s3.upload_file(str(path), versioned, "a", ExtraArgs=extra, Config=parts)
        got = s3.get_object(Bucket=versioned, Key="a")
        assert (got["Metadata"], got["ContentType"]) == ({"name": "n"}, "image/png")
        assert got["Body"].read() == path.read_bytes()
        assert len(s3.list_object_versions(Bucket=versioned)["Versions"]) == 1

    def test_nothing_is_there_until_the_end(self, s3: "S3Client", bucket: str) -> None:
        """Parts alone are no object; aborted, they take no more and leave nothing."""
        upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
        s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")
        assert listed(s3, bucket) == []
        s3.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=upload)
        with pytest.raises(ClientError) as aborted:
            s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=2, Body=b"x")
        assert code_of(aborted) == (404, "NoSuchUpload")
        assert listed(s3, bucket) == []

    def test_a_condition_at_the_end(self, s3: "S3Client", bucket: str) -> None:
        """Completing is a write like any other."""
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"2")
        with pytest.raises(ClientError) as failed:
            s3.complete_multipart_upload(
                Bucket=bucket,
                Key="a",
                UploadId=upload,
                IfNoneMatch="*",
                MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
            )
        assert code_of(failed) == FAILED
        assert read(s3, bucket, "a") == b"1"
