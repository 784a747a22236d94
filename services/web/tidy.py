"""Deleting, hiding, showing and moving photos, one or many: the owner's, and of keys that may."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.core import keys
from services.core.access import Action, may
from services.core.albums import State
from services.store.relocation import relocate, relocated
from services.web.access import Access, AccessDep, CanTidy
from services.web.dependencies import StoreDep
from services.web.forms import Fields, done
from services.web.gallery import Gallery
from services.web.markup import album_path, within
from services.web.place import Place
from services.web.problems import (
    CROSS_SITE,
    MALFORMED,
    NO_SUCH_ALBUM,
    NOT_JSON,
    UNAVAILABLE,
    ProblemError,
    documented,
)  # fmt: skip
from services.web.rendering import render
from services.web.work import move

pages = APIRouter()
router = APIRouter(tags=["photos"])

NO_TARGET = (HTTPStatus.CONFLICT, "There is no such album to move to.")
MAX_PHOTOS = 25  # what fits into a request, with time to spare

Deed = Literal["delete", "hide", "show", "move"]
DEEDS: dict[str, Deed] = {"delete": "delete", "hide": "hide", "show": "show", "move": "move"}
Outcome = Literal["done", "missing"]


class TidyRequest(BaseModel):
    """What to do, to which photos of the album."""

    action: Deed
    ids: list[Annotated[str, StringConstraints(pattern=f"^{keys.PHOTO_ID_PATTERN}$")]] = Field(
        min_length=1, max_length=MAX_PHOTOS, examples=[["7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"]]
    )
    to: str = Field(default="", max_length=40, description="The album to move to.")


class Tidying(BaseModel):
    """What became of each photo: `missing` is one that is not, or no longer, in the album."""

    outcomes: dict[str, Outcome]


def tidy(access: Access, place: Place, deed: Deed, ids: list[str], to: str) -> dict[str, Outcome]:
    """Do something to photos of an album and return what became of each; done again, the same."""
    target = access.fresh_album(to) if deed == "move" else None
    if deed == "move":
        grants = [place.grant] if place.grant else []
        now = place.now()
        allowed = target and may(Action.TIDY, target, grants, now)
        if target is None or not allowed or target.state is not State.OPEN or to == place.slug:
            raise ProblemError(*NO_TARGET)
    bucket = access.store.gallery
    shown = bucket.photos(place.slug, ids)
    hidden = bucket.photos(place.slug, ids, pending=True)
    outcomes: dict[str, Outcome] = {}
    for id_ in ids:
        photo = shown.get(id_) or hidden.get(id_)
        if deed == "delete":
            state = Gallery(access.store, place.slug).delete(id_, None).state
            outcomes[id_] = "done" if photo or state not in ("unknown", "deleted") else "missing"
        elif photo is None:
            outcomes[id_] = "missing"
        elif target:
            outcomes[id_] = "done" if move(access, photo, target) else "missing"
        else:
            new = relocated(photo, album=photo.album, private=photo.private, pending=deed == "hide")
            outcomes[id_] = "done" if relocate(bucket, photo, new) else "missing"
    access.forget_photos(place.slug)
    return outcomes


@router.post(
    "/tidy",
    summary="Delete, hide, show or move photos",
    responses=documented(NOT_JSON, CROSS_SITE, NO_SUCH_ALBUM, NO_TARGET, MALFORMED, UNAVAILABLE),
)
def tidy_photos(wanted: TidyRequest, place: CanTidy, access: AccessDep) -> Tidying:
    """Up to 25 photos at once; the owner's, and of keys that may tidy the album."""
    return Tidying(outcomes=tidy(access, place, wanted.action, wanted.ids, wanted.to))


@pages.post("/photos/{photo_id}/tidy")
def tidy_photo(photo_id: str, place: CanTidy, access: AccessDep, fields: Fields) -> Response:
    """Do it to one photo, from its page."""
    deed = DEEDS.get(fields.get("action", ""))
    if deed is None or not keys.is_photo_id(photo_id):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "A photo is deleted, hidden or moved.")
    tidy(access, place, deed, [photo_id], fields.get("to", ""))
    if deed == "show" or fields.get("back") == "similar":
        return done(f"{within(place.slug)}/{'hidden' if deed == 'show' else 'similar'}")
    return done(album_path(place.slug))


@pages.get("/hidden")
def hidden_page(request: Request, place: CanTidy, store: StoreDep, after: str = "") -> Response:
    """Show the photos that are hidden, to those who may show them again."""
    start = after if keys.is_photo_id(after) else None
    photos, following = store.gallery.page(place.slug, start, 60, pending=True)
    return render(request, "owner/hidden.html", photos=photos, following=following)
