"""Forms that a presigned POST does not let pass, each with its code."""

import base64
import json
import socket
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.local.s3 import LocalS3
from tests.local.conftest import Clock, element, refusal
from tests.local.forms import BOUNDARY, form, presign, send

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def test_a_condition_without_its_field_is_refused(client: "S3Client") -> None:
    """A field that the policy speaks of must be there."""
    url, fields = presign(client, conditions=[{"Content-Type": "image/jpeg"}])
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert refusal(answer) == (403, "AccessDenied")
    assert element(answer, "Message") == (
        'Invalid according to Policy: Policy Condition failed: ["eq", "$content-type", '
        '"image/jpeg"]'
    )


@pytest.mark.parametrize("name", ["x-amz-meta-extra", "acl", "Content-Type", "tagging", "submit"])
def test_a_field_that_no_condition_covers_is_refused(client: "S3Client", name: str) -> None:
    """The form may say only what the policy lets it say."""
    url, fields = presign(client)
    answer = send(url, form([*fields.items(), (name, "value"), ("file", b"x")]))
    assert refusal(answer) == (403, "AccessDenied")
    assert element(answer, "Message") == (
        f"Invalid according to Policy: Extra input fields: {name.lower()}"
    )


@pytest.mark.parametrize("key", ["uploads/2", "", "uploads/1/"])
def test_another_key_is_refused(client: "S3Client", key: str) -> None:
    """The exact key of the policy, or nothing."""
    url, fields = presign(client)
    fields["key"] = key
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert answer.status_code in (400, 403)
    assert refusal(answer)[1] in ("AccessDenied", "InvalidArgument")


def test_another_bucket_is_refused(client: "S3Client", clocked: LocalS3) -> None:
    """A form for one bucket opens no other."""
    client.create_bucket(Bucket="neighbour")
    _, fields = presign(client)
    answer = send(f"{clocked.url}/neighbour", form([*fields.items(), ("file", b"x")]))
    assert refusal(answer) == (403, "AccessDenied")
    assert '["eq", "$bucket", "bucket"]' in element(answer, "Message")
    assert "Contents" not in client.list_objects_v2(Bucket="neighbour")


def test_an_expired_policy_is_refused(client: "S3Client", clock: Clock) -> None:
    """The policy's expiration is the end of it."""
    url, fields = presign(client, expires=60)
    body = form([*fields.items(), ("file", b"x")])
    clock.offset = timedelta(seconds=55)
    assert send(url, body).status_code == 204
    clock.offset = timedelta(seconds=65)
    answer = send(url, body)
    assert refusal(answer) == (403, "AccessDenied")
    assert element(answer, "Message") == "Invalid according to Policy: Policy expired."


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("x-amz-signature", "0" * 64, (403, "SignatureDoesNotMatch")),
        ("x-amz-signature", None, (400, "InvalidArgument")),
        ("x-amz-credential", "nobody/20260101/us-east-1/s3/aws4_request", None),
        ("x-amz-credential", "local/20260101/us-east-1/s3/aws4_request", (400, "InvalidArgument")),
        ("x-amz-credential", "nonsense", (400, "InvalidArgument")),
        ("x-amz-algorithm", "AWS4-HMAC-SHA1", (400, "InvalidArgument")),
        ("x-amz-algorithm", None, (400, "InvalidArgument")),
        ("x-amz-date", "yesterday", (400, "InvalidArgument")),
        ("x-amz-security-token", "token", (400, "InvalidToken")),
        ("policy", None, (403, "AccessDenied")),
        ("policy", "eyJ9", (403, "SignatureDoesNotMatch")),
        ("key", None, (400, "InvalidArgument")),
    ],
)
def test_a_forged_form_is_refused(
    client: "S3Client", name: str, value: str | None, expected: tuple[int, str] | None
) -> None:
    """Without the signature over just this policy nothing is stored."""
    url, fields = presign(client, key="uploads/forged")
    fields.pop(name, None)
    if value is not None:
        fields[name] = value
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert refusal(answer) == (expected or (403, "InvalidAccessKeyId"))
    assert client.list_objects_v2(Bucket="bucket", Prefix="uploads/forged")["KeyCount"] == 0


def test_a_changed_policy_is_refused(client: "S3Client") -> None:
    """A policy that allows more than the signed one has no signature."""
    url, fields = presign(client, conditions=[["content-length-range", 1, 2]])
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"].remove(["content-length-range", 1, 2])
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    answer = send(url, form([*fields.items(), ("file", b"xxxx")]))
    assert refusal(answer) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "policy",
    [
        b"no json",
        b"[]",
        b'{"conditions": []}',
        b'{"expiration": "2099-01-01T00:00:00Z"}',
        b'{"expiration": "soon", "conditions": []}',
        b'{"expiration": "2099-01-01T00:00:00Z", "conditions": [["equals", "$key", "a"]]}',
        b'{"expiration": "2099-01-01T00:00:00Z", "conditions": ["key"]}',
        b'{"expiration": "2099-01-01T00:00:00Z", "conditions": [["content-length-range", "", ""]]}',
    ],
)
def test_a_broken_policy_is_refused(clocked: LocalS3, client: "S3Client", policy: bytes) -> None:
    """A policy that was signed and makes no sense lets nothing pass."""
    url, fields = presign(client)
    fields["policy"] = base64.b64encode(policy).decode()
    fields["x-amz-signature"] = signature_of(clocked, fields)
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert refusal(answer) == (400, "InvalidPolicyDocument")


def signature_of(server: LocalS3, fields: dict[str, str]) -> str:
    """Sign a policy that boto3 would not make."""
    credentials = Credentials(server.access_key_id, server.secret_access_key)
    request = AWSRequest(method="POST", url=server.url)
    request.context["timestamp"] = fields["x-amz-date"]
    signer = S3SigV4Auth(credentials, "s3", server.region)
    signature: str = signer.signature(fields["policy"], request)
    return signature


def test_a_form_that_is_none_is_refused(client: "S3Client") -> None:
    """Cut off, without boundary, without file, or with a flood of fields before it."""
    url, fields = presign(client)
    whole = form([*fields.items(), ("file", b"x" * 1000)])
    assert refusal(send(url, whole[:-300])) == (400, "MalformedPOSTRequest")
    assert refusal(send(url, b"--nothing")) == (400, "MalformedPOSTRequest")
    kind = {"Content-Type": "multipart/form-data"}
    assert refusal(httpx.post(url, content=whole, headers=kind)) == (400, "MalformedPOSTRequest")
    answer = send(url, form(fields.items()))
    assert refusal(answer) == (400, "InvalidArgument")
    assert element(answer, "ArgumentName") == "file"
    flood = form([("x-ignore-a", "a" * 30_000), *fields.items(), ("file", b"x")])
    assert refusal(send(url, flood)) == (400, "MaxPostPreDataLengthExceeded")


def test_a_form_to_no_bucket_is_refused(client: "S3Client", clocked: LocalS3) -> None:
    """S3's own code for a bucket that is not there."""
    post = client.generate_presigned_post("nowhere", "key")
    answer = send(f"{clocked.url}/nowhere", form([*post["fields"].items(), ("file", b"x")]))
    assert refusal(answer) == (404, "NoSuchBucket")


def test_an_upload_that_breaks_off_stores_nothing(client: "S3Client") -> None:
    """A connection that ends before the last boundary leaves no object behind."""
    url, fields = presign(client, key="uploads/broken")
    body = form([*fields.items(), ("file", b"x" * 100_000)])
    host, port = urlsplit(url).netloc.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST /bucket HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
            + body[:50_000]
        )
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536).decode()
    assert "400 Bad Request" in answer
    assert "<Code>IncompleteBody</Code>" in answer
    assert client.list_objects_v2(Bucket="bucket", Prefix="uploads/broken")["KeyCount"] == 0
