"""What clients do all day: objects, versions, copies, multipart uploads, listings."""

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from services.local.s3 import LocalS3
from tests.local.conftest import make_client, refusal
from tests.local.signing import sign

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MIB = 1024 * 1024


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    """Return status and code of boto3's exception."""
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_put_get_head_delete(s3: "S3Client", bucket: str) -> None:
    """An object comes back with all that it was given."""
    s3.put_object(
        Bucket=bucket,
        Key="a",
        Body=b"0123456789",
        ContentType="text/plain; charset=utf-8",
        CacheControl="no-store",
        Metadata={"one": "1", "under_score": "2"},
        Tagging="k=v",
    )
    got = s3.get_object(Bucket=bucket, Key="a")
    assert got["Body"].read() == b"0123456789"
    assert got["ContentType"] == "text/plain; charset=utf-8"
    assert got["CacheControl"] == "no-store"
    assert got["Metadata"] == {"one": "1", "under_score": "2"}
    assert got["ETag"] == '"781e5e245d69b566979b86e28d23f2c7"'
    assert got["TagCount"] == 1
    assert s3.head_object(Bucket=bucket, Key="a")["ContentLength"] == 10
    part = s3.get_object(Bucket=bucket, Key="a", Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    s3.delete_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError) as gone:
        s3.get_object(Bucket=bucket, Key="a")
    assert code_of(gone) == (404, "NoSuchKey")
    with pytest.raises(ClientError) as gone:
        s3.head_object(Bucket=bucket, Key="a")
    assert code_of(gone) == (404, "404")


@pytest.mark.parametrize(
    "key",
    ["a b+c%.jpg", "日本/🏖.jpg", "/leading", "a//b", "ends/", "Ä" * 512, "&<>\"'", "a?b#c", "~"],
)
def test_any_key(s3: "S3Client", bucket: str, key: str) -> None:
    """A key is any text of up to 1,024 bytes, and means just itself."""
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == key.encode()
    s3.delete_object(Bucket=bucket, Key=key)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["copy"]


def test_a_body_is_never_taken_for_a_form(s3: "S3Client", bucket: str) -> None:
    """Bytes are bytes, whatever their content type says."""
    kind = "application/x-www-form-urlencoded"
    s3.put_object(Bucket=bucket, Key="a", Body=b"key=1&file=2", ContentType=kind)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"key=1&file=2"


def test_versions(s3: "S3Client", bucket: str) -> None:
    """Each write is a version; a delete hides them; a version is deleted for good."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (
        s3.put_object(Bucket=bucket, Key="a", Body=data)["VersionId"] for data in (b"1", b"2")
    )
    marker = s3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError) as hidden:
        s3.get_object(Bucket=bucket, Key="a")
    assert code_of(hidden) == (404, "NoSuchKey")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    listed = s3.list_object_versions(Bucket=bucket)
    assert [version["VersionId"] for version in listed["Versions"]] == [second, first]
    assert listed["DeleteMarkers"][0]["IsLatest"] is True
    s3.delete_object(Bucket=bucket, Key="a", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"2"
    s3.delete_object(Bucket=bucket, Key="a", VersionId=second)
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_copy_keeps_or_replaces_metadata(s3: "S3Client", bucket: str) -> None:
    """The directive decides."""
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ContentType="image/png", Metadata={"m": "1"})
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)  # type: ignore[arg-type]  # a literal
    s3.copy_object(
        Bucket=bucket,
        Key="new",
        CopySource=f"{bucket}/a",
        MetadataDirective="REPLACE",
        ContentType="image/gif",
    )
    kept, new = (s3.head_object(Bucket=bucket, Key=key) for key in ("kept", "new"))
    assert (kept["ContentType"], kept["Metadata"]) == ("image/png", {"m": "1"})
    assert (new["ContentType"], new["Metadata"]) == ("image/gif", {})


def test_a_copy_of_one_version(s3: "S3Client", bucket: str) -> None:
    """The version that is named is copied, whatever came after it."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource={"Bucket": bucket, "Key": "a", "VersionId": put["VersionId"]},
        CopySourceIfMatch=put["ETag"],
    )
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"1"
    with pytest.raises(ClientError) as missing:
        s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/none", CopySourceIfMatch="x")
    assert code_of(missing) == (404, "NoSuchKey")


def test_a_multipart_upload(s3: "S3Client", bucket: str) -> None:
    """boto3's own transfer of 12 MiB, in parts of 5 MiB, side by side."""
    body = bytes(range(256)) * (12 * MIB // 256)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "big", Config=config)
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["Body"].read() == body
    assert got["ETag"].endswith('-3"')
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_an_upload_that_is_not_there(s3: "S3Client", bucket: str) -> None:
    """An unknown or aborted upload takes no parts."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="a", UploadId=upload)
    with pytest.raises(ClientError) as missing:
        s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"x")
    assert code_of(missing) == (404, "NoSuchUpload")
    with pytest.raises(ClientError) as missing:
        s3.complete_multipart_upload(Bucket=bucket, Key="a", UploadId=upload)
    assert code_of(missing) == (404, "NoSuchUpload")


def test_many_deletes_in_one_request(s3: "S3Client", bucket: str) -> None:
    """DeleteObjects removes what it names and nothing else."""
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 3
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "c"}]})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]


def test_buckets(s3: "S3Client", bucket: str) -> None:
    """A bucket is made once, is not removed while it holds something, and then is gone."""
    with pytest.raises(ClientError) as twice:
        s3.create_bucket(Bucket=bucket)
    assert code_of(twice) == (409, "BucketAlreadyOwnedByYou")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    with pytest.raises(ClientError) as full:
        s3.delete_bucket(Bucket=bucket)
    assert code_of(full) == (409, "BucketNotEmpty")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError) as gone:
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert code_of(gone) == (404, "NoSuchBucket")
    with pytest.raises(ClientError) as gone:
        s3.list_objects_v2(Bucket=bucket)
    assert code_of(gone) == (404, "NoSuchBucket")


@pytest.mark.parametrize("name", ["ab", "Upper", "a_b_c", "a%00b", "...", "a..b", "-ab", "x" * 64])
def test_a_bucket_name_that_is_none(local_s3: LocalS3, name: str) -> None:
    """Names are S3's: lower case, digits, dots and hyphens."""
    assert refusal(sign(local_s3, "PUT", f"/{name}").send()) == (400, "InvalidBucketName")


def test_a_key_that_is_too_long(s3: "S3Client", bucket: str) -> None:
    """1,024 bytes are a key, one more is none."""
    with pytest.raises(ClientError) as long:
        s3.put_object(Bucket=bucket, Key="ü" * 512 + "x", Body=b"x")
    assert code_of(long) == (400, "KeyTooLongError")


def test_two_servers_in_one_process_are_two_worlds() -> None:
    """They may have buckets of the same name and see nothing of each other."""
    with LocalS3(None) as one, LocalS3(None) as other:
        clients = [make_client(one), make_client(other)]
        for number, client in enumerate(clients):
            client.create_bucket(Bucket="same")
            client.put_object(Bucket="same", Key="a", Body=b"%d" % number)
        bodies = [client.get_object(Bucket="same", Key="a")["Body"].read() for client in clients]
        assert bodies == [b"0", b"1"]


def test_the_aws_command_line(
    local_s3: LocalS3, s3: "S3Client", bucket: str, tmp_path: Path
) -> None:
    """`aws s3 cp` brings a small file and, in parts, a large one, and fetches it again."""
    environ = {
        "AWS_ACCESS_KEY_ID": local_s3.access_key_id,
        "AWS_SECRET_ACCESS_KEY": local_s3.secret_access_key,
        "AWS_DEFAULT_REGION": local_s3.region,
        "AWS_ENDPOINT_URL": local_s3.url,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
    }
    aws = [sys.executable, str(Path(sys.executable).with_name("aws")), "s3", "cp", "--no-progress"]
    folder = tmp_path / "from"
    folder.mkdir()
    (folder / "small ä.jpg").write_bytes(b"small")
    (folder / "large.bin").write_bytes(bytes(range(256)) * (9 * MIB // 256))
    remote = f"s3://{bucket}/uploads/"
    subprocess.run([*aws, "--recursive", str(folder), remote], env=environ, check=True)
    small = s3.get_object(Bucket=bucket, Key="uploads/small ä.jpg")
    assert (small["Body"].read(), small["ContentType"]) == (b"small", "image/jpeg")
    assert s3.head_object(Bucket=bucket, Key="uploads/large.bin")["ETag"].endswith('-2"')
    back = tmp_path / "back"
    subprocess.run([*aws, f"{remote}large.bin", str(back)], env=environ, check=True)
    assert back.read_bytes() == (folder / "large.bin").read_bytes()


def test_a_conditional_get(s3: "S3Client", bucket: str) -> None:
    """A browser that has the object already is told so."""
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["ETag"]
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    answer = httpx.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
