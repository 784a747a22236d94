"""HEAD and gzip for every route, and which hosts a request may name."""

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# RFC 6761, 6762, 8375 and ICANN's `internal`: names that no stranger can register.
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".test", ".home.arpa", ".lan")
_NO_GZIP = re.compile(r"\s*(gzip|\*)\s*;\s*q\s*=\s*0(\.0{0,3})?\s*", re.IGNORECASE)


class HeadMiddleware:
    """Answers HEAD as GET would be, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class NegotiatedGZip(GZipMiddleware):
    """Compresses for those who take gzip; Starlette's own reads `gzip;q=0` as accepting it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http":
            accepted = Headers(scope=scope).get("accept-encoding", "")
            if any(_NO_GZIP.fullmatch(part) for part in accepted.split(",")):
                scope = {**scope, "headers": list(scope["headers"])}
                MutableHeaders(scope=scope)["accept-encoding"] = "identity"
        await super().__call__(scope, receive, send)


def is_trusted_host(host: str) -> bool:
    """Tell whether a Host header may become part of links, where no public address is set.

    Addresses and names that only this network or this machine gives out: what a stranger can
    register, a stranger can also send.
    """
    name = (urlsplit(f"//{host}").hostname or "") if _is_host(host) else ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(_PRIVATE_NAMES))
    return True


def _is_host(host: str) -> bool:
    return (
        re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", host, re.IGNORECASE) is not None
    )
