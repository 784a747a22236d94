"""What was acknowledged is there after a restart, as it was."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from services.local.s3 import LocalS3
from tests.local.bucket_settings import configure
from tests.local.conftest import make_client

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def files(folder: Path, ending: str) -> list[Path]:
    """Return the files below a folder with that ending."""
    return sorted(folder.rglob(f"*{ending}"))


def visible(answer: Any) -> Any:
    """Return an answer of boto3 without what differs from call to call."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def restarted(folder: Path, look: Callable[["S3Client"], Any]) -> Any:
    """Start a server on a folder, look, and stop it."""
    with LocalS3(folder) as server:
        return look(make_client(server))


def test_objects_come_back_as_they_were(tmp_path: Path) -> None:
    """Bytes, ETag, time, headers, metadata and tags, under keys of any kind."""
    keys = ["a", "A", "ä/../ 日本.jpg", "/", "x" * 1024, "Ü" * 512, "a.json", ".lock"]
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        for key in keys:
            s3.put_object(
                Bucket="bucket",
                Key=key,
                Body=key.encode() * 3,
                ContentType="image/webp",
                CacheControl="public, max-age=31536000, immutable",
                ContentDisposition="inline",
                Metadata={"name": "a%20b"},
                Tagging="k=v",
            )
        before = [look_at(s3, key) for key in keys]
        moments = [file for file in files(tmp_path, ".json") if file.name != "bucket.json"]
        exact = [
            json.loads(file.read_text())["model"]["last_modified"]["value"] for file in moments
        ]
    after = restarted(tmp_path, lambda s3: [look_at(s3, key) for key in keys])
    assert after == before
    assert after[0][1] == b"aaa"
    assert all(datetime.fromisoformat(moment).tzinfo in (None, UTC) for moment in exact)
    assert any(datetime.fromisoformat(moment).microsecond % 1000 for moment in exact)


def look_at(s3: "S3Client", key: str) -> tuple[Any, bytes, Any]:
    """Return all that an object shows."""
    got = s3.get_object(Bucket="bucket", Key=key)
    body = got.pop("Body").read()  # type: ignore[misc]  # the rest is compared without it
    tags = s3.get_object_tagging(Bucket="bucket", Key=key)["TagSet"]
    return visible(got), body, tags


def test_versions_and_delete_markers_come_back(tmp_path: Path) -> None:
    """Their ids, their order and which one is the latest."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"1", b"2", b"3"):
            s3.put_object(Bucket="bucket", Key="a", Body=body)
        s3.put_object(Bucket="bucket", Key="b", Body=b"1")
        s3.delete_object(Bucket="bucket", Key="b")
        before = visible(s3.list_object_versions(Bucket="bucket"))
    assert len(before["Versions"]) == 4

    def look(s3: "S3Client") -> None:
        assert visible(s3.list_object_versions(Bucket="bucket")) == before
        bodies = [
            s3.get_object(Bucket="bucket", Key="a", VersionId=version["VersionId"])["Body"].read()
            for version in before["Versions"]
            if version["Key"] == "a"
        ]
        assert bodies == [b"3", b"2", b"1"]
        assert [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a"]
        s3.delete_object(
            Bucket="bucket", Key="b", VersionId=before["DeleteMarkers"][0]["VersionId"]
        )
        assert s3.get_object(Bucket="bucket", Key="b")["Body"].read() == b"1"

    restarted(tmp_path, look)
    restarted(tmp_path, lambda s3: s3.head_object(Bucket="bucket", Key="b"))


def test_configuration_comes_back(tmp_path: Path) -> None:
    """Everything that deployment sets on a bucket."""

    def look(s3: "S3Client") -> list[Any]:
        return [
            visible(ask(Bucket="bucket"))
            for ask in (
                s3.get_bucket_versioning,
                s3.get_bucket_cors,
                s3.get_bucket_lifecycle_configuration,
                s3.get_bucket_notification_configuration,
                s3.get_bucket_policy,
                s3.get_public_access_block,
                s3.get_bucket_encryption,
                s3.get_bucket_ownership_controls,
                s3.get_bucket_tagging,
                s3.get_bucket_location,
                s3.get_bucket_acl,
            )
        ]

    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        configure(s3)
        before = look(s3)
    assert before[1]["CORSRules"][0]["ExposeHeaders"] == ["ETag", "Location"]
    assert before[3]["QueueConfigurations"][0]["Events"] == ["s3:ObjectCreated:*"]
    assert restarted(tmp_path, look) == before


def test_a_multipart_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    """The parts that were sent need not be sent again."""
    five = b"5" * (5 * 1024 * 1024)
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        upload = s3.create_multipart_upload(
            Bucket="bucket", Key="a", ContentType="image/gif", Metadata={"m": "1"}
        )["UploadId"]
        first = s3.upload_part(Bucket="bucket", Key="a", UploadId=upload, PartNumber=1, Body=five)[
            "ETag"
        ]
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        parts = s3.list_parts(Bucket="bucket", Key="a", UploadId=upload)["Parts"]
        assert [(part["PartNumber"], part["ETag"]) for part in parts] == [(1, first)]
        second = s3.upload_part(
            Bucket="bucket", Key="a", UploadId=upload, PartNumber=2, Body=b"end"
        )["ETag"]
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.complete_multipart_upload(
            Bucket="bucket",
            Key="a",
            UploadId=upload,
            MultipartUpload={
                "Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
            },
        )
    assert not files(tmp_path / "bucket" / "uploads", "")

    def look(s3: "S3Client") -> None:
        got = s3.get_object(Bucket="bucket", Key="a")
        assert got["Body"].read() == five + b"end"
        assert (got["ContentType"], got["Metadata"]) == ("image/gif", {"m": "1"})

    restarted(tmp_path, look)


def test_what_is_deleted_leaves_no_file(tmp_path: Path) -> None:
    """Objects, overwritten bytes, aborted uploads and buckets are gone from the disk."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        for body in (b"1", b"2"):
            s3.put_object(Bucket="bucket", Key="a", Body=body)
        (data,) = files(tmp_path, ".data")
        assert data.read_bytes() == b"2"
        for key in ("b", "c"):
            s3.put_object(Bucket="bucket", Key=key, Body=b"x")
        s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
        assert files(tmp_path, ".data") == [data]
        upload = s3.create_multipart_upload(Bucket="bucket", Key="m")["UploadId"]
        s3.upload_part(Bucket="bucket", Key="m", UploadId=upload, PartNumber=1, Body=b"x")
        assert len(files(tmp_path, ".data")) == 2
        s3.abort_multipart_upload(Bucket="bucket", Key="m", UploadId=upload)
        s3.delete_object(Bucket="bucket", Key="a")
        assert files(tmp_path, ".data") == []
        s3.delete_bucket(Bucket="bucket")
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_a_changed_tag_is_kept_with_the_same_bytes(tmp_path: Path) -> None:
    """A change of what is said about an object rewrites its record alone."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="a", Body=b"1")
        before = files(tmp_path, ".data")
        s3.put_object_tagging(
            Bucket="bucket", Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
        )
        assert files(tmp_path, ".data") == before

    def look(s3: "S3Client") -> None:
        assert s3.get_object(Bucket="bucket", Key="a")["Body"].read() == b"1"
        tags = s3.get_object_tagging(Bucket="bucket", Key="a")["TagSet"]
        assert tags == [{"Key": "k", "Value": "v"}]

    restarted(tmp_path, look)


def test_bytes_stay_on_disk(tmp_path: Path) -> None:
    """An object takes no memory but what its record takes."""
    with LocalS3(tmp_path) as server:
        s3 = make_client(server)
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="a", Body=b"x" * 1000)
        (data,) = files(tmp_path, ".data")
        data.write_bytes(b"y" * 1000)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a"})
        assert httpx.get(url).content == b"y" * 1000
