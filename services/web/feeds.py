"""Atom feeds: an album's for whoever may see it, and by a link of its own that opens nothing else.

Feed readers keep no cookies and fetch pictures whenever they like, so a feed names no presigned
address but ours, which lead to a fresh one each time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.core import keys
from services.core.access import Action
from services.core.grants import Kind, grant_id
from services.core.photo import Photo
from services.store import Store
from services.web.access import AccessDep, CanSee
from services.web.conditional import unless_known
from services.web.dependencies import SettingsDep, StoreDep, public_url
from services.web.gallery import Gallery
from services.web.markup import embed_codes, image_path, within
from services.web.place import Place
from services.web.problems import ProblemError
from services.web.rendering import render, strings_for_request

router = APIRouter()
shared = APIRouter()

IN_FEED = 30
_After = Annotated[str | None, Query(max_length=26)]


@router.get("/feed.xml")
def feed(
    request: Request, place: CanSee, store: StoreDep, settings: SettingsDep, after: _After = None
) -> Response:
    """Show a page of photos, newest first, as an Atom feed (RFC 4287; paged: RFC 5005, 3)."""
    origin = public_url(request, settings)
    address = f"{origin}{within(place.slug)}/feed.xml"
    return _atom(request, place, store, after, address, lambda photo: origin + image_path(photo))


@shared.get("/feeds/{token}")
def shared_feed(
    request: Request,
    token: str,
    access: AccessDep,
    store: StoreDep,
    settings: SettingsDep,
    after: _After = None,
) -> Response:
    """Show the feed that a feed's link opens."""
    place = _place(request, access, token)
    origin = public_url(request, settings)
    address = f"{origin}/feeds/{token}"

    def picture(photo: Photo) -> str:
        return f"{address}/{photo.id}.{photo.largest.format.extension}"

    return _atom(request, place, store, after, address, picture)


@shared.get("/feeds/{token}/{photo_id}.{extension}")
def shared_picture(
    request: Request, token: str, photo_id: str, extension: str, access: AccessDep, store: StoreDep
) -> Response:
    """Lead to a picture of the feed that a feed's link opens."""
    place = _place(request, access, token)
    known = keys.is_photo_id(photo_id)
    photo = Gallery.seen_from(store, place).status(photo_id).photo if known else None
    if photo is None or extension != photo.largest.format.extension:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    headers = {"Referrer-Policy": "no-referrer"}
    return RedirectResponse(store.gallery.url(photo.largest.key), HTTPStatus.FOUND, headers)


def _place(request: Request, access: AccessDep, token: str) -> Place:
    grant = access.grant(grant_id(token))
    album = access.album(grant.album) if grant and grant.album else None
    request.state.grant_mattered = request.state.noindex = True
    if grant is None or album is None or grant.kind is not Kind.FEED:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    place = Place(album, grant, is_owner=False)
    if not place.may(Action.SUBSCRIBE):
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    request.state.place = place
    return place


def _atom(
    request: Request,
    place: Place,
    store: Store,
    after: str | None,
    address: str,
    picture: Callable[[Photo], str],
) -> Response:
    """Return a feed; `address` is that of its first page and `picture` returns a photo's."""
    if after is not None and not keys.is_photo_id(after):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    settings = request.app.state.settings
    origin, untitled = public_url(request, settings), strings_for_request(request)("photo.untitled")
    page = Gallery.seen_from(store, place).page(after, IN_FEED)
    response = render(
        request,
        "feed.xml",
        photos=page.photos,
        updated=page.photos[0].uploaded_at
        if page.photos
        else place.album.created or datetime.fromtimestamp(0, UTC),
        origin=origin,
        first=address,
        this=address + (f"?after={after}" if after else ""),
        next=f"{address}?after={page.next}" if page.next else None,
        pictures={photo.id: picture(photo) for photo in page.photos},
        codes={
            photo.id: embed_codes(photo, photo.name or untitled, origin, picture(photo))["html"]
            for photo in page.photos
        },
    )
    response.headers["Content-Type"] = "application/atom+xml; charset=utf-8"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address may be a feed's link
    return unless_known(request, response)
