"""Pages that are open ask here again and again whether there are new photos."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from services.web.access import CanSee, CanTidy
from services.web.conditional import unless_known
from services.web.dependencies import StoreDep
from services.web.gallery import Gallery
from services.web.problems import MALFORMED, NO_SUCH_ALBUM, UNAVAILABLE, documented

router = APIRouter(prefix="/photos", tags=["photos"])

NEWEST = 100
LISTED = 1000  # S3 lists no more at once


IfNoneMatch = Annotated[
    str | None, Header(description="The ETag of an earlier answer.", max_length=1000)
]
RESPONSES = documented(NO_SUCH_ALBUM, MALFORMED, UNAVAILABLE) | {
    304: {"description": "Nothing has changed since the answer with that ETag."}
}


class Newest(BaseModel):
    """The ids of an album's newest photos, newest first."""

    ids: list[str] = Field(examples=[["7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"]])
    whole: bool = Field(description="Whether there are no others.", examples=[True])


@router.get(
    "/newest",
    summary="Ask for new photos",
    response_model=Newest,
    responses=RESPONSES,
)
def newest_photos(
    request: Request, place: CanSee, store: StoreDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Up to a hundred ids, or 304 while they are the same; one listing."""
    del if_none_match  # read by `unless_known`; named here so that it is documented
    # One listing, whatever share of the photos the caller sees.
    page = Gallery(store, place.slug).page(None, NEWEST if place.sees_all else LISTED)
    ids = [photo.id for photo in page.photos if place.sees_all or place.sees(photo)]
    return _answer(request, ids, whole=page.next is None)


@router.get(
    "/pending",
    summary="Ask for photos that wait for approval",
    response_model=Newest,
    responses=RESPONSES,
)
def pending_photos(
    request: Request, place: CanTidy, store: StoreDep, if_none_match: IfNoneMatch = None
) -> Response:
    """Up to a hundred ids, or 304 while they are the same; one listing. For who may tidy the album."""
    del if_none_match
    photos, following = store.pages.page(place.slug, None, LISTED, pending=True)
    return _answer(request, [p.id for p in photos if not p.hidden], whole=following is None)


def _answer(request: Request, ids: list[str], *, whole: bool) -> Response:
    newest = Newest(ids=ids[:NEWEST], whole=whole and len(ids) <= NEWEST)
    response = Response(newest.model_dump_json(), media_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    return unless_known(request, response)
