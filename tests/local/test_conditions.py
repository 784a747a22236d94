"""Conditional writes, copies and deletes."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from services.local.s3 import LocalS3
from services.store.client import is_error
from tests.local.conftest import refusal
from tests.local.signing import sign
from tests.local.test_objects import code_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FAILED = (412, "PreconditionFailed")
MISSING = (404, "NoSuchKey")


def test_a_write_only_where_nothing_is(s3: "S3Client", bucket: str) -> None:
    """If-None-Match: * writes once."""
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as second:
        s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    assert code_of(second) == FAILED
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_a_delete_marker_is_nothing(s3: "S3Client", bucket: str) -> None:
    """Where the newest version is deleted, a first write may come again."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"2"


def test_a_write_over_what_is_known(s3: "S3Client", bucket: str) -> None:
    """If-Match writes over just that object."""
    with pytest.raises(ClientError) as missing:
        s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfMatch='"0"')
    assert code_of(missing) == MISSING
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfMatch=etag)
    with pytest.raises(ClientError) as changed:
        s3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=etag)
    assert code_of(changed) == FAILED
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"2"


def test_another_if_none_match_is_refused(local_s3: LocalS3, bucket: str) -> None:
    """S3 takes only the star there."""
    put = sign(local_s3, "PUT", f"/{bucket}/a", b"x", headers={"If-None-Match": '"etag"'})
    assert refusal(put.send()) == (501, "NotImplemented")


def test_a_delete_of_what_is_known(s3: "S3Client", bucket: str) -> None:
    """If-Match deletes just that object, or any with a star."""
    with pytest.raises(ClientError) as missing:
        s3.delete_object(Bucket=bucket, Key="a", IfMatch="*")
    assert code_of(missing) == MISSING
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    with pytest.raises(ClientError) as changed:
        s3.delete_object(Bucket=bucket, Key="a", IfMatch='"other"')
    assert code_of(changed) == FAILED
    s3.delete_object(Bucket=bucket, Key="a", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="b", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="b", IfMatch="*")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_conditional_delete_of_a_delete_marker(s3: "S3Client", bucket: str) -> None:
    """There is nothing to match."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError) as hidden:
        s3.delete_object(Bucket=bucket, Key="a", IfMatch="*")
    assert code_of(hidden) == FAILED


def test_conditions_of_a_copy(s3: "S3Client", bucket: str) -> None:
    """They may be about the source and about the target."""
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ETag"]
    source = f"{bucket}/a"
    for refused in ({"CopySourceIfMatch": '"other"'}, {"CopySourceIfNoneMatch": etag}):
        with pytest.raises(ClientError) as failed:
            s3.copy_object(Bucket=bucket, Key="b", CopySource=source, **refused)  # type: ignore[arg-type]  # one of two
        assert code_of(failed) == FAILED
    s3.copy_object(
        Bucket=bucket, Key="b", CopySource=source, CopySourceIfMatch=etag, IfNoneMatch="*"
    )
    with pytest.raises(ClientError) as failed:
        s3.copy_object(Bucket=bucket, Key="b", CopySource=source, IfNoneMatch="*")
    assert code_of(failed) == FAILED


def test_conditions_of_a_joined_upload(s3: "S3Client", bucket: str) -> None:
    """The end of a multipart upload is a write like any other."""
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
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_of_many_writers_one_wins(s3: "S3Client", bucket: str) -> None:
    """Sixteen writers to one new key: one writes, fifteen are told that it is there."""

    def write(number: int) -> int | None:
        try:
            s3.put_object(Bucket=bucket, Key="a", Body=b"%d" % number, IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            return None if is_error(error, "PreconditionFailed") else -1
        return number

    with ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(write, range(16)) if number is not None]
    assert len(winners) == 1
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"%d" % winners[0]
