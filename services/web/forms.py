"""What a form without JavaScript sends."""

import re
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from services.core.text import without_unseen
from services.web.problems import ProblemError


async def _fields(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=50))
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from None


_LAST_ZONE = timezone(timedelta(hours=-12))
"""Where a day ends last. A form does not say where its reader is: "until the end of the day" lasts
until it has ended everywhere."""

_END_OF_DATES = 3000  # the last day there is has ended everywhere only in the year 10000

Fields = Annotated[dict[str, str], Depends(_fields)]


def text_of(fields: dict[str, str], name: str, most: int) -> str:
    """Return a field's text as it can be seen, or raise 422 where it is too long."""
    lines = re.sub("\r\n?|[\u2028\u2029]", "\n", fields.get(name, ""))
    text = without_unseen(lines, keep="\n").strip()
    if len(text) > most:
        msg = f"{name} has more than {most} characters."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    return text


def moment_of(fields: dict[str, str], name: str) -> datetime | None:
    """Return when the day that a date field names has ended everywhere; 422 for no date."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_LAST_ZONE)
    except ValueError:
        msg = f"{name} must be a date such as 2026-12-31."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg) from None
    if day.year >= _END_OF_DATES:
        msg = f"{name} must be before the year {_END_OF_DATES}."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    return day.replace(hour=23, minute=59, second=59).astimezone(UTC)


def day_of(moment: datetime) -> str:
    """Return the day that `moment_of` made a moment of, as a date field takes it."""
    return moment.astimezone(_LAST_ZONE).date().isoformat()


def done(path: str) -> RedirectResponse:
    """Return the redirect that follows a form, so that a reload does not send it again."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
