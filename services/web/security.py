"""Security headers on every response, and no state-changing request from another site."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.core.settings import Settings
from services.store import Store
from services.web.middleware import is_trusted_host
from services.web.problems import ProblemError, problem

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

MAX_BODY_BYTES = 65_536
"""No request of ours is a hundredth as long: pictures go to S3."""


def content_security_policy(store: Store) -> str:
    """Return the policy: nothing inline, pictures, downloads and uploads only where the buckets are."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' data: blob: {' '.join(store.gallery.origins)}",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(
            dict.fromkeys(["'self'", store.uploads.origin, *store.gallery.origins])
        ),
        "frame-src": "'self'",  # a download through the service worker begins in a frame
        "form-action": f"'self' {store.uploads.origin}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def security_headers(settings: Settings, store: Store) -> dict[str, str]:
    """Return the headers of every response."""
    headers = {
        "Content-Security-Policy": content_security_policy(store),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if (settings.public_url or "").startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


class SecurityMiddleware:
    """Adds the headers, bounds bodies, and refuses what comes from elsewhere.

    State-changing requests of other sites (403), and without a public address those that name a
    host which a stranger could have chosen (400).
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], public_url: str | None) -> None:
        self._app = app
        self._headers = headers
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})  # one for all copies of the scope further in

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                _by_caller(state, headers)
            await send(message)

        if not self._public_url and not is_trusted_host(Headers(scope=scope).get("host", "")):
            refusal = problem(
                Request(scope),
                HTTPStatus.BAD_REQUEST,
                "This gallery is not known under that host name; PUBLIC_URL says where it is.",
            )
            await refusal(scope, receive, send_with_headers)
            return
        own = self._public_url or f"{scope['scheme']}://{Headers(scope=scope).get('host', '')}"
        if scope["method"] not in SAFE_METHODS and is_cross_site(Headers(scope=scope), own):
            refusal = problem(
                Request(scope), HTTPStatus.FORBIDDEN, "The request comes from another site."
            )
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, _bounded(receive, MAX_BODY_BYTES), send_with_headers)


def is_cross_site(headers: Headers, own: str | None = None) -> bool:
    """Tell whether another site had the browser send the request; `own` is this site's origin."""
    # Browsers set it and pages cannot; programs, which hold no one's rights, send neither.
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin != own


def _by_caller(state: Mapping[str, bool], headers: MutableHeaders) -> None:
    """Let no cache give to one what another one's grant showed, and no search engine list it."""
    if state.get("grant_mattered"):
        headers.add_vary_header("Cookie, Authorization")
        kept = headers.get("cache-control", "")
        if "private" not in kept and "no-store" not in kept:
            headers["Cache-Control"] = "private, no-cache"
    if state.get("noindex"):
        headers["X-Robots-Tag"] = "noindex"


def _bounded(receive: Receive, limit: int) -> Receive:
    read = 0

    async def receive_some() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The request is longer than {limit:,} bytes; send pictures to S3.",
            )
        return message

    return receive_some
