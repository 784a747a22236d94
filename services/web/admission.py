"""Whether an upload may begin: whoever asks for a form is counted, by API and page alike."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import Request

from services.core.reasons import Reason, sentence
from services.web.problems import ProblemError


def admit(request: Request) -> None:
    """Count an upload that is about to begin.

    Raises 429 beyond the limit of an address, 503 while no uploads are taken; Retry-After says when
    to come again.
    """
    state = request.app.state
    state.upload_rate.count(request)
    now = datetime.now(UTC)
    if reason := state.paused.get(""):
        # A day's budget is a new one at midnight; for the others nobody knows.
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        wait = int((midnight - now).total_seconds()) + 1 if reason is Reason.DAY_IS_FULL else 3600
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            sentence(reason, state.settings),
            reason=reason,
            headers={"Retry-After": str(wait)},
        )
