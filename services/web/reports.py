"""What a visitor tells the owner of a photo that should not be here; once there is an owner."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.core import keys
from services.store import Store
from services.web.access import CanSee, Owner
from services.web.dependencies import PhotoId, StoreDep
from services.web.forms import Fields, done, text_of
from services.web.gallery import Gallery
from services.web.place import Place
from services.web.problems import (
    CROSS_SITE,
    MALFORMED,
    NO_SUCH_ALBUM,
    NOT_JSON,
    TOO_MANY,
    UNAVAILABLE,
    ProblemError,
    documented,
)
from services.web.rendering import render, strings_for_request

router = APIRouter(tags=["photos"])
pages = APIRouter()
owners = APIRouter()

MAX_TEXT = 500


class ReportRequest(BaseModel):
    """Why a photo should not be here."""

    text: str = Field(default="", max_length=MAX_TEXT, examples=["I did not agree to this."])


def _report(request: Request, place: Place, store: Store, photo_id: str, text: str) -> None:
    request.app.state.upload_rate.count(request)
    owned = request.app.state.owned.get("")
    if (
        not owned
        or not keys.is_photo_id(photo_id)
        or not Gallery.seen_from(store, place).status(photo_id).photo
    ):
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such photo.")
    store.reports.put(place.slug, photo_id, text)


@router.post(
    "/photos/{photo_id}/reports",
    summary="Tell the owner of a photo that should not be here",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        NOT_JSON,
        CROSS_SITE,
        NO_SUCH_ALBUM,
        MALFORMED,
        TOO_MANY,
        UNAVAILABLE,
    ),
)
def report_photo(
    request: Request, photo_id: PhotoId, report: ReportRequest, place: CanSee, store: StoreDep
) -> dict[str, str]:
    """Of several reports of one photo the first is kept. 404 while the gallery has no owner."""
    _report(request, place, store, photo_id, report.text)
    return {"status": "reported"}


@pages.post("/photos/{photo_id}/report")
def report_from_page(
    request: Request, photo_id: str, place: CanSee, store: StoreDep, fields: Fields
) -> Response:
    """Take the report of the form on the photo's page, and say so."""
    _report(request, place, store, photo_id, text_of(fields, "text", MAX_TEXT))
    strings = strings_for_request(request)
    return render(
        request,
        "state.html",
        heading=strings("report.done"),
        text=strings("report.done_text"),
        code=None,
        refresh=None,
        again=False,
        photo_id=photo_id,
    )


@owners.post("/owner/reports/{album}/{photo_id}/dismiss")
def dismiss_report(album: str, photo_id: str, _: Owner, store: StoreDep) -> Response:
    """Be done with a report."""
    store.reports.remove(album, photo_id)
    return done("/owner")
