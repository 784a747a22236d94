"""What is written under a photo, by who uploaded it or the owner, where the album has captions.

A caption stands in the photo's manifest, so it goes wherever the photo goes; pages of an album read
none, the photo's own page reads it along with its entry.
"""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

from services.core import keys
from services.core.access import Action
from services.store import Store
from services.web.access import CanDelete
from services.web.dependencies import DeleteToken, PhotoId, StoreDep
from services.web.forms import Fields, done, text_of
from services.web.gallery import Gallery, NotUploaderError
from services.web.markup import photo_path
from services.web.pages import DELETE_COOKIE
from services.web.photos import NOT_FOUND, NOT_YOURS
from services.web.place import Place
from services.web.problems import (
    CROSS_SITE,
    MALFORMED,
    NOT_JSON,
    TOO_MANY,
    UNAVAILABLE,
    ProblemError,
    documented,
)

router = APIRouter(tags=["photos"])
pages = APIRouter()

MAX_CAPTION = 500


class Caption(BaseModel):
    """What is written under a photo."""

    text: str = Field(default="", max_length=MAX_CAPTION, examples=["The first dance."])


def _write(
    request: Request, place: Place, store: Store, photo_id: str, token: str, text: str
) -> None:
    request.app.state.upload_rate.count(request)
    gallery = Gallery(store, place.slug)
    known = place.album.captions and keys.is_photo_id(photo_id)
    tidies = place.may(Action.TIDY)
    written = known and gallery.write_caption(
        photo_id, text, None if tidies else token, browser=place.browser
    )
    if not written:
        raise ProblemError(*NOT_FOUND)


@router.put(
    "/photos/{photo_id}/caption",
    summary="Write a photo's caption",
    responses=documented(
        NOT_JSON, NOT_YOURS, CROSS_SITE, NOT_FOUND, MALFORMED, TOO_MANY, UNAVAILABLE
    ),
)
def put_caption(
    request: Request,
    photo_id: PhotoId,
    caption: Caption,
    place: CanDelete,
    store: StoreDep,
    delete_token: DeleteToken = None,
) -> Caption:
    """Write what stands under a photo; an empty text removes it. 404 where the album has no captions.

    The owner, and a key that may tidy the album, need no token.
    """
    text = text_of({"text": caption.text}, "text", MAX_CAPTION)
    try:
        _write(request, place, store, photo_id, delete_token or "", text)
    except NotUploaderError:
        raise ProblemError(*NOT_YOURS) from None
    return Caption(text=text)


@pages.post("/photos/{photo_id}/caption")
def caption_from_page(
    request: Request, photo_id: str, place: CanDelete, store: StoreDep, fields: Fields
) -> Response:
    """Take the caption of the form on the photo's page, and lead back to it."""
    text = text_of(fields, "text", MAX_CAPTION)
    try:
        token = request.cookies.get(DELETE_COOKIE, "")
        _write(request, place, store, photo_id, token, text)
    except NotUploaderError:
        raise HTTPException(HTTPStatus.FORBIDDEN) from None
    return done(photo_path(place.slug, photo_id))
