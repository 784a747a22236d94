"""The presigned POST of a browser's form: what its policy lets pass, and each way to be refused."""

import base64
import json
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.local.s3 import LocalS3
from tests.local.conftest import Clock, element, refusal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
Part = tuple[str, str | bytes]


def form(fields: Iterable[Part], *, filename: str = "photo.jpg", end: str = "--") -> bytes:
    """Return a multipart body with the parts in this order; the one called `file` is a file."""
    body = b""
    for name, value in fields:
        extra = f'; filename="{filename}"' if name == "file" else ""
        data = value.encode() if isinstance(value, str) else value
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return body + f"--{BOUNDARY}{end}\r\n".encode()


def send(url: str, body: bytes, **headers: str) -> httpx.Response:
    """Post a multipart body."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return httpx.post(url, content=body, headers={"Content-Type": kind, **headers})


@pytest.fixture
def client(presigner: "S3Client") -> "S3Client":
    """The client that presigns."""
    return presigner


def presign(
    client: "S3Client",
    key: str = "uploads/1",
    fields: dict[str, str] | None = None,
    conditions: list[Any] | None = None,
    expires: int = 60,
) -> tuple[str, dict[str, str]]:
    """Return address and fields as boto3 makes them; each field gets its exact condition."""
    fields = fields or {}
    exact: list[Any] = [{name: value} for name, value in fields.items()]
    post = client.generate_presigned_post(
        "bucket", key, Fields=fields, Conditions=exact + (conditions or []), ExpiresIn=expires
    )
    return post["url"], post["fields"]


def test_a_form_that_fits_is_stored(client: "S3Client") -> None:
    """The object has the form's bytes, content type, cache header and metadata."""
    url, fields = presign(
        client,
        fields={
            "Content-Type": "image/jpeg",
            "Cache-Control": "public, max-age=60",
            "Content-Disposition": "inline",
            "x-amz-meta-name": "a%20b.jpg",
            "success_action_status": "201",
        },
        conditions=[["content-length-range", 1, 1000]],
    )
    data = bytes(range(256)) + b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n\r\n"
    answer = send(url, form([*fields.items(), ("file", data)]))
    assert answer.status_code == 201
    assert element(answer, "Bucket") == "bucket"
    assert element(answer, "Key") == "uploads/1"
    assert element(answer, "Location") == f"{url}/uploads/1" == answer.headers["location"]
    stored = client.get_object(Bucket="bucket", Key="uploads/1")
    assert stored["Body"].read() == data
    assert stored["ETag"] == answer.headers["etag"] == element(answer, "ETag")
    assert stored["ContentType"] == "image/jpeg"
    assert stored["CacheControl"] == "public, max-age=60"
    assert stored["ContentDisposition"] == "inline"
    assert stored["Metadata"] == {"name": "a%20b.jpg"}


def test_metadata_beyond_latin_is_readable(client: "S3Client") -> None:
    """A form may hold UTF-8; S3 gives it back in the coding that headers have for it."""
    url, fields = presign(client, fields={"x-amz-meta-name": "日本"})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/1")["Metadata"] == {
        "name": "=?utf-8?b?5pel5pys?="
    }


@pytest.mark.parametrize(
    ("asked", "status"), [("200", 200), ("204", 204), ("201", 201), ("x", 204)]
)
def test_the_status_is_the_one_asked_for(client: "S3Client", asked: str, status: int) -> None:
    """200, 201 and 204 may be asked for; anything else is 204."""
    url, fields = presign(client, fields={"success_action_status": asked})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == status


def test_no_status_asked_for_is_204(client: "S3Client") -> None:
    """An upload without wishes gets an empty answer."""
    url, fields = presign(client)
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_redirect_carries_bucket_key_and_etag(client: "S3Client") -> None:
    """A form without script goes on to a page that learns what was stored."""
    target = "http://gallery.test/photos/1?lang=de"
    url, fields = presign(client, key="uploads/ä b", fields={"success_action_redirect": target})
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    assert answer.status_code == 303
    location = urlsplit(answer.headers["location"])
    assert location._replace(query="").geturl() == "http://gallery.test/photos/1"
    assert parse_qs(location.query) == {
        "lang": ["de"],
        "bucket": ["bucket"],
        "key": ["uploads/ä b"],
        "etag": ['"9dd4e461268c8034f5c8564e155c67a6"'],
    }


def test_a_redirect_to_nowhere_is_no_redirect(client: "S3Client") -> None:
    """Only a web address is gone to."""
    url, fields = presign(client, fields={"success_action_redirect": "javascript:alert(1)"})
    assert send(url, form([*fields.items(), ("file", b"x")])).status_code == 204


def test_a_versioned_bucket_tells_the_version(client: "S3Client") -> None:
    """Each upload to the same key is a version of its own."""
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    post = client.generate_presigned_post("versioned", "key")
    versions = [
        send(post["url"], form([*post["fields"].items(), ("file", data)])).headers[
            "x-amz-version-id"
        ]
        for data in (b"1", b"2")
    ]
    bodies = [
        client.get_object(Bucket="versioned", Key="key", VersionId=version)["Body"].read()
        for version in versions
    ]
    assert bodies == [b"1", b"2"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (9, (400, "EntityTooSmall", "ProposedSize", "9")),
        (10, None),
        (20, None),
        (21, (400, "EntityTooLarge", "ProposedSize", "21")),
        (3_000_000, (400, "EntityTooLarge", "ProposedSize", "3000000")),
    ],
)
def test_the_size_of_the_file_is_bounded(
    client: "S3Client", size: int, expected: tuple[int, str, str, str] | None
) -> None:
    """content-length-range is about the file alone, both ends included."""
    url, fields = presign(client, conditions=[["content-length-range", 10, 20]])
    answer = send(url, form([*fields.items(), ("file", b"x" * size)]))
    if expected is None:
        assert answer.status_code == 204
    else:
        assert refusal(answer) == expected[:2]
        assert element(answer, expected[2]) == expected[3]
        bound = "MinSizeAllowed" if size < 10 else "MaxSizeAllowed"
        assert element(answer, bound) == ("10" if size < 10 else "20")


@pytest.mark.parametrize(
    ("condition", "value", "fits"),
    [
        (["eq", "$Content-Type", "image/jpeg"], "image/jpeg", True),
        (["eq", "$content-type", "image/jpeg"], "image/jpeg", True),
        (["eq", "$Content-Type", "image/jpeg"], "image/png", False),
        (["eq", "$Content-Type", "image/jpeg"], "image/jpeg ", False),
        (["starts-with", "$Content-Type", "image/"], "image/png", True),
        (["starts-with", "$Content-Type", "image/"], "text/html", False),
        (["starts-with", "$Content-Type", "image/"], "image/png,image/gif", True),
        (["starts-with", "$Content-Type", "image/"], "image/png,text/html", False),
        (["starts-with", "$Content-Type", ""], "anything/at-all", True),
        ({"Content-Type": "image/jpeg"}, "image/jpeg", True),
        ({"Content-Type": "image/jpeg"}, "image/png", False),
    ],
)
def test_each_kind_of_condition(client: "S3Client", condition: Any, value: str, fits: bool) -> None:
    """Equal, exact, prefix: with field names of any case."""
    url, fields = presign(client, conditions=[condition])
    fields["Content-Type"] = value
    answer = send(url, form([*fields.items(), ("file", b"x")]))
    if fits:
        assert answer.status_code == 204
    else:
        assert refusal(answer) == (403, "AccessDenied")
        assert element(answer, "Message").startswith(
            "Invalid according to Policy: Policy Condition failed: ["
        )


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


def test_ignored_fields_pass(client: "S3Client") -> None:
    """x-ignore- fields, and whatever stands behind the file, do not count."""
    url, fields = presign(client)
    parts: list[Part] = [
        *fields.items(),
        ("x-ignore-this", "1"),
        ("file", b"x"),
        ("key", "other"),
        ("x-amz-meta-late", "1"),
    ]
    assert send(url, form(parts)).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/1")["Metadata"] == {}


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


def test_the_file_name_may_be_part_of_the_key(client: "S3Client") -> None:
    """${filename} stands for the file's name without its folders."""
    url, fields = presign(client, key="uploads/${filename}")
    body = form([*fields.items(), ("file", b"x")], filename="C:\\\\fotos\\\\a b.jpg")
    assert send(url, body).status_code == 204
    assert client.head_object(Bucket="bucket", Key="uploads/a b.jpg")["ContentLength"] == 1


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


def test_thirty_uploads_at_once(client: "S3Client") -> None:
    """All arrive, each whole."""

    def upload(number: int) -> int:
        url, fields = presign(client, key=f"many/{number:02}")
        body = form([*fields.items(), ("file", bytes([number]) * 200_000)])
        return send(url, body).status_code

    with ThreadPoolExecutor(30) as pool:
        assert set(pool.map(upload, range(30))) == {204}
    for number in range(30):
        stored = client.get_object(Bucket="bucket", Key=f"many/{number:02}")["Body"].read()
        assert stored == bytes([number]) * 200_000
