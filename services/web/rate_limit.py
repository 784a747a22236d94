"""How many uploads one address may begin: for a single node, where no API Gateway throttles."""

import hashlib
import math
import secrets
import time
from http import HTTPStatus
from ipaddress import IPv4Address, ip_address, ip_network

from fastapi import Request

from services.core.settings import Settings
from services.web.problems import ProblemError


def counted_address(request: Request, trusted_proxies: int) -> str:
    """Return whom a request is counted for: an IPv4 address, or the /64 of an IPv6 one.

    Each proxy appends to X-Forwarded-For whom it was asked by, so that of n trusted ones the n-th
    entry from the right is true, and what stands before it anybody can make up.
    """
    host = request.client.host if request.client else ""
    if trusted_proxies:
        forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        if len(forwarded) >= trusted_proxies:
            host = forwarded[-trusted_proxies].strip()
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    # One household or machine has 2 to the 64th of them.
    return str(ip_network((int(address), 64), strict=False))


class UploadRate:
    """Counts in this process's memory; a Lambda has many, so there it is off by default."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = None
        self._trusted_proxies = settings.trusted_proxies
        self._key = secrets.token_bytes(16)
        if settings.uploads_per_minute:
            # Imported where it is used: on Lambda nothing waits for it.
            from limits import RateLimitItemPerMinute
            from limits.storage import MemoryStorage
            from limits.strategies import MovingWindowRateLimiter

            self._limiter = MovingWindowRateLimiter(MemoryStorage())
            self._limit = RateLimitItemPerMinute(settings.uploads_per_minute)

    def source(self, request: Request) -> str:
        """Return a name for the request's address that tells nothing of it to whoever has no key."""
        address = counted_address(request, self._trusted_proxies).encode()
        return hashlib.blake2b(address, key=self._key, digest_size=6).hexdigest()

    def count(self, request: Request) -> None:
        """Count an upload of the request's address; raises 429 with Retry-After beyond the limit."""
        if self._limiter is None:
            return
        address = counted_address(request, self._trusted_proxies)
        if not self._limiter.hit(self._limit, address):
            window = self._limiter.get_window_stats(self._limit, address)
            wait = max(1, math.ceil(window.reset_time - time.time()))
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many requests at once; please go on in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )
