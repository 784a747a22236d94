"""What a form without JavaScript sends."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from services.web.problems import ProblemError


async def _fields(request: Request) -> dict[str, str]:
    try:
        return dict(parse_qsl((await request.body()).decode(), max_num_fields=50))
    except ValueError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from None


Fields = Annotated[dict[str, str], Depends(_fields)]


def text_of(fields: dict[str, str], name: str, most: int) -> str:
    """Return a field's text without control characters, or raise 422 where it is too long."""
    text = "".join(c for c in fields.get(name, "") if c.isprintable() or c == "\n").strip()
    if len(text) > most:
        msg = f"{name} has more than {most} characters."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    return text


def moment_of(fields: dict[str, str], name: str) -> datetime | None:
    """Return the moment that a date field names, the end of that day in UTC; 422 for no date."""
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        msg = f"{name} must be a date such as 2026-12-31."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg) from None
    return day.replace(hour=23, minute=59, second=59)


def done(path: str) -> RedirectResponse:
    """Return the redirect that follows a form, so that a reload does not send it again."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
