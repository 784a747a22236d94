"""Signatures in the Authorization header, and what is refused for them."""

import base64
import hashlib
import http.client
import zlib
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest

from services.local.s3 import LocalS3
from tests.local.conftest import Clock, element, make_client, refusal
from tests.local.signing import chunked, sign, unsigned_trailer


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/bucket"),
        ("GET", "/bucket/key"),
        ("HEAD", "/bucket/key"),
        ("PUT", "/bucket"),
        ("PUT", "/bucket/key"),
        ("DELETE", "/bucket/key"),
        ("POST", "/bucket?delete"),
    ],
)
def test_an_unsigned_request_is_refused(clocked: LocalS3, method: str, path: str) -> None:
    """Nobody who has no key gets anything."""
    answer = httpx.request(method, clocked.url + path)
    assert answer.status_code == 403
    if method != "HEAD":
        assert refusal(answer) == (403, "AccessDenied")


def test_a_signed_request_is_taken(clocked: LocalS3) -> None:
    """The signature that botocore computes over a request is the one that is expected."""
    path = "/bucket/" + quote("a b+c%2F~ä/日本//$&,;=@.jpg", safe="/~")
    put = sign(clocked, "PUT", path, b"bytes", headers={"x-amz-meta-a": "two   spaces"})
    assert put.send().status_code == 200
    got = sign(clocked, "GET", path).send()
    assert (got.status_code, got.content) == (200, b"bytes")
    assert got.headers["x-amz-meta-a"] == "two   spaces"


def test_a_path_is_signed_as_it_stands(clocked: LocalS3) -> None:
    """Dots and double slashes are part of a key, and lead nowhere."""
    path = "/bucket/a/../../other//./b"
    put = sign(clocked, "PUT", path, b"dots")
    connection = http.client.HTTPConnection(clocked.url.removeprefix("http://"))
    connection.request("PUT", path, body=put.body, headers=put.headers)
    assert connection.getresponse().status == 200
    connection.close()
    listed = make_client(clocked).list_objects_v2(Bucket="bucket", Prefix="a/..")
    assert [item["Key"] for item in listed["Contents"]] == ["a/../../other//./b"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"key_id": "SOMEBODY"}, (403, "InvalidAccessKeyId")),
        ({"secret": "guess"}, (403, "SignatureDoesNotMatch")),
        ({"region": "eu-west-1"}, (400, "AuthorizationHeaderMalformed")),
        ({"service": "ec2"}, (400, "AuthorizationHeaderMalformed")),
        ({"token": "session"}, (400, "InvalidToken")),
    ],
)
def test_other_credentials_are_refused(
    clocked: LocalS3, wrong: dict[str, str], expected: tuple[int, str]
) -> None:
    """Each part of the credential is checked, with S3's code for it."""
    answer = sign(
        clocked,
        "PUT",
        "/bucket/key",
        b"x",
        key_id=wrong.get("key_id"),
        secret=wrong.get("secret"),
        region=wrong.get("region"),
        service=wrong.get("service", "s3"),
        token=wrong.get("token"),
    ).send()
    assert refusal(answer) == expected


def test_what_was_changed_after_signing_is_refused(clocked: LocalS3) -> None:
    """Method, path, query, signed headers and body are what was signed, or nothing."""
    method = sign(clocked, "PUT", "/bucket/key", b"x")
    method.method = "POST"
    path = sign(clocked, "PUT", "/bucket/key", b"x")
    path.url += "2"
    query = sign(clocked, "PUT", "/bucket/key", b"x")
    query.url += "?acl"
    header = sign(clocked, "PUT", "/bucket/key", b"x", headers={"x-amz-meta-a": "1"})
    header.headers["x-amz-meta-a"] = "2"
    for changed in (method, path, query, header):
        assert refusal(changed.send()) == (403, "SignatureDoesNotMatch")
    body = sign(clocked, "PUT", "/bucket/key", b"x")
    body.body = b"y"
    answer = body.send()
    assert refusal(answer) == (400, "XAmzContentSHA256Mismatch")
    assert element(answer, "S3ComputedContentSHA256") == hashlib.sha256(b"y").hexdigest()


def test_a_header_that_was_not_signed_is_refused(clocked: LocalS3) -> None:
    """An x-amz header counts only if the signature covers it."""
    put = sign(clocked, "PUT", "/bucket/key", b"x")
    put.headers["x-amz-acl"] = "public-read"
    answer = put.send()
    assert refusal(answer) == (403, "AccessDenied")
    assert element(answer, "HeadersNotSigned") == "x-amz-acl"


def test_a_header_without_the_hash_of_the_body_is_refused(clocked: LocalS3) -> None:
    """S3 asks for x-amz-content-sha256 in every request that is signed in its header."""
    put = sign(clocked, "GET", "/bucket/key")
    del put.headers["X-Amz-Content-SHA256"]
    assert refusal(put.send()) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("AWS local:c2lnbmF0dXJl", "InvalidRequest"),
        ("Bearer token", "InvalidRequest"),
        ("AWS4-HMAC-SHA256 Credential=a/b", "AuthorizationHeaderMalformed"),
        (
            "AWS4-HMAC-SHA256 Credential=local/20260101, SignedHeaders=host, Signature=00",
            "AuthorizationHeaderMalformed",
        ),
    ],
)
def test_other_authorizations_are_refused(clocked: LocalS3, header: str, code: str) -> None:
    """Signature Version 2 and what is no signature at all get a 400."""
    answer = httpx.get(f"{clocked.url}/bucket/key", headers={"Authorization": header})
    assert refusal(answer) == (400, code)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_off_is_refused(clocked: LocalS3, clock: Clock, minutes: int) -> None:
    """A header's signature lives for a quarter of an hour, either way."""
    request = sign(clocked, "GET", "/bucket")
    clock.offset = timedelta(minutes=minutes)
    assert refusal(request.send()) == (403, "RequestTimeTooSkewed")
    clock.offset = timedelta(minutes=minutes - minutes // 8)
    assert request.send().status_code == 200


def test_two_signatures_at_once_are_refused(clocked: LocalS3) -> None:
    """A presigned URL with an Authorization header is ambiguous."""
    request = sign(clocked, "GET", "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert refusal(request.send()) == (400, "InvalidArgument")


def test_an_unsigned_payload_is_taken(clocked: LocalS3) -> None:
    """A client may leave the body out of its signature."""
    put = sign(clocked, "PUT", "/bucket/unsigned", b"x", content_sha256="UNSIGNED-PAYLOAD")
    put.body = b"other"
    assert put.send().status_code == 200
    assert sign(clocked, "GET", "/bucket/unsigned").send().content == b"other"


def test_signed_chunks_are_taken_and_checked(clocked: LocalS3) -> None:
    """Each chunk's signature covers its bytes and the chunk before."""
    chunks = [b"a" * 65536, b"b" * 10]
    assert chunked(clocked, "/bucket/chunked", chunks).send().status_code == 200
    got = sign(clocked, "GET", "/bucket/chunked").send()
    assert got.content == b"a" * 65536 + b"b" * 10
    assert "content-encoding" not in got.headers
    tampered = chunked(clocked, "/bucket/chunked", chunks)
    tampered.body = tampered.body.replace(b"bbb", b"bxb")
    assert refusal(tampered.send()) == (403, "SignatureDoesNotMatch")
    cut = chunked(clocked, "/bucket/chunked", chunks)
    cut.body = cut.body[:-100]
    assert refusal(cut.send()) == (400, "IncompleteBody")


def test_a_signed_trailer_is_taken_and_checked(clocked: LocalS3) -> None:
    """The trailer has a signature of its own, and its checksum is held against the body."""
    sums = [base64.b64encode(hashlib.sha256(data).digest()).decode() for data in (b"data", b"else")]
    good = chunked(
        clocked, "/bucket/trailer", [b"data"], trailer={"x-amz-checksum-sha256": sums[0]}
    )
    assert good.send().status_code == 200
    wrong = chunked(
        clocked, "/bucket/trailer", [b"data"], trailer={"x-amz-checksum-sha256": sums[1]}
    )
    assert refusal(wrong.send()) == (400, "BadDigest")
    tampered = chunked(
        clocked, "/bucket/trailer", [b"data"], trailer={"x-amz-checksum-sha256": sums[0]}
    )
    tampered.body = tampered.body.replace(sums[0].encode(), sums[1].encode())
    assert refusal(tampered.send()) == (403, "SignatureDoesNotMatch")


def test_an_unsigned_body_with_a_trailing_checksum_is_checked(clocked: LocalS3) -> None:
    """What SDKs send over TLS is decoded, and refused where the checksum is another one."""
    body = bytes(range(256)) * 100
    checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    good = unsigned_trailer(clocked, "/bucket/crc", body, f"x-amz-checksum-crc32:{checksum}")
    assert good.send().status_code == 200
    assert sign(clocked, "GET", "/bucket/crc").send().content == body
    wrong = unsigned_trailer(clocked, "/bucket/crc", body, "x-amz-checksum-crc32:AAAAAA==")
    assert refusal(wrong.send()) == (400, "BadDigest")


def test_a_wrong_content_md5_is_refused(clocked: LocalS3) -> None:
    """A body that was changed on its way is not stored."""
    digest = base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode()
    for given, body, expected in (
        (digest, b"x", None),
        (digest, b"y", (400, "BadDigest")),
        ("short", b"x", (400, "InvalidDigest")),
    ):
        headers = {"Content-MD5": given}
        answer = sign(clocked, "PUT", "/bucket/md5", body, headers=headers).send()
        assert (None if answer.is_success else refusal(answer)) == expected


def test_a_key_pair_of_a_session_needs_its_token() -> None:
    """Temporary credentials are three parts, and each is checked."""
    with LocalS3(None, session_token="token") as server:
        assert sign(server, "GET", "/", token="token").send().status_code == 200
        assert refusal(sign(server, "GET", "/", token="other").send()) == (400, "InvalidToken")
        assert refusal(sign(server, "GET", "/").send()) == (400, "InvalidToken")
