"""Multipart forms as a browser sends them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpx

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
