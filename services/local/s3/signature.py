"""Signature Version 4 as S3 checks it: in a header, in a presigned URL, in a form.

The arithmetic is botocore's; what is ours is to trust nothing but what was signed.
Source: AWS, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.local.s3.errors import S3Error, access_denied, invalid_argument
from services.local.s3.exchange import Request
from services.local.s3.sigv4 import (
    ALGORITHM,
    HeaderSigner,
    QuerySigner,
    ServiceSigner,
    parse_authorization,
    parse_expires,
    parse_moment,
    to_aws,
)

CLOCK_SKEW = timedelta(minutes=15)
NEEDED_PARAMETERS = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signature", "signedheaders")
)
SIGNATURE_PARAMETERS = NEEDED_PARAMETERS | {"x-amz-security-token", "x-amz-content-sha256"}


@dataclass(frozen=True)
class Signed:
    """A signature that was found good: who signed, for which service, and how to sign what follows.

    `sign` signs further strings with the same key and date (the chunks of a body).
    """

    service: str
    timestamp: str
    scope: str
    signature: str
    sign: Callable[[str], str]


@dataclass(frozen=True)
class SignatureCheck:
    """Checks requests against the one key pair that the local S3 knows."""

    credentials: Credentials
    region: str
    now: Callable[[], datetime]

    def header(self, request: Request, body: bytes | None) -> Signed:
        """Check the Authorization header, and the body's hash where the header signs it.

        A body of None is one that its chunks sign. Raises S3Error.
        """
        fields = parse_authorization(request.headers["Authorization"])
        stamp = request.headers.get("X-Amz-Date", "")
        scope = self._scope(fields["Credential"], stamp, "AuthorizationHeaderMalformed")
        moment = parse_moment(stamp)
        if moment is None:
            raise access_denied("AWS authentication requires a valid Date or x-amz-date header")
        if abs(self.now() - moment) > CLOCK_SKEW:
            raise S3Error(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                RequestTime=stamp,
                ServerTime=f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
                MaxAllowedSkewMilliseconds=int(CLOCK_SKEW.total_seconds() * 1000),
            )
        self._check_token(request.headers.get("X-Amz-Security-Token"))
        names = fields["SignedHeaders"].split(";")
        service = scope.split("/")[2]
        kind = HeaderSigner if service == "s3" else ServiceSigner
        declared = request.headers.get("X-Amz-Content-SHA256")
        if service == "s3":
            if declared is None:
                raise S3Error(
                    400,
                    "InvalidRequest",
                    "Missing required header for this request: x-amz-content-sha256",
                )
            _check_all_signed(request, names)
            if body is not None and len(declared) == 64:
                _check_hash(declared, body)
        signer = kind(self.credentials, service, self.region)
        aws = to_aws(request, names, body=body or b"", stamp=stamp)
        return self._compare(signer, aws, scope, fields["Signature"])

    def query(self, request: Request) -> Signed:
        """Check a presigned URL. Raises S3Error."""
        given = {name.lower(): value for name, value in request.query}
        code = "AuthorizationQueryParametersError"
        if NEEDED_PARAMETERS - given.keys() or given["x-amz-algorithm"] != ALGORITHM:
            raise S3Error(
                400,
                code,
                "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                "X-Amz-Expires parameters.",
            )
        expires = parse_expires(given["x-amz-expires"], code)
        stamp = given["x-amz-date"]
        start = parse_moment(stamp)
        if start is None:
            raise S3Error(
                400, code, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
            )
        scope = self._scope(given["x-amz-credential"], stamp, code)
        self._check_window(start, expires)
        self._check_token(given.get("x-amz-security-token"))
        names = given["x-amz-signedheaders"].split(";")
        _check_all_signed(request, names)
        signer = QuerySigner(self.credentials, scope.split("/")[2], self.region)
        aws = to_aws(request, names, body=b"", stamp=stamp)
        return self._compare(signer, aws, scope, given["x-amz-signature"])

    def form(self, fields: Mapping[str, str]) -> None:
        """Check the signature over a POST policy; `fields` have lower-case names. Raises S3Error."""
        if fields.get("x-amz-algorithm") != ALGORITHM:
            msg = f"x-amz-algorithm must be {ALGORITHM}"
            raise invalid_argument(msg, "x-amz-algorithm", fields.get("x-amz-algorithm", ""))
        stamp = fields.get("x-amz-date", "")
        credential = fields.get("x-amz-credential", "")
        if parse_moment(stamp) is None:
            raise invalid_argument("X-Amz-Date must be an ISO 8601 basic date", "x-amz-date", stamp)
        scope = self._scope(credential, stamp, "InvalidArgument")
        self._check_token(fields.get("x-amz-security-token"))
        signer = HeaderSigner(self.credentials, scope.split("/")[2], self.region)
        aws = AWSRequest(method="POST", url="http://localhost/")
        aws.context["timestamp"] = stamp
        expected = signer.signature(fields["policy"], aws)
        if not hmac.compare_digest(expected.encode(), fields["x-amz-signature"].encode()):
            raise self._mismatch(fields["policy"], fields["x-amz-signature"])

    def _scope(self, credential: str, stamp: str, code: str) -> str:
        access_key, _, scope = credential.partition("/")
        parts = scope.split("/")
        if len(parts) != 4 or parts[3] != "aws4_request" or not access_key:
            raise S3Error(
                400,
                code,
                "The Credential is malformed; expecting "
                '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
            )
        if access_key != self.credentials.access_key:
            raise S3Error(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                AWSAccessKeyId=access_key,
            )
        if parts[1] != self.region:
            raise S3Error(
                400,
                code,
                f"The Credential is malformed; the region '{parts[1]}' is wrong; "
                f"expecting '{self.region}'",
                Region=self.region,
            )
        if parts[0] != stamp[:8]:
            raise S3Error(
                400, code, f"Invalid credential date {parts[0]!r}; it is not that of X-Amz-Date."
            )
        return scope

    def _check_window(self, start: datetime, expires: int) -> None:
        if start - self.now() > CLOCK_SKEW:
            raise access_denied("Request is not yet valid")
        end = start + timedelta(seconds=expires)
        if self.now() > end:
            raise access_denied(
                "Request has expired",
                **{"X-Amz-Expires": expires},
                Expires=f"{end:%Y-%m-%dT%H:%M:%SZ}",
                ServerTime=f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
            )

    def _check_token(self, token: str | None) -> None:
        if token != self.credentials.token:
            raise S3Error(
                400,
                "InvalidToken",
                "The provided token is malformed or otherwise invalid.",
            )

    def _compare(self, signer: Any, aws: AWSRequest, scope: str, given: str) -> Signed:
        canonical = signer.canonical_request(aws)
        to_sign = signer.string_to_sign(aws, canonical)
        if not hmac.compare_digest(signer.signature(to_sign, aws).encode(), given.encode()):
            raise self._mismatch(to_sign, given, CanonicalRequest=canonical)
        return Signed(
            service=scope.split("/")[2],
            timestamp=aws.context["timestamp"],
            scope=scope,
            signature=given,
            sign=lambda text: str(signer.signature(text, aws)),
        )

    def _mismatch(self, to_sign: str, given: str, **details: str) -> S3Error:
        return S3Error(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            AWSAccessKeyId=self.credentials.access_key,
            StringToSign=to_sign,
            SignatureProvided=given,
            **details,
        )


def _check_hash(declared: str, body: bytes) -> None:
    computed = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(computed.encode(), declared.encode()):
        raise S3Error(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ClientComputedContentSHA256=declared,
            S3ComputedContentSHA256=computed,
        )


def _check_all_signed(request: Request, names: list[str]) -> None:
    needed = {"host"} | {
        name.lower()
        for name in request.headers.keys()  # noqa: SIM118  # werkzeug's Headers iterate as pairs
        if name.lower().startswith("x-amz-") and name.lower() != "x-amz-content-sha256"
    }
    missing = sorted(needed - set(names))
    if missing:
        raise access_denied(
            "There were headers present in the request which were not signed",
            HeadersNotSigned=", ".join(missing),
        )
