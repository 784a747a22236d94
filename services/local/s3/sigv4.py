"""What Signature Version 4 is computed over: the parts of a request, parsed and in canonical form.

The arithmetic is botocore's. Each parser raises S3Error with S3's own words.
Source: AWS, "Create a signed AWS API request" in the IAM User Guide.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders

from services.local.s3.errors import S3Error
from services.local.s3.exchange import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES_SECONDS = 604_800


class _AllGiven:
    """Signs the headers that were put in, also those that botocore would skip."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """Return the headers of a request made by `to_aws`."""
        return request.headers


class HeaderSigner(_AllGiven, S3SigV4Auth):
    """Signs as S3's Authorization header does."""


class QuerySigner(_AllGiven, S3SigV4QueryAuth):
    """Signs as S3's presigned URLs do."""


class ServiceSigner(_AllGiven, SigV4Auth):
    """Signs as every other service's Authorization header does."""


def parse_authorization(header: str) -> dict[str, str]:
    """Return Credential, SignedHeaders and Signature of an Authorization header."""
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise S3Error(
            400,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. "
            f"Please use {ALGORITHM}.",
        )
    pairs = (part.strip().partition("=") for part in rest.split(","))
    fields = {name: value for name, _, value in pairs}
    if {"Credential", "SignedHeaders", "Signature"} - fields.keys():
        raise S3Error(
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; it needs Credential, SignedHeaders and "
            "Signature.",
        )
    return fields


def parse_moment(stamp: str) -> datetime | None:
    """Return the moment that an X-Amz-Date names, or None."""
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def parse_expires(text: str, code: str) -> int:
    """Return X-Amz-Expires in seconds; `code` is that of the refusal."""
    if not text.lstrip("-").isdigit():
        raise S3Error(400, code, "X-Amz-Expires should be a number")
    if int(text) < 0:
        raise S3Error(400, code, "X-Amz-Expires must be non-negative")
    if int(text) > MAX_EXPIRES_SECONDS:
        raise S3Error(
            400,
            code,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {MAX_EXPIRES_SECONDS} seconds",
        )
    return int(text)


def to_aws(request: Request, names: list[str], *, body: bytes, stamp: str) -> AWSRequest:
    """Return the request as botocore signs it, with the headers `names` alone."""
    headers = HTTPHeaders()
    for name in names:
        for value in request.headers.getlist(name):
            headers[name] = value
    # S3 signs the path encoded once and as it stands, `..` and `//` included.
    path = quote(unquote_to_bytes(request.raw_path), safe="/~")
    # botocore takes pairs too, which keep a repeated name.
    pairs: Any = [(n, v) for n, v in request.query if n.lower() != "x-amz-signature"]
    aws = AWSRequest(method=request.method, url=f"http://localhost{path}", params=pairs, data=body)
    aws.headers = headers
    aws.context["timestamp"] = stamp
    return aws
