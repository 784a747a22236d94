"""Presigned GETs that stay the same for a time window, so that browsers can cache them.

boto3 signs with the time of the call and takes about 200 µs a URL; a gallery page shows hundreds, and
the next reader the same ones.
Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)". A property
test holds each URL equal to botocore's.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.credentials import ReadOnlyCredentials

MAX_EXPIRES_SECONDS = 604_800  # S3's own: seven days


@lru_cache(maxsize=8)
def _shared_by_window(
    credentials: ReadOnlyCredentials, region: str, start: int, expires: int
) -> tuple[str, str, bytes]:
    """Return what all URLs of a window share: query, first lines of the string to sign, key."""
    stamp = datetime.fromtimestamp(start, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": expires,
        "X-Amz-Security-Token": credentials.token,
        "X-Amz-SignedHeaders": "host",
    }
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    written = urlencode(
        {name: value for name, value in query.items() if value}, quote_via=quote, safe=""
    )
    return written, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n", key


@lru_cache(maxsize=8)
def _address(bucket: str, endpoint_url: str, path_style: bool) -> tuple[str, str, str]:
    """Return origin, host and what paths begin with."""
    scheme, host = urlsplit(endpoint_url)[:2]
    if path_style:
        return f"{scheme}://{host}", host, f"/{bucket}/"
    host = f"{bucket}.{host}"
    return f"{scheme}://{host}", host, "/"


@lru_cache(maxsize=4096)  # eleven pages of 60 photos; 2 KB each with a role's session token
def _signed(
    address: tuple[str, str, str],
    window: tuple[ReadOnlyCredentials, str, int, int],
    key: str,
    download_as: str | None = None,
) -> str:
    query, to_sign, signing_key = _shared_by_window(*window)
    if download_as is not None:  # sorts behind the rest, as the signature wants it
        disposition = quote(content_disposition(download_as), safe="")
        query = f"{query}&response-content-disposition={disposition}"
    origin, host, folder = address
    path = folder + quote(key, safe="/~")
    request = f"GET\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = hmac.digest(signing_key, f"{to_sign}{digest}".encode(), "sha256").hex()
    return f"{origin}{path}?{query}&X-Amz-Signature={signature}"


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
        return self.in_window()(key, download_as)

    def in_window(self) -> Callable[..., str]:
        """Return `url` for the current window, so that many addresses look for it once."""
        start = int(self.now().timestamp()) // self.window_seconds * self.window_seconds
        holder = self.credentials()
        expires = min(2 * self.window_seconds, MAX_EXPIRES_SECONDS)
        end: datetime | None = getattr(holder, "_expiry_time", None)
        if end is not None:
            expires = max(1, min(expires, int(end.timestamp()) - start))
        window = (holder.get_frozen_credentials(), self.region, start, expires)
        address = _address(self.bucket, self.endpoint_url, self.path_style)
        return partial(_signed, address, window)

    @property
    def origin(self) -> str:
        """The origin that the URLs point to, for a Content-Security-Policy."""
        return _address(self.bucket, self.endpoint_url, self.path_style)[0]


def content_disposition(name: str) -> str:
    """Return the header value that saves a download as `name` (RFC 6266, RFC 8187)."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
