"""Cross-origin requests: the preflight, and that a page can read answers and refusals."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.local.s3 import LocalS3
from tests.local.conftest import refusal
from tests.local.forms import form, send

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ORIGIN = "http://localhost:8000"
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.fixture
def shared(s3: "S3Client", bucket: str) -> str:
    """A bucket with rules for two origins."""
    rules: list[Any] = [
        {
            "AllowedOrigins": [ORIGIN, "https://*.example.com"],
            "AllowedMethods": ["POST"],
            "AllowedHeaders": ["Content-*", "x-custom"],
            "ExposeHeaders": ["ETag", "Location"],
            "MaxAgeSeconds": 3600,
        },
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    return bucket


def preflight(server: LocalS3, bucket: str, **headers: str) -> httpx.Response:
    """Ask as a browser asks before it sends."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.options(f"{server.url}/{bucket}", headers=named)


def allowed(answer: httpx.Response) -> dict[str, str]:
    """Return the cross-origin headers of an answer, by the end of their names."""
    start = "access-control-"
    return {
        name.removeprefix(start): value
        for name, value in answer.headers.items()
        if name.startswith(start)
    }


def test_a_preflight_that_fits(local_s3: LocalS3, shared: str) -> None:
    """The first rule that matches speaks, and alone."""
    answer = preflight(
        local_s3,
        shared,
        Origin=ORIGIN,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type, X-Custom",
    )
    assert answer.status_code == 200
    assert answer.headers["vary"] == VARY
    assert allowed(answer) == {
        "allow-origin": ORIGIN,
        "allow-methods": "POST",
        "allow-headers": "content-type, x-custom",
        "expose-headers": "ETag, Location",
        "max-age": "3600",
        "allow-credentials": "true",
    }


def test_a_preflight_of_any_origin(local_s3: LocalS3, shared: str) -> None:
    """Where everybody may, the answer is a star and no credentials."""
    answer = preflight(
        local_s3, shared, Origin="http://else.test", Access_Control_Request_Method="GET"
    )
    assert answer.status_code == 200
    assert allowed(answer) == {"allow-origin": "*", "allow-methods": "GET"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"Origin": "http://else.test", "Access-Control-Request-Method": "POST"},
            (403, "AccessForbidden"),
        ),
        ({"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}, (403, "AccessForbidden")),
        (
            {
                "Origin": ORIGIN,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "x-other",
            },
            (403, "AccessForbidden"),
        ),
        (
            {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"},
            (403, "AccessForbidden"),
        ),
        ({"Access-Control-Request-Method": "POST"}, (400, "BadRequest")),
        ({"Origin": ORIGIN}, (400, "BadRequest")),
    ],
)
def test_a_preflight_that_does_not_fit(
    local_s3: LocalS3, shared: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """Another origin, method or header is refused, and so is half a question."""
    answer = httpx.options(f"{local_s3.url}/{shared}/key", headers=headers)
    assert refusal(answer) == expected
    assert allowed(answer) == {}


def test_a_wildcard_in_an_origin(local_s3: LocalS3, shared: str) -> None:
    """It stands for any subdomain, and the answer names the one that asked."""
    answer = preflight(
        local_s3, shared, Origin="https://a.example.com", Access_Control_Request_Method="POST"
    )
    assert allowed(answer)["allow-origin"] == "https://a.example.com"


def test_a_bucket_without_rules(local_s3: LocalS3, bucket: str) -> None:
    """No rule, no other origin."""
    answer = preflight(local_s3, bucket, Origin=ORIGIN, Access_Control_Request_Method="POST")
    assert refusal(answer) == (403, "AccessForbidden")
    assert "CORS is not enabled for this bucket." in answer.text


def test_a_page_reads_the_answer_and_the_refusal(
    local_s3: LocalS3, s3: "S3Client", shared: str
) -> None:
    """A refusal that the page cannot read would look like a broken network."""
    post = s3.generate_presigned_post(
        shared, "key", Conditions=[["content-length-range", 1, 5]], ExpiresIn=60
    )
    fields = post["fields"].items()
    stored = send(post["url"], form([*fields, ("file", b"12345")]), Origin=ORIGIN)
    refused = send(post["url"], form([*fields, ("file", b"123456")]), Origin=ORIGIN)
    assert (stored.status_code, refused.status_code) == (204, 400)
    for answer in (stored, refused):
        assert allowed(answer)["allow-origin"] == ORIGIN
        assert allowed(answer)["expose-headers"] == "ETag, Location"
        assert answer.headers["vary"] == VARY
    foreign = send(post["url"], form([*fields, ("file", b"1")]), Origin="http://else.test")
    assert (foreign.status_code, allowed(foreign)) == (204, {})
    assert allowed(httpx.get(f"{local_s3.url}/{shared}/key")) == {}
