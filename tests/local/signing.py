"""Requests signed by botocore and then changed as an attacker or a broken client would."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from services.local.s3 import LocalS3


@dataclass
class Signed:
    """A signed request that may still be changed."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def send(self) -> httpx.Response:
        """Send it."""
        return httpx.request(self.method, self.url, headers=self.headers, content=self.body)


class _Signer(S3SigV4Auth):
    """Signs for a body that it does not look at, where it is told to."""

    content_sha256: str | None = None

    def payload(self, request: AWSRequest) -> str:
        """Return what the signature says of the body."""
        return self.content_sha256 or super().payload(request)


def sign(
    server: LocalS3,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: dict[str, str] | None = None,
    key_id: str | None = None,
    secret: str | None = None,
    token: str | None = None,
    region: str | None = None,
    service: str = "s3",
    content_sha256: str | None = None,
) -> Signed:
    """Return a request signed in its header; what is not given is what the server expects."""
    credentials = Credentials(
        key_id or server.access_key_id, secret or server.secret_access_key, token
    )
    url = server.url + path
    request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    signer = _Signer(credentials, service, region or server.region)
    signer.content_sha256 = content_sha256
    signer.add_auth(request)
    return Signed(method, url, dict(request.headers.items()), body)


def chunked(
    server: LocalS3, path: str, chunks: list[bytes], *, trailer: dict[str, str] | None = None
) -> Signed:
    """Return a PUT in signed aws-chunked coding, computed by hand from AWS's description."""
    coding = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
    }
    signed = sign(server, "PUT", path, headers=headers, content_sha256=coding)
    stamp = signed.headers["X-Amz-Date"]
    scope = f"{stamp[:8]}/{server.region}/s3/aws4_request"
    signer = S3SigV4Auth(
        Credentials(server.access_key_id, server.secret_access_key), "s3", server.region
    )
    request = AWSRequest(method="PUT", url=signed.url)
    request.context["timestamp"] = stamp
    previous = signed.headers["Authorization"].rpartition("=")[2]
    empty = hashlib.sha256(b"").hexdigest()
    for chunk in [*chunks, b""]:
        digest = hashlib.sha256(chunk).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, empty, digest))
        previous = signer.signature(text, request)
        signed.body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk
        signed.body += b"\r\n" if chunk or not trailer else b""
    if trailer:
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(trailer.items()))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256-TRAILER", stamp, scope, previous, digest))
        trailer = {**trailer, "x-amz-trailer-signature": signer.signature(text, request)}
        signed.body += "".join(f"{n}:{v}\r\n" for n, v in trailer.items()).encode() + b"\r\n"
    return signed


def unsigned_trailer(server: LocalS3, path: str, body: bytes, trailer: str) -> Signed:
    """Return a PUT whose body only its trailing checksum vouches for, as SDKs send it over TLS."""
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": trailer.partition(":")[0],
    }
    signed = sign(
        server, "PUT", path, headers=headers, content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    )
    signed.body = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\n{trailer}\r\n\r\n".encode()
    return signed


def stamp_of(moment: datetime) -> str:
    """Return a moment as X-Amz-Date writes it."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
