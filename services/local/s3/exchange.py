"""One request to the local S3 and one answer, free of any server's types."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import parse_qsl, quote, unquote

from werkzeug.datastructures import Headers

from services.local.s3.errors import S3Error

MAX_BODY_BYTES = 5 * 1024**3  # S3's own limit for a single request


def new_request_id() -> str:
    """Return a request id that looks like S3's: 16 upper-case hex digits."""
    return secrets.token_hex(8).upper()


@dataclass(frozen=True)
class Request:
    """A request as it came in: path and query still encoded, the body not read yet.

    `read` returns up to so many bytes of the body, and none at its end.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Headers
    source_ip: str
    read: Callable[[int], bytes]
    id: str = field(default_factory=new_request_id)

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The decoded query parameters in their order."""
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The decoded query parameters; the first of a repeated one."""
        return dict(reversed(self.query))

    @cached_property
    def path(self) -> str:
        """The decoded path."""
        return unquote(self.raw_path)

    @cached_property
    def bucket(self) -> str:
        """The bucket that the path names, or an empty string."""
        return self.path.split("/")[1]

    @cached_property
    def key(self) -> str:
        """The object key that the path names, or an empty string."""
        return "/".join(self.path.split("/")[2:])

    @property
    def length(self) -> int:
        """The declared length of the body in bytes; 0 where none is declared."""
        text = self.headers.get("Content-Length", "0")
        if not text.isascii() or not text.isdigit():
            raise S3Error(400, "InvalidRequest", "The Content-Length header is not a number.")
        if int(text) > MAX_BODY_BYTES:
            raise S3Error(
                400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"
            )
        return int(text)

    def read_all(self) -> bytes:
        """Return the whole body; raises IncompleteBody where the client stopped before its end."""
        if "Transfer-Encoding" in self.headers:
            raise S3Error(
                411, "MissingContentLength", "You must provide the Content-Length HTTP header."
            )
        body = self.read(self.length) if self.length else b""
        if len(body) != self.length:
            raise S3Error(
                400,
                "IncompleteBody",
                "The request body terminated unexpectedly",
            )
        return body

    def with_changes(self, headers: Headers) -> "Request":
        """Return a copy with other headers."""
        return replace(self, headers=headers)

    def put_instead(self, key: str, headers: Headers) -> "Request":
        """Return the PUT of an object into the same bucket."""
        headers = headers.copy()
        headers["Host"] = self.headers.get("Host", "localhost")
        path = f"/{quote(self.bucket)}/{quote(key, safe='/~')}"
        return replace(self, method="PUT", raw_path=path, raw_query="", headers=headers)


@dataclass
class Answer:
    """A status, headers and a body."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the request did what it asked for."""
        return self.status < 300
