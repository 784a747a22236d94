"""Presigned GETs that stay the same for a time window, so that browsers can cache them.

boto3 signs with the time of the call and takes about 200 µs a URL; a gallery page shows hundreds.
Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)". A property
test holds each URL equal to botocore's.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

MAX_EXPIRES_SECONDS = 604_800  # S3's own: seven days


@lru_cache(maxsize=8)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key


@dataclass(frozen=True, slots=True)
class GetSigner:
    """Signs GETs of the objects in one bucket.

    `endpoint_url` is the S3 client's own; `path_style` puts the bucket into the path instead of the
    host. `credentials` returns what botocore's session has: refreshed ones carry their end.
    """

    bucket: str
    region: str
    endpoint_url: str
    path_style: bool
    window_seconds: int
    credentials: Callable[[], Any]
    now: Callable[[], datetime] = field(repr=False)

    def url(self, key: str, *, download_as: str | None = None) -> str:
        """Return the presigned GET of `key`, the same one for the whole of the current window.

        It is valid for at least another window, or until the credentials end if that is sooner.
        `download_as` makes browsers save the bytes under that file name.
        """
        start = int(self.now().timestamp()) // self.window_seconds * self.window_seconds
        query = {}
        if download_as is not None:
            query["response-content-disposition"] = content_disposition(download_as)
        return self._sign(key, start, query)

    def _sign(self, key: str, start: int, query: dict[str, str]) -> str:
        holder = self.credentials()
        expires = min(2 * self.window_seconds, MAX_EXPIRES_SECONDS)
        end: datetime | None = getattr(holder, "_expiry_time", None)
        if end is not None:
            expires = max(1, min(expires, int(end.timestamp()) - start))
        credentials = holder.get_frozen_credentials()
        stamp = datetime.fromtimestamp(start, self.now().tzinfo).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        query |= {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{credentials.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": "host",
        }
        if credentials.token:
            query["X-Amz-Security-Token"] = credentials.token
        canonical_query = "&".join(
            f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query)
        )
        origin, host, path = self._address(key)
        request = f"GET\n{path}\n{canonical_query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signing_key = _signing_key(credentials.secret_key, stamp[:8], self.region)
        signature = hmac.digest(signing_key, to_sign.encode(), hashlib.sha256).hex()
        return f"{origin}{path}?{canonical_query}&X-Amz-Signature={signature}"

    def _address(self, key: str) -> tuple[str, str, str]:
        endpoint = urlsplit(self.endpoint_url)
        path = "/" + quote(key, safe="/~")
        if self.path_style:
            return (
                f"{endpoint.scheme}://{endpoint.netloc}",
                endpoint.netloc,
                f"/{self.bucket}{path}",
            )
        host = f"{self.bucket}.{endpoint.netloc}"
        return f"{endpoint.scheme}://{host}", host, path

    @property
    def origin(self) -> str:
        """The origin that the URLs point to, for a Content-Security-Policy."""
        return self._address("")[0]


def content_disposition(name: str) -> str:
    """Return the header value that saves a download as `name` (RFC 6266, RFC 8187)."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
