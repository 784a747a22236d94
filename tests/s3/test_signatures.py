"""Who holds no key, or changes what was signed, gets nothing."""

import base64
import contextlib
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from services.store.signing import GetSigner
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.s3.answers import refusal
from tests.s3.conftest import Server

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Signer(S3SigV4Auth):
    """Signs at another time, or for a body that it does not look at."""

    offset = timedelta()
    content_sha256: str | None = None

    def payload(self, request: AWSRequest) -> str:
        """Return what the signature says of the body."""
        return self.content_sha256 or super().payload(request)

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        moment = datetime.now(UTC) + self.offset
        request.context["timestamp"] = f"{moment:%Y%m%dT%H%M%SZ}"
        super()._modify_request_before_signing(request)  # type: ignore[misc] # not in the stubs


def sign(
    url: str,
    body: bytes = b"",
    *,
    method: str = "PUT",
    key_id: str = ACCESS_KEY_ID,
    secret: str = SECRET_ACCESS_KEY,
    headers: dict[str, str] | None = None,
    offset: timedelta = timedelta(),
    content_sha256: str | None = None,
) -> httpx.Request:
    """Return a request signed in its header."""
    request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    signer = Signer(Credentials(key_id, secret), "s3", "us-east-1")
    signer.offset, signer.content_sha256 = offset, content_sha256
    signer.add_auth(request)
    return httpx.Request(method, url, headers=dict(request.headers.items()), content=body)


def send(request: httpx.Request) -> httpx.Response:
    """Send it."""
    with httpx.Client() as client:
        return client.send(request)


@pytest.fixture
def url(server: Server, bucket: str) -> str:
    """The address of an object that is there."""
    server.s3.put_object(Bucket=bucket, Key="key", Body=b"secret", CacheControl="max-age=9")
    return f"{server.url}/{bucket}/key"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unsigned_request_is_refused(url: str, method: str) -> None:
    """Objects and buckets are nobody's who has no key."""
    for address in (url, url.removesuffix("/key")):
        assert refusal(httpx.request(method, address)) == (403, "AccessDenied")
    assert send(sign(url, method="GET")).content == b"secret"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key_id": "somebody"}, "InvalidAccessKeyId"),
        ({"secret": "guess"}, "SignatureDoesNotMatch"),
    ],
)
def test_other_credentials_are_refused(url: str, wrong: dict[str, str], code: str) -> None:
    """By S3's code for each."""
    assert refusal(send(sign(url, b"x", **wrong))) == (403, code)  # type: ignore[arg-type] # strings all


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_off_is_refused(url: str, minutes: int) -> None:
    """A header's signature lives for a quarter of an hour, either way."""
    answer = send(sign(url, b"x", offset=timedelta(minutes=minutes)))
    assert refusal(answer) == (403, "RequestTimeTooSkewed")


def test_what_was_changed_after_signing_is_refused(url: str) -> None:
    """Method, path, query and signed headers are what was signed, or nothing."""
    signed = sign(url, b"x", headers={"x-amz-meta-a": "1"})
    header = {**signed.headers, "x-amz-meta-a": "2"}
    for changed in (
        httpx.Request("DELETE", url, headers=signed.headers, content=b"x"),
        httpx.Request("PUT", f"{url}2", headers=signed.headers, content=b"x"),
        httpx.Request("PUT", f"{url}?more=1", headers=signed.headers, content=b"x"),
        httpx.Request("PUT", url, headers=header, content=b"x"),
    ):
        assert send(changed).status_code in (403, 501)  # the second is Ceph's word for one of them
    assert send(sign(url, method="GET")).content == b"secret"


@pytest.mark.parametrize("way", ["signed", "md5", "crc32", "trailer"])
def test_a_body_that_was_damaged_is_refused(url: str, way: str) -> None:
    """The signature's hash and each checksum that a client may send along is held against it."""
    good, bad = (base64.b64encode(zlib.crc32(b).to_bytes(4, "big")).decode() for b in (b"x", b"y"))
    if way == "signed":
        signed = sign(url, b"x")
        request = httpx.Request("PUT", url, headers=signed.headers, content=b"y")
    elif way == "md5":
        request = sign(url, b"y", headers={"Content-MD5": "nd0FThDcDKK4mNCi6VcU+g=="})
    elif way == "crc32":
        request = sign(url, b"y", headers={"x-amz-checksum-crc32": good})
    else:
        assert send(trailing(url, b"x", good)).status_code == 200
        assert send(sign(url, method="GET")).content == b"x"
        request = trailing(url, b"x", bad)
    assert send(request).status_code == 400
    assert send(sign(url, method="GET")).content in (b"secret", b"x")


def trailing(url: str, body: bytes, checksum: str) -> httpx.Request:
    """Return a PUT as SDKs send a stream: its checksum comes after the body."""
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    signed = sign(url, headers=headers, content_sha256=kind)
    end = f"\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
    content = f"{len(body):x}\r\n".encode() + body + end
    del signed.headers["content-length"]
    return httpx.Request("PUT", url, headers=signed.headers, content=content)


def get_signer(server: Server, bucket: str, now: datetime) -> GetSigner:
    """Return the product's own signer of GETs, for windows of an hour."""
    credentials = server.session.get_credentials
    return GetSigner(bucket, "us-east-1", server.url, True, 3600, credentials, lambda: now)


def test_a_presigned_get(server: Server, bucket: str, url: str) -> None:
    """Browsers get bytes, ranges, a name to save under, and the news that nothing is new."""
    del url
    signer = get_signer(server, bucket, datetime.now(UTC))
    got = httpx.get(signer.url("key"))
    assert (got.status_code, got.content) == (200, b"secret")
    assert got.headers["cache-control"] == "max-age=9"
    part = httpx.get(signer.url("key"), headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"ecr")
    known = httpx.get(signer.url("key"), headers={"If-None-Match": got.headers["ETag"]})
    assert known.status_code == 304
    saved = httpx.get(signer.url("key", download_as="Sea ä.jpg"))
    assert "filename*=UTF-8''Sea%20%C3%A4.jpg" in saved.headers["content-disposition"]
    assert refusal(httpx.get(signer.url("other"))) == (404, "NoSuchKey")


def test_a_presigned_get_is_for_one_object_and_time(server: Server, bucket: str, url: str) -> None:
    """Another key, method, life or name to save under is refused, and so is what has ended."""
    server.s3.put_object(Bucket=bucket, Key="kez", Body=b"other")
    now = datetime.now(UTC)
    good = get_signer(server, bucket, now).url("key", download_as="a")
    changed = {
        good.replace("/key?", "/kez?"),
        good.replace("X-Amz-Expires=7200", "X-Amz-Expires=72000"),
        good.replace("filename", "Filename"),
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        url,
    }
    assert len(changed - {good}) == 5
    assert httpx.get(good).status_code == 200
    assert {address: httpx.get(address).status_code for address in changed} == dict.fromkeys(
        changed, 403
    )
    assert httpx.delete(good).status_code == 403
    ended = get_signer(server, bucket, now - timedelta(hours=3)).url("key")
    assert refusal(httpx.get(ended)) == (403, "AccessDenied")


def test_an_acl_opens_nothing(s3: "S3Client", server: Server, bucket: str) -> None:
    """Where the bucket's owner is enforced, as provisioned, nobody reads what an ACL opens."""
    rules: Any = [{"ObjectOwnership": "BucketOwnerEnforced"}]
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})
    with contextlib.suppress(ClientError):
        s3.put_object(Bucket=bucket, Key="open", Body=b"x", ACL="public-read")
    assert httpx.get(f"{server.url}/{bucket}/open").status_code in (403, 404)
