"""Putting a wrong clock right: the owner says when one photo was really taken, and all of its sender follow."""

from datetime import datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, Response

from services.core import keys
from services.core.capture import MOST_SHIFT, shown
from services.core.photo import Photo
from services.web.access import AccessDep, CanOwn
from services.web.albums import save
from services.web.forms import Fields, done
from services.web.markup import photo_path
from services.web.problems import ProblemError

router = APIRouter()

_NOT_A_SHIFT = (
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "Say when the photo was taken, such as 2026-07-15T18:30, or by how many minutes its clock was wrong.",
)


def _minutes(fields: dict[str, str], photo: Photo) -> int:
    """Return by how many minutes the form puts the photo's clock right; raises 422 for no such number."""
    try:
        if fields.get("minutes", "").strip():
            minutes = int(fields["minutes"])
        else:
            really = shown(datetime.fromisoformat(fields.get("taken", "")))
            wrong_by = really - shown(photo.camera or really)
            # Clocks are wrong by whole minutes, or nobody would know the seconds.
            minutes = round(wrong_by / timedelta(minutes=1))
    except (ValueError, OverflowError):
        raise ProblemError(*_NOT_A_SHIFT) from None
    if abs(minutes) > MOST_SHIFT:
        raise ProblemError(*_NOT_A_SHIFT)
    return minutes


@router.post("/photos/{photo_id}/clock")
def put_clock_right(photo_id: str, place: CanOwn, access: AccessDep, fields: Fields) -> Response:
    """Put right when all photos of this one's sender were taken: those that are here and those to come.

    `taken` is when this one really was, or `minutes` by how many its clock was wrong.
    """
    known = keys.is_photo_id(photo_id)
    found = access.store.gallery.photos(place.slug, [photo_id]) if known else {}
    photo = found.get(photo_id)
    if photo is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such photo.")
    if photo.camera is None:
        msg = "The photo does not say when it was taken."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    minutes = _minutes(fields, photo)
    album = access.fresh_album(place.slug) or place.album
    if minutes == (album.shift_of(photo.sender) or 0) == photo.shift:
        return done(photo_path(place.slug, photo_id))
    save(access, album.with_shift(photo.sender, minutes))
    return done(f"/albums/{place.slug}/work")
