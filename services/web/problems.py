"""Errors: RFC 9457 problem details for programs, a page that looks like the site for people."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from services.store.bucket import TooFarApartError
from services.web.rendering import render_error

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# What many routes have in common: status and when it happens.
NOT_JSON = (HTTPStatus.BAD_REQUEST, "The body is not JSON.")
CROSS_SITE = (HTTPStatus.FORBIDDEN, "The request comes from another site.")
TOO_MANY = (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests; `Retry-After` says when.")
NO_SUCH_ALBUM = (HTTPStatus.NOT_FOUND, "There is no such album.")
MALFORMED = (HTTPStatus.UNPROCESSABLE_ENTITY, "The request is malformed; `errors` says where.")
UNAVAILABLE = (HTTPStatus.SERVICE_UNAVAILABLE, "The storage does not answer.")


class FieldError(BaseModel):
    """What is wrong with one part of a request."""

    field: str = Field(examples=["body.size"])
    message: str = Field(examples=["Input should be a valid integer"])


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(default="about:blank", description="Says what kind of problem this is.")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(default="", description="One sentence for a person.")
    reason: str | None = Field(default=None, description="The stable code of a refused upload.")
    errors: list[FieldError] | None = Field(
        default=None, description="Where a request is malformed."
    )


class ProblemError(HTTPException):
    """An error with a sentence for a person and, for a refused upload, its stable reason."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        reason: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.reason = reason


def documented(*problems: tuple[HTTPStatus, str]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route's errors: status and when it happens."""
    return {
        status.value: {
            "model": Problem,
            "description": when,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": "about:blank",
                        "title": status.phrase,
                        "status": status.value,
                        "detail": when,
                    },
                }
            },
        }
        for status, when in problems
    }


def install(app: FastAPI) -> None:
    """Make every error of the app a problem or a page."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return problem(
            request,
            HTTPStatus(error.status_code),
            error.detail,
            reason=getattr(error, "reason", None),
            headers=error.headers,
        )

    @app.exception_handler(RequestValidationError)
    async def _malformed(request: Request, error: RequestValidationError) -> Response:
        errors = [
            FieldError(field=".".join(str(part) for part in item["loc"]), message=item["msg"])
            for item in error.errors()
        ]
        return problem(
            request,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "; ".join(f"{item.field}: {item.message}" for item in errors),
            errors=errors,
        )

    @app.exception_handler(ClientError)
    @app.exception_handler(BotoCoreError)
    async def _storage(request: Request, error: Exception) -> Response:
        logger.error("storage unavailable", exc_info=error)
        return problem(
            request,
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The storage does not answer; please try again in a moment.",
            headers={"Retry-After": "5"},
        )

    @app.exception_handler(TooFarApartError)
    async def _too_far_apart(request: Request, _: Exception) -> Response:
        return problem(
            request,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "These photos lie too far apart to be asked for together; ask for fewer at once.",
        )

    @app.exception_handler(Exception)
    async def _bug(request: Request, _: Exception) -> Response:
        response = problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.")
        # Starlette sends this one outside of all middleware, and raises again for the logs.
        response.headers.update(request.app.state.security_headers)
        return response


def describe(document: dict[str, Any]) -> None:
    """Let every error in the OpenAPI document be a problem and nothing else."""
    for path in document["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            # FastAPI adds its own form of 422 wherever there is a parameter.
            if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: {}}):
                del responses["422"]
            for response in responses.values():
                content = response.get("content", {})
                if MEDIA_TYPE in content:
                    # FastAPI adds the model of a response under JSON's own type, too.
                    content.pop("application/json", None)


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    *,
    reason: str | None = None,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the error as a page where a person reads it, else as problem details."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith("/api/"):
        page = render_error(request, status, reason)
        page.headers.update(headers or {})
        return page
    content = Problem(
        title=status.phrase, status=status, detail=detail, reason=reason, errors=errors
    )
    return JSONResponse(
        content.model_dump(exclude_none=True), status, headers, media_type=MEDIA_TYPE
    )
