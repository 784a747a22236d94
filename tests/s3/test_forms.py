"""Presigned POST: what a form stores, what its policy refuses, and what a page of which site may do."""

import base64
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.s3.answers import refusal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEY = "uploads/main/1"
ORIGIN = "http://gallery.test"
FIELDS = {
    "Content-Type": "image/jpeg",
    "x-amz-meta-name": "Sea%20%C3%A4.jpg",
    "success_action_status": "201",
}
LENGTH: list[Any] = ["content-length-range", 1, 1000]


def presign(
    s3: "S3Client", bucket: str, fields: dict[str, str] = FIELDS, expires: int = 60
) -> dict[str, Any]:
    """Return address and fields of a form whose policy fixes each field, and 1 to 1,000 bytes."""
    exact: list[Any] = [{name: value} for name, value in fields.items()]
    return s3.generate_presigned_post(bucket, KEY, fields, [*exact, LENGTH], expires)


def send(post: dict[str, Any], data: bytes, **changed: str | None) -> httpx.Response:
    """Post the form, some of its fields changed or, with None, left out."""
    fields = post["fields"] | {name.replace("_", "-"): value for name, value in changed.items()}
    form = {name: value for name, value in fields.items() if value is not None}
    return httpx.post(post["url"], data=form, files={"file": ("f.jpg", data, "text/plain")})


def test_a_form_stores_what_its_policy_says(s3: "S3Client", versioned: str) -> None:
    """Bytes, type and metadata are there once S3 answers 201."""
    assert send(presign(s3, versioned), b"x" * 1000).status_code == 201
    stored = s3.get_object(Bucket=versioned, Key=KEY)
    assert stored["Body"].read() == b"x" * 1000
    assert (stored["ContentType"], stored["Metadata"]) == (
        "image/jpeg",
        {"name": FIELDS["x-amz-meta-name"]},
    )


def test_the_answer_names_the_object(s3: "S3Client", versioned: str) -> None:
    """A 201 has the key in its body, and in headers ETag, version and, for Uppy, the address."""
    answer = send(presign(s3, versioned), b"x")
    stored = s3.head_object(Bucket=versioned, Key=KEY)
    assert (answer.status_code, f"<Key>{KEY}</Key>" in answer.text) == (201, True)
    assert answer.headers.get("ETag") == stored["ETag"]
    assert answer.headers.get("x-amz-version-id") == stored["VersionId"]
    assert urlsplit(answer.headers.get("Location", "")).path.endswith(KEY)


@pytest.mark.parametrize("query", ["", "?uploaded=1"], ids=["plain", "with-query"])
def test_a_form_redirects(s3: "S3Client", bucket: str, query: str) -> None:
    """A form without script comes back to the page, with bucket, key and ETag in the query."""
    back = f"http://gallery.test/photos/1{query}"
    fields = {"Content-Type": "image/jpeg", "success_action_redirect": back}
    answer = send(presign(s3, bucket, fields), b"x")
    etag = s3.head_object(Bucket=bucket, Key=KEY)["ETag"]
    assert (answer.status_code, answer.headers["Location"].startswith(back)) == (303, True)
    redirected = parse_qs(urlsplit(answer.headers["Location"]).query)
    redirected.pop("uploaded", None)
    assert redirected == {"bucket": [bucket], "key": [KEY], "etag": [etag]}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Content_Type": "text/html"}, id="type"),
        pytest.param({"Content_Type": None}, id="no-type"),
        pytest.param({"key": "uploads/main/2"}, id="key"),
        pytest.param({"key": f"{KEY}/${{filename}}"}, id="filename"),
        pytest.param({"key": None}, id="no-key"),
        pytest.param({"acl": "public-read"}, id="acl"),
        pytest.param({"tagging": "<Tagging/>"}, id="tagging"),
        pytest.param({"Cache_Control": "no-store"}, id="cache-control"),
        pytest.param({"success_action_redirect": "http://evil.test"}, id="redirect"),
        pytest.param({"x_amz_meta_more": "1"}, id="extra"),
        pytest.param({"x_amz_meta_name": "other"}, id="metadata"),
        pytest.param({"x_amz_signature": "0" * 64}, id="forged"),
        pytest.param({"x_amz_signature": None}, id="no-signature"),
        pytest.param({"policy": None}, id="no-policy"),
        pytest.param(
            {"x_amz_credential": "nobody/20260101/us-east-1/s3/aws4_request"}, id="stranger"
        ),
    ],
)
def test_what_differs_from_the_policy_is_refused(
    s3: "S3Client", bucket: str, changed: dict[str, str | None]
) -> None:
    """Refused as the client's fault, and nothing is stored; servers differ in their codes."""
    answer = send(presign(s3, bucket), b"x", **changed)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize(("size", "code"), [(0, "EntityTooSmall"), (1001, "EntityTooLarge")])
def test_a_size_outside_the_range_is_refused(
    s3: "S3Client", bucket: str, size: int, code: str
) -> None:
    """By S3's own code, which the page shows."""
    assert refusal(send(presign(s3, bucket), b"x" * size)) == (400, code)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_changed_policy_is_refused(s3: "S3Client", bucket: str) -> None:
    """A policy that allows more than the signed one has no signature."""
    post = presign(s3, bucket)
    policy = json.loads(base64.b64decode(post["fields"]["policy"]))
    policy["conditions"].remove(LENGTH)
    changed = base64.b64encode(json.dumps(policy).encode()).decode()
    assert send(post, b"x" * 2000, policy=changed).status_code == 403
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_an_expired_form_is_refused(s3: "S3Client", bucket: str) -> None:
    """The policy's expiration is the end of it."""
    answer = send(presign(s3, bucket, expires=-1), b"x")
    assert refusal(answer) == (403, "AccessDenied")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_form_is_for_one_bucket(s3: "S3Client", bucket: str) -> None:
    """Sent to another bucket, it stores nothing."""
    other = f"{bucket}-other"
    s3.create_bucket(Bucket=other)
    post = presign(s3, bucket)
    answer = send(post | {"url": post["url"].replace(bucket, other)}, b"x")
    assert answer.status_code == 403
    assert s3.list_objects_v2(Bucket=other)["KeyCount"] == 0


def test_a_form_that_breaks_off_stores_nothing(s3: "S3Client", bucket: str) -> None:
    """A connection that ends before the last boundary leaves no object behind."""
    post = presign(s3, bucket)
    files = {"file": ("f.jpg", b"x" * 1000)}
    whole = httpx.Request("POST", post["url"], data=post["fields"], files=files)
    head = "".join(f"{name}: {value}\r\n" for name, value in whole.headers.items())
    start = f"POST {whole.url.path} HTTP/1.1\r\n{head}\r\n".encode()
    with socket.create_connection((whole.url.host, whole.url.port or 80), timeout=20) as connection:
        connection.sendall(start + whole.read()[:-500])
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert not answer or b" 4" in answer.splitlines()[0]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.fixture
def shared(s3: "S3Client", bucket: str) -> str:
    """A bucket with the product's own rule: pages of one origin may post."""
    s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": [ORIGIN],
                    "AllowedMethods": ["POST"],
                    "AllowedHeaders": ["*"],
                    "ExposeHeaders": ["ETag", "Location"],
                    "MaxAgeSeconds": 3600,
                }
            ]
        },
    )
    return bucket


def preflight(post: dict[str, Any], origin: str, method: str) -> httpx.Response:
    """Ask as a browser asks before it sends."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-custom",
    }
    return httpx.options(post["url"], headers=headers)


def test_a_preflight_of_the_gallery(s3: "S3Client", shared: str) -> None:
    """The gallery's origin may post, with any header, and need not ask again for an hour."""
    answer = preflight(presign(s3, shared), ORIGIN, "POST")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "x-custom"
    assert answer.headers["access-control-max-age"] == "3600"


@pytest.mark.parametrize(("origin", "method"), [("http://evil.test", "POST"), (ORIGIN, "DELETE")])
def test_another_preflight(s3: "S3Client", shared: str, origin: str, method: str) -> None:
    """Another origin or method is not allowed."""
    answer = preflight(presign(s3, shared), origin, method)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("size", [1, 1001], ids=["stored", "refused"])
@pytest.mark.parametrize("origin", [ORIGIN, "http://evil.test"])
def test_who_may_read_the_answer(s3: "S3Client", shared: str, origin: str, size: int) -> None:
    """The gallery reads answer and refusal, with ETag and Location; another site's page neither."""
    post, files = presign(s3, shared), {"file": b"x" * size}
    answer = httpx.post(post["url"], data=post["fields"], files=files, headers={"Origin": origin})
    assert answer.status_code == (201 if size == 1 else 400)
    assert answer.headers.get("access-control-allow-origin") == (
        ORIGIN if origin == ORIGIN else None
    )
    exposed = answer.headers.get("access-control-expose-headers", "")
    names = {name.strip() for name in exposed.split(",")}
    assert names == ({"ETag", "Location"} if origin == ORIGIN else {""})
