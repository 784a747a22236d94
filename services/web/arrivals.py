"""Pages that are open ask here again and again whether there are new photos."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from services.web.access import CanSee
from services.web.conditional import unless_known
from services.web.dependencies import StoreDep
from services.web.gallery import Gallery
from services.web.problems import MALFORMED, NO_SUCH_ALBUM, UNAVAILABLE, documented

router = APIRouter(prefix="/photos", tags=["photos"])

NEWEST = 100
LISTED = 1000  # S3 lists no more at once


class Newest(BaseModel):
    """The ids of an album's newest photos, newest first."""

    ids: list[str] = Field(examples=[["7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"]])
    whole: bool = Field(description="Whether there are no others.", examples=[True])


@router.get(
    "/newest",
    summary="Ask for new photos",
    response_model=Newest,
    responses=documented(NO_SUCH_ALBUM, MALFORMED, UNAVAILABLE)
    | {304: {"description": "Nothing has changed since the answer with that ETag."}},
)
def newest_photos(
    request: Request,
    place: CanSee,
    store: StoreDep,
    if_none_match: Annotated[
        str | None, Header(description="The ETag of an earlier answer.", max_length=1000)
    ] = None,
) -> Response:
    """Up to a hundred ids, or 304 while they are the same; one listing."""
    del if_none_match  # read by `unless_known`; named here so that it is documented
    # One listing, whatever share of the photos the caller sees.
    page = Gallery(store, place.slug).page(None, NEWEST if place.sees_all else LISTED)
    ids = [photo.id for photo in page.photos if place.sees_all or place.sees(photo)]
    newest = Newest(ids=ids[:NEWEST], whole=page.next is None and len(ids) <= NEWEST)
    response = Response(newest.model_dump_json(), media_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    return unless_known(request, response)
