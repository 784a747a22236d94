"""The API's uploads: a presigned POST for each picture; the bytes never pass through here."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.core import keys
from services.core.access import Action
from services.core.reasons import Reason, sentence
from services.core.settings import Settings
from services.core.variants import ACCEPTED_TYPES
from services.store import Store
from services.web.access import CanUpload, know_browser
from services.web.admission import admit
from services.web.dependencies import SettingsDep, StoreDep
from services.web.gallery import delete_sha256
from services.web.markup import photo_path
from services.web.place import Place
from services.web.problems import MALFORMED, NO_SUCH_ALBUM, ProblemError, documented

router = APIRouter(prefix="/uploads", tags=["uploads"])

# Browsers that do not know a type, and forms without JavaScript, declare this one.
UNDECLARED_TYPE = "application/octet-stream"

GUEST_COOKIE = "guest"  # the name that a guest gave, percent-encoded
UPLOADER_LENGTH = 16  # of a grant's id: enough to tell links apart


# Systems and browsers have many names for pictures, and some for none: only what is certainly
# something else is refused before a byte is sent.
_COULD_BE_A_PICTURE = (
    # SVG is a program that draws, and no picture.
    r"^(image/(?!svg)[a-z0-9.+-]{0,40}|(application|binary)/octet-stream)?$"
)


class UploadRequest(BaseModel):
    """What a browser knows of a file before it sends it."""

    filename: str = Field(max_length=1024, examples=["beach.jpg"])
    type: str = Field(
        max_length=100,
        description="Content type; what the bytes are is decided after they have arrived.",
        examples=["image/jpeg"],
        # Said, not enforced here: what is refused gets its reason and sentence below.
        json_schema_extra={"pattern": _COULD_BE_A_PICTURE},
    )
    size: int = Field(
        description="In bytes.", examples=[3_141_592], json_schema_extra={"minimum": 1}
    )
    guest: str = Field(default="", max_length=100, description="The name of who uploads it.")


class PresignedPost(BaseModel):
    """Where and how to send the bytes: multipart/form-data, these fields, then `file` last."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class NewUpload(BaseModel):
    """An upload that may begin."""

    id: str = Field(description="The photo's id.")
    upload: PresignedPost
    delete_token: str = Field(description="Lets its holder delete the photo. Shown only here.")
    page: str = Field(description="Path of the photo's page to be.")


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """A presigned POST and what its uploader needs to know."""

    photo_id: str
    url: str
    fields: dict[str, str]
    expires_at: datetime
    delete_token: str


def new_upload(
    request: Request,
    place: Place,
    settings: Settings,
    store: Store,
    *,
    filename: str = "",
    content_type: str = UNDECLARED_TYPE,
    guest: str = "",
    browser: str = "",
    redirect: str = "",
) -> PresignedUpload:
    """Return the presigned POST of one picture.

    `guest` is the name that the uploader gives, or else the one that the browser keeps. `browser` is
    what `access.know_browser` returned. `redirect` is where S3 sends a form without JavaScript
    afterwards; `{id}` in it becomes the photo id.
    """
    admit(request)
    now = datetime.now(UTC)
    photo_id = keys.new_photo_id(now)
    token = secrets.token_urlsafe(24)
    url, fields = store.uploads.presign_post(
        place.slug,
        photo_id,
        content_type=content_type,
        name=filename,
        delete_sha256=delete_sha256(token),
        guest=guest or unquote(request.cookies.get(GUEST_COOKIE, "")),
        uploader=place.grant.id[:UPLOADER_LENGTH] if place.grant else "",
        browser=browser,
        approved=place.may(Action.TIDY),
        source=request.app.state.upload_rate.source(request),
        redirect=redirect.replace("{id}", photo_id),
    )
    expires_at = now + timedelta(seconds=settings.upload_expires_seconds)
    return PresignedUpload(photo_id, url, fields, expires_at, token)


@router.post(
    "",
    summary="Begin an upload",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        (HTTPStatus.BAD_REQUEST, "The body is not JSON."),
        (
            HTTPStatus.FORBIDDEN,
            "The request comes from another site, or the album takes no pictures.",
        ),
        NO_SUCH_ALBUM,
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The file is larger than an upload may be."),
        (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The declared type is not one that can be read."),
        MALFORMED,
        (HTTPStatus.TOO_MANY_REQUESTS, "Too many uploads at once; `Retry-After` says when."),
        (
            HTTPStatus.SERVICE_UNAVAILABLE,
            "No pictures are taken now, `reason` says why, or the storage does not answer.",
        ),
    ),
)
def create_upload(
    upload: UploadRequest,
    place: CanUpload,
    request: Request,
    response: Response,
    settings: SettingsDep,
    store: StoreDep,
) -> NewUpload:
    """Return the presigned POST that sends one picture straight to S3."""
    if upload.size <= 0:
        _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, Reason.EMPTY, settings)
    if upload.size > settings.max_upload_bytes:
        _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Reason.TOO_LARGE, settings)
    content_type = upload.type.partition(";")[0].strip().lower() or UNDECLARED_TYPE
    if not re.match(_COULD_BE_A_PICTURE, content_type):
        _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Reason.UNSUPPORTED_FORMAT, settings)
    if content_type not in ACCEPTED_TYPES:
        content_type = UNDECLARED_TYPE
    presigned = new_upload(
        request,
        place,
        settings,
        store,
        filename=upload.filename,
        content_type=content_type,
        guest=upload.guest,
        browser=know_browser(request, response, place),
    )
    page = photo_path(place.slug, presigned.photo_id)
    response.headers["Location"] = page
    return NewUpload(
        id=presigned.photo_id,
        upload=PresignedPost(
            url=presigned.url, fields=presigned.fields, expires_at=presigned.expires_at
        ),
        delete_token=presigned.delete_token,
        page=page,
    )


def describe_limits(document: dict[str, Any], settings: Settings) -> None:
    """Tell in the OpenAPI document how large an upload may be."""
    properties = document["components"]["schemas"][UploadRequest.__name__]["properties"]
    properties["size"]["maximum"] = settings.max_upload_bytes


def _refuse(status: HTTPStatus, reason: Reason, settings: Settings) -> None:
    raise ProblemError(status, sentence(reason, settings), reason=reason)
