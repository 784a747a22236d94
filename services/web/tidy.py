"""Publishing, rejecting, deleting, hiding, showing and moving photos: the owner's, and of keys that may.

A photo that waits for approval and one that is hidden stand in the same place, `pending/`, apart by a
mark: publishing the one is showing the other. Rejecting is deleting with words for the uploader.
"""

from collections import Counter
from http import HTTPStatus
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from services.core import keys
from services.core.access import Action, may
from services.core.albums import State
from services.core.photo import Photo
from services.store import Store
from services.web.access import Access, AccessDep, CanTidy
from services.web.dependencies import StoreDep
from services.web.forms import Fields, done, text_of
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
from services.web.work import hide, move, show

pages = APIRouter()
router = APIRouter(tags=["photos"])

NO_TARGET = (HTTPStatus.CONFLICT, "There is no such album to move to.")
MAX_PHOTOS = 25  # what fits into a request, with time to spare

Deed = Literal["delete", "reject", "hide", "show", "move"]
DEEDS: dict[str, Deed] = {deed: deed for deed in get_args(Deed)}
MAX_NOTE = 200
ON_PAGE = 60
BACK = ("hidden", "similar", "waiting")  # pages that lead back to themselves
MOST_LABELS = 10  # two requests to S3 each
Outcome = Literal["done", "missing"]


class TidyRequest(BaseModel):
    """What to do, to which photos of the album."""

    action: Deed
    ids: list[Annotated[str, StringConstraints(pattern=f"^{keys.PHOTO_ID_PATTERN}$")]] = Field(
        min_length=1, max_length=MAX_PHOTOS, examples=[["7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"]]
    )
    to: str = Field(default="", max_length=40, description="The album to move to.")
    note: str = Field(
        default="", max_length=MAX_NOTE, description="Why a photo is rejected, for its uploader."
    )


class Tidying(BaseModel):
    """What became of each photo: `missing` is one that is not, or no longer, in the album."""

    outcomes: dict[str, Outcome]


def tidy(
    access: Access, place: Place, deed: Deed, ids: list[str], to: str = "", note: str = ""
) -> dict[str, Outcome]:
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
    held = bucket.photos(place.slug, ids, pending=True)
    outcomes: dict[str, Outcome] = {}
    for id_ in ids:
        # Of a decision that was cut short both may be left: what was to go is what is done again.
        first, second = (held, shown) if deed == "show" else (shown, held)
        photo = first.get(id_) or second.get(id_)
        if deed in ("delete", "reject"):
            words = note if deed == "reject" else None
            state = Gallery(access.store, place.slug).delete(id_, None, note=words).state
            outcomes[id_] = "done" if photo or state not in ("unknown", "deleted") else "missing"
        elif photo is None:
            outcomes[id_] = "missing"
        elif target:
            outcomes[id_] = "done" if move(access, photo, target) else "missing"
        elif deed == "hide":
            outcomes[id_] = "done" if hide(access, photo) else "missing"
        else:
            outcomes[id_] = "done" if not photo.pending or show(access, photo) else "missing"
    access.forget_photos(place.slug)
    return outcomes


@router.post(
    "/tidy",
    summary="Publish, reject, delete, hide, show or move photos",
    responses=documented(NOT_JSON, CROSS_SITE, NO_SUCH_ALBUM, NO_TARGET, MALFORMED, UNAVAILABLE),
)
def tidy_photos(wanted: TidyRequest, place: CanTidy, access: AccessDep) -> Tidying:
    """Up to 25 photos at once; the owner's, and of keys that may tidy the album.

    `show` publishes a photo that waits for approval, or was hidden; `reject` deletes one and tells its
    uploader `note`.
    """
    outcomes = tidy(access, place, wanted.action, wanted.ids, wanted.to, wanted.note)
    return Tidying(outcomes=outcomes)


@pages.post("/photos/{photo_id}/tidy")
def tidy_photo(photo_id: str, place: CanTidy, access: AccessDep, fields: Fields) -> Response:
    """Do it to one photo, from its page."""
    deed = DEEDS.get(fields.get("action", ""))
    if deed is None or not keys.is_photo_id(photo_id):
        msg = "A photo is published, rejected, deleted, hidden or moved."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    note = text_of(fields, "note", MAX_NOTE)
    tidy(access, place, deed, [photo_id], fields.get("to", ""), note)
    back = fields.get("back", "")
    return done(f"{within(place.slug)}/{back}" if back in BACK else album_path(place.slug))


@pages.get("/hidden")
def hidden_page(request: Request, place: CanTidy, store: StoreDep, after: str = "") -> Response:
    """Show the photos that are hidden, to those who may show them again."""
    photos, following = _held(store, place, after, hidden=True)
    return render(request, "owner/hidden.html", photos=photos, following=following)


@pages.get("/waiting")
def waiting_page(request: Request, place: CanTidy, store: StoreDep, after: str = "") -> Response:
    """Show the tray: the photos that wait for approval, to be published or rejected."""
    photos, following = _held(store, place, after, hidden=False)
    labels = {one: store.grants.label_of(one) for one in _links_of(photos)[:MOST_LABELS]}
    senders = Counter(sender for photo in photos if (sender := sender_of(photo)))
    return render(
        request,
        "owner/waiting.html",
        photos=photos,
        following=following,
        labels=labels,
        senders=senders,
        sender_of=sender_of,
    )


@pages.post("/waiting")
def decide_on_sender(place: CanTidy, access: AccessDep, fields: Fields) -> Response:
    """Publish or reject what waits of one uploader, MAX_PHOTOS at a time."""
    deed, sender = DEEDS.get(fields.get("action", "")), fields.get("sender", "")
    if deed not in ("show", "reject") or not sender:
        msg = "What waits of somebody is published or rejected."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    photos, _ = access.store.pages.page_where(
        place.slug,
        None,
        MAX_PHOTOS,
        lambda photo: not photo.hidden and sender_of(photo) == sender,
        pending=True,
    )
    note = text_of(fields, "note", MAX_NOTE)
    tidy(access, place, deed, [photo.id for photo in photos], note=note)
    return done(f"{within(place.slug)}/waiting")


def sender_of(photo: Photo) -> str:
    """Return what tells who sent a photo: the browser, or else the link or key; or nothing does."""
    return photo.browser or photo.uploader


def _links_of(photos: list[Photo]) -> list[str]:
    return list(dict.fromkeys(photo.uploader for photo in photos if photo.uploader))


def _held(
    store: Store, place: Place, after: str, *, hidden: bool
) -> tuple[list[Photo], str | None]:
    start = after if keys.is_photo_id(after) else None
    return store.pages.page_where(
        place.slug, start, ON_PAGE, lambda photo: photo.hidden is hidden, pending=True
    )
