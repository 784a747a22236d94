"""The pages that people see: the gallery, a photo, the form for uploads without JavaScript."""

import io
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.core import keys
from services.core.access import Action
from services.core.order import Order, is_position, position_of, position_on
from services.core.photo import Photo
from services.core.reasons import Reason
from services.store import Store
from services.web.access import AccessDep, CanFollow, CanSee, CanUpload, know_browser
from services.web.albums import destinations
from services.web.dependencies import SettingsDep, StoreDep, is_https, public_url
from services.web.gallery import Gallery, NotUploaderError, Status, fitting
from services.web.markup import album_path, embed_codes, page_path, photo_path, place_path, within
from services.web.photos import MAX_IDS
from services.web.place import Place
from services.web.rendering import render, strings_for_request
from services.web.uploads import new_upload

router = APIRouter()

EAGER = 12  # photos that are loaded at once: the first screen of a phone
REFRESH_SECONDS = 2
MAX_NAME = 60
DELETE_COOKIE = "delete"  # the delete token of the one photo that its path names
DELETE_COOKIE_SECONDS = 365 * 86_400


def gallery_page(
    request: Request,
    place: CanSee,
    store: StoreDep,
    settings: SettingsDep,
    after: str | None = None,
    at: str | None = None,
    on: str | None = None,
    only: Annotated[str | None, Query(max_length=27 * MAX_IDS)] = None,
    by: Annotated[str, Query(max_length=MAX_NAME)] = "",
) -> Response:
    """Show a page of photos, newest first.

    `after` goes on behind a position. `at` names a place: the photos from that one on, and those just
    newer above them. `on` is a month, a day or an hour in an album that is ordered by time: the
    photos from its latest on. `only` asks for the tiles of some photos, for a page that stands
    already. `by` leaves the photos of the guests whose name has that in it.
    """
    by = by.strip() if place.shows_names else ""
    gallery = Gallery.seen_from(store, place, by, place.album.order)
    dated = gallery.order is Order.TAKEN
    if only is not None:
        wanted = [id_ for id_ in only.split(",") if keys.is_photo_id(id_)]
        statuses = gallery.statuses(wanted).values()
        found = [status.photo for status in statuses if status.photo]
        photos = sorted(found, key=lambda photo: position_of(photo, gallery.order))
        return render(request, "tiles.html", photos=photos, eager=range(0), dated=dated)
    if on is not None:
        after = position_on(on) or ""
    if any(place_ is not None and not is_position(place_) for place_ in (after, at)):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if at:
        page, more_newer, first_seen = gallery.around(at, min(settings.page_size, MAX_IDS))
    else:
        page, more_newer, first_seen = gallery.page(after, settings.page_size), bool(after), 0
        page = fitting(page, gallery.order, gallery.bytes_on_page)
    origin, path = public_url(request, settings), album_path(place.slug)
    query = {"by": by} if by else {}
    shown = render(
        request,
        "gallery.html",
        photos=page.photos,
        dated=dated,
        after=after,
        at=at,
        by=by,
        at_head=not more_newer and not by,
        eager=range(first_seen, first_seen + EAGER),
        origin=origin,
        canonical=origin + path + (f"?after={after}" if after else ""),
        # Whoever sees only some of the photos learns of no date that has others.
        dates_url=f"{within(place.slug)}/dates" if dated and place.sees_all and not by else None,
        next_url=f"{path}?{urlencode(query | {'after': page.next})}" if page.next else None,
        newer_url=_newer_url(page.photos, at, path) if more_newer and page.photos else None,
        waiting=_waiting(store, place) if not more_newer else None,
    )
    if place.may(Action.UPLOAD):
        know_browser(request, shown, place)
    return shown


@router.get("/dates")
def dates_page(request: Request, place: CanSee, store: StoreDep) -> Response:
    """Show the dates of an album that is ordered by time, each leading to its photos.

    Of any other album there are none, and none for who sees only some of its photos: to the photos.
    """
    if place.album.order is not Order.TAKEN or not place.sees_all:
        return RedirectResponse(album_path(place.slug), HTTPStatus.FOUND)
    return render(request, "dates.html", dates=Gallery(store, place.slug).dates())


@router.get("/upload/")
def upload_page_with_slash(place: CanUpload) -> Response:
    """Lead to the form, whatever host the request names."""
    return RedirectResponse(f"{within(place.slug)}/upload", HTTPStatus.PERMANENT_REDIRECT)


@router.get("/upload")
def upload_page(
    request: Request, place: CanUpload, settings: SettingsDep, store: StoreDep
) -> Response:
    """Show a form that posts one picture straight to S3, for browsers without JavaScript."""
    redirect = public_url(request, settings) + photo_path(place.slug, "{id}")
    known = Response()
    browser = know_browser(request, known, place)
    presigned = new_upload(request, place, settings, store, browser=browser, redirect=redirect)
    minutes = settings.upload_expires_seconds // 60 or 1
    page = render(request, "upload.html", form=presigned, minutes=minutes)
    page.raw_headers += [one for one in known.raw_headers if one[0] == b"set-cookie"]
    # A form is good for one picture: Back and Reload get another one.
    page.headers["Cache-Control"] = "no-store"
    page.set_cookie(
        DELETE_COOKIE,
        presigned.delete_token,
        max_age=DELETE_COOKIE_SECONDS,
        path=photo_path(place.slug, presigned.photo_id),
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )
    return page


@router.get("/photos/{photo_id}")
def photo_page(
    request: Request,
    photo_id: str,
    place: CanFollow,
    access: AccessDep,
    store: StoreDep,
    settings: SettingsDep,
) -> Response:
    """Show one photo, or what is to be known of an upload that is none yet."""
    if {"bucket", "key", "etag"} <= request.query_params.keys():  # as S3's redirect has it
        return RedirectResponse(photo_path(place.slug, photo_id), HTTPStatus.SEE_OTHER)
    strings = strings_for_request(request)
    gallery = Gallery.seen_from(store, place)
    status = _status(gallery, photo_id)
    photo, waiting = status.photo, status.state == "waiting"
    if status.of:
        return RedirectResponse(photo_path(place.slug, status.of), HTTPStatus.SEE_OTHER)
    if status.state == "stored" and not place.may(Action.FOLLOW):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if photo:
        origin = public_url(request, settings)
        codes = embed_codes(photo, photo.name or strings("photo.untitled"), origin)
        labelled = [(name, strings(f"photo.code.{name}"), text) for name, text in codes.items()]
        tidies = place.may(Action.TIDY)
        return render(
            request,
            "photo.html",
            photo=photo,
            origin=origin,
            codes=labelled,
            caption=gallery.caption(photo) if place.album.captions else "",
            uploaded_by=_uploaded_by(store, photo) if tidies else {},
            others=destinations(access, place) if tidies else [],
            may_delete=_is_of_this_browser(request, place, photo),
            may_report=request.app.state.owned.get(""),
        )
    decides = status.state == "pending" or status.twin_waits
    if status.held or status.twin_waits:
        heading, text = strings("upload.pending"), strings("upload.pending_text")
    elif status.state == "stored" or status.reason == Reason.DUPLICATE:
        heading, text = strings("upload.stored"), strings("upload.stored_text")
    elif waiting:
        heading, text = strings("upload.processing"), strings("upload.processing_text")
    else:
        refused = status.reason == Reason.NOT_APPROVED
        heading = strings("upload.not_published" if refused else "upload.rejected")
        text = strings.reasons(settings).get(status.reason, status.message)
        text += f" “{status.note}”" if status.note else ""
    return render(
        request,
        "state.html",
        heading=heading,
        text=text,
        code=None,
        refresh=REFRESH_SECONDS if waiting else None,
        state="pending" if decides else "waiting" if waiting else "",
        again=not waiting,
        photo_id=photo_id,
        deletes=status.held is not None and _is_of_this_browser(request, place, status.held),
    )


@router.post("/photos/{photo_id}/delete")
def delete_photo(request: Request, photo_id: str, place: CanFollow, store: StoreDep) -> Response:
    """Delete what this browser uploaded by the form without JavaScript, and lead to the gallery."""
    gallery = Gallery.seen_from(store, place)
    try:
        if _status(gallery, photo_id).state != "unknown":
            token = request.cookies.get(DELETE_COOKIE, "")
            gallery.delete(photo_id, token, browser=place.browser)
    except NotUploaderError:
        raise HTTPException(HTTPStatus.FORBIDDEN) from None
    back = album_path(place.slug) if place.may(Action.SEE) else f"{within(place.slug)}/upload"
    response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
    response.delete_cookie(DELETE_COOKIE, path=photo_path(place.slug, photo_id))
    return response


@router.get("/photos/{photo_id}/qr.svg")
def qr_code(
    request: Request, photo_id: str, place: CanSee, store: StoreDep, settings: SettingsDep
) -> Response:
    """Show the address of the photo's page as a QR code, for the next phone."""
    import segno  # where it is asked for: on Lambda nothing waits for it

    photo = _photo(Gallery.seen_from(store, place), photo_id)
    drawn = io.BytesIO()
    code = segno.make_qr(public_url(request, settings) + page_path(photo), error="m")
    code.save(drawn, kind="svg", border=3, dark="#1b1c1e", light="#ffffff", omitsize=True)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers=headers)


@router.get("/downloads/{photo_id}")
def download(photo_id: str, place: CanSee, store: StoreDep) -> Response:
    """Lead to the largest variant, saved under the photo's name."""
    gallery = Gallery.seen_from(store, place)
    return RedirectResponse(gallery.download_url(_photo(gallery, photo_id)), HTTPStatus.FOUND)


@router.get("/downloads/{photo_id}/original")
def download_original(
    photo_id: str, place: CanSee, store: StoreDep, settings: SettingsDep
) -> Response:
    """Lead to what was uploaded, saved under the photo's name, where the album keeps and offers it."""
    gallery = Gallery.seen_from(store, place)
    photo = _photo(gallery, photo_id)
    offered = place.original_of(photo, settings.originals_days)
    url = gallery.original_url(photo) if offered else None
    if url is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return RedirectResponse(url, HTTPStatus.FOUND)


@router.get("/images/{photo_id}.{extension}")
def image(photo_id: str, extension: str, place: CanSee, store: StoreDep) -> Response:
    """Lead to the picture; unlike a presigned address, this one may be pasted anywhere."""
    gallery = Gallery.seen_from(store, place)
    photo = _photo(gallery, photo_id)
    if extension != photo.largest.format.extension:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Cache-Control": "public, max-age=60"}  # less than any presigned address lives
    return RedirectResponse(gallery.url(photo), HTTPStatus.FOUND, headers)


def _newer_url(photos: Sequence[Photo], at: str | None, path: str) -> str:
    """Return where newer photos are; where those just newer are not for the caller, the newest."""
    return path if photos[0].id == at else place_path(photos[0])


def _waiting(store: Store, place: Place) -> tuple[list[Photo], bool] | None:
    """Return the photos that wait for approval and concern the caller, and whether there are more.

    Those of an album for who publishes them, one's own for others; None where nothing ever waits.
    """
    if not place.album.approval or not (place.may(Action.TIDY) or place.browser):
        return None
    photos, more = store.pages.page(place.slug, None, 1000, pending=True)
    tidies = place.may(Action.TIDY)
    mine = [p for p in photos if not p.hidden and (tidies or p.browser == place.browser)]
    return mine, more is not None


def _uploaded_by(store: Store, photo: Photo) -> dict[str, str]:
    """Return the uploader's name, the label of the link used, and why no original was kept."""
    manifest = store.gallery.get_json(photo.key()) or {}
    label = store.grants.label_of(photo.uploader) if photo.uploader else ""
    return {
        "guest": str(manifest.get("guest", "")),
        "label": label,
        "not_kept": str(manifest.get("original_not_kept", "")),
    }


def _is_of_this_browser(request: Request, place: Place, photo: Photo) -> bool:
    known = bool(place.browser) and place.browser == photo.browser
    return known or DELETE_COOKIE in request.cookies


def _status(gallery: Gallery, photo_id: str) -> Status:
    status = gallery.status(photo_id) if keys.is_photo_id(photo_id) else None
    if status is None or status.state == "unknown":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if status.state == "deleted":
        raise HTTPException(HTTPStatus.GONE)
    return status


def _photo(gallery: Gallery, photo_id: str) -> Photo:
    photo = _status(gallery, photo_id).photo
    if photo is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return photo
