"""How many uploads one address may begin: for a single node, where no API Gateway throttles."""

import math
import time
from http import HTTPStatus

from fastapi import Request

from services.core.settings import Settings
from services.web.problems import ProblemError


class UploadRate:
    """Counts in this process's memory; a Lambda has many, so there it is off by default."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = None
        if settings.uploads_per_minute:
            # Imported where it is used: on Lambda nothing waits for it.
            from limits import RateLimitItemPerMinute
            from limits.storage import MemoryStorage
            from limits.strategies import MovingWindowRateLimiter

            self._limiter = MovingWindowRateLimiter(MemoryStorage())
            self._limit = RateLimitItemPerMinute(settings.uploads_per_minute)

    def count(self, request: Request) -> None:
        """Count an upload of the request's address; raises 429 with Retry-After beyond the limit."""
        if self._limiter is None:
            return
        address = request.client.host if request.client else ""
        if not self._limiter.hit(self._limit, address):
            window = self._limiter.get_window_stats(self._limit, address)
            wait = max(1, math.ceil(window.reset_time - time.time()))
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many uploads at once; please go on in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )
