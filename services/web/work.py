"""Long work on an album, in steps that fit into a request: closing it, moving or deleting its photos.

And putting right when they were taken.

The album's record says what is to be done and the index what is left, so that work which was cut
short goes on wherever it stood, in any browser.
"""

import time
from dataclasses import dataclass, replace
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.core.albums import Album, State
from services.core.photo import Photo
from services.store import AlbumChangedError
from services.store.relocation import as_its_album_is, put_right, relocate, relocated
from services.web.access import Access, AccessDep, CanOwn
from services.web.forms import done
from services.web.gallery import Gallery
from services.web.markup import album_path
from services.web.problems import (
    CROSS_SITE,
    NO_SUCH_ALBUM,
    UNAVAILABLE,
    ProblemError,
    documented,
)  # fmt: skip
from services.web.rendering import render

pages = APIRouter()
router = APIRouter(tags=["albums"])

SECONDS_A_STEP = 5.0
PHOTOS_A_STEP = 100
TARGET_GONE = (
    HTTPStatus.CONFLICT,
    "The album that the photos were to move to is gone; choose another one.",
)


class Step(BaseModel):
    """How far the work is."""

    done: int = Field(description="Photos done in this step.")
    left: int | None = Field(description="Photos left; null stands for more than are counted.")
    finished: bool


@dataclass(frozen=True, slots=True)
class _Listed:
    photos: list[Photo]
    more: bool


def needs_work(album: Album) -> bool:
    """Tell whether something in an album waits to be done."""
    return album.closing or album.shifting or album.state is State.DELETING


def step(access: Access, slug: str) -> Step:
    """Do some of what is to be done in an album, for SECONDS_A_STEP at most."""
    album = access.fresh_album(slug)
    if album is None or not needs_work(album):
        return Step(done=0, left=0, finished=True)
    until = time.monotonic() + SECONDS_A_STEP
    listed = _left(access, album)
    count = 0
    for photo in listed.photos[:PHOTOS_A_STEP]:
        _do(access, album, photo)
        count += 1
        if time.monotonic() > until:
            break
    left = len(listed.photos) - count
    if not left and album.state is State.DELETING:
        # What follows removes the files under an album without photos: so look whether it is one.
        left = len(_left(access, album).photos)
    if left or listed.more:
        return Step(done=count, left=None if listed.more else left, finished=False)
    try:
        _finish(access, album)
    except AlbumChangedError:  # there may be more to do now
        return Step(done=count, left=0, finished=False)
    finally:
        access.forget_album(slug)
    return Step(done=count, left=0, finished=True)


def _left(access: Access, album: Album) -> _Listed:
    """Return photos that wait for what is to be done, published ones and hidden ones."""
    found: list[Photo] = []
    for pending in (False, True):
        after: str | None = None
        while True:
            # What was cut short may have left an entry beside its new one.
            photos, after = access.store.pages.page(
                album.slug, after, 1000, pending=pending, twice=True
            )
            deleting = album.state is State.DELETING
            found += [
                photo for photo in photos if deleting or as_its_album_is(photo, album) != photo
            ]
            if after is None:
                break
            if len(found) >= PHOTOS_A_STEP:
                return _Listed(found, more=True)
    return _Listed(found, more=False)


def _do(access: Access, album: Album, photo: Photo) -> None:
    if album.state is not State.DELETING:
        relocate(access.store.gallery, photo, as_its_album_is(photo, album))
        return
    target = access.fresh_album(album.move_to) if album.move_to else None
    if album.move_to and (target is None or target.state is not State.OPEN):
        raise ProblemError(*TARGET_GONE)
    if target is None:
        Gallery(access.store, album.slug).delete(photo.id, None)
        return
    move(access, photo, target)


def move(access: Access, photo: Photo, target: Album) -> bool:
    """Move a photo to an album, as private as that is by then; False where it was deleted.

    Where that album's owner has put its sender's clock right, it is right there, too.
    """
    private = photo.pending or not target.is_public
    held = {"pending": photo.pending, "hidden": photo.hidden}
    right = put_right(photo, target)
    return settle(access, photo, relocated(right, album=target.slug, private=private, **held))


def show(access: Access, photo: Photo) -> bool:
    """Publish a photo that waits or is hidden, in its album; False where it was deleted."""
    album = access.fresh_album(photo.album)
    private = album is None or not album.is_public
    return settle(
        access, photo, relocated(photo, album=photo.album, private=private, pending=False)
    )


def hide(access: Access, photo: Photo) -> bool:
    """Take a photo out of its album, its variants out of reach; False where it was deleted."""
    kept = {"private": True, "pending": True, "hidden": True}
    return relocate(access.store.gallery, photo, relocated(photo, album=photo.album, **kept))


def settle(access: Access, photo: Photo, new: Photo) -> bool:
    """Relocate a photo, and once more where its album was closed, or a clock put right, meanwhile."""
    gallery = access.store.gallery
    if not relocate(gallery, photo, new):
        return False
    if now := access.fresh_album(new.album):
        relocate(gallery, new, as_its_album_is(new, now))
    return True


def _finish(access: Access, album: Album) -> None:
    if album.state is State.DELETING:
        access.store.gallery.remove_leftovers(album.slug)
        for grant in access.store.grants.all():
            if grant.album == album.slug:
                access.store.grants.withdraw(grant.id)
                access.forget_grant(grant.id)
        album = replace(album, state=State.DELETED)
    access.store.albums.save(replace(album, closing=False, shifting=False))


@pages.get("/work")
def work_page(request: Request, place: CanOwn, access: AccessDep) -> Response:
    """Show how far the work in an album is."""
    album = access.fresh_album(place.slug) or place.album
    if not needs_work(album):
        return done("/owner" if album.state is State.DELETED else album_path(album.slug))
    listed = _left(access, album)
    left = None if listed.more else len(listed.photos)
    return render(request, "owner/work.html", working=album, left=left)


@pages.post("/work")
def work_on(place: CanOwn, access: AccessDep) -> Response:
    """Do a step, and show how far the work is: what a browser without JavaScript presses."""
    step(access, place.slug)
    return done(f"/albums/{place.slug}/work")


@router.post(
    "/work",
    summary="Do a step of what is to be done in an album",
    responses=documented(CROSS_SITE, NO_SUCH_ALBUM, TARGET_GONE, UNAVAILABLE),
)
def work_step(place: CanOwn, access: AccessDep) -> Step:
    """Close an album, or move or delete its photos, a little at a time."""
    return step(access, place.slug)
