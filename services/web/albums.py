"""Albums as pages: the list, and an album's settings."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.core import keys
from services.core.access import Action, may
from services.core.albums import (
    MAX_DESCRIPTION,
    MAX_TITLE,
    Album,
    Originals,
    State,
    Who,
    is_slug,
)
from services.core.order import Order
from services.core.photo import Photo
from services.store import AlbumChangedError
from services.web.access import Access, AccessDep, CanOwn, Owner, grant_of
from services.web.dependencies import SettingsDep, public_url
from services.web.forms import Fields, day_of, done, moment_of, text_of
from services.web.markup import album_path, within
from services.web.place import Place
from services.web.problems import ProblemError
from services.web.rendering import render

router = APIRouter()
owners = APIRouter()  # what is within an album, and only for its owner

MOST_COUNTED = 1000  # one listing; an album with more shows "1,000+"

_CHANGED = (HTTPStatus.CONFLICT, "Somebody changed the album meanwhile; look at it again.")


@dataclass(frozen=True, slots=True)
class Summary:
    """An album as the list shows it; `count` is None beyond MOST_COUNTED.

    Of one whose photos are not all for the caller to see neither count nor cover is told.
    """

    album: Album
    cover: Photo | None
    count: int | None
    told: bool = True


def all_albums(access: Access) -> Iterator[Album]:
    """Yield the main album and all others, reading again only the records that changed."""
    main = access.album(keys.MAIN_ALBUM)
    if main:
        yield main
    for slug, version in access.store.albums.versions():
        album = access.album(slug)
        if album is None or album.version != version:
            access.forget_album(slug)
            album = access.album(slug)
        if album and slug != keys.MAIN_ALBUM:
            yield album


def owned_albums(access: Access) -> list[Album]:
    """Return all albums but those that are deleted, the newest first after the main one."""
    found = [album for album in all_albums(access) if album.state is not State.DELETED]
    oldest = datetime.min.replace(tzinfo=UTC)
    return found[:1] + sorted(found[1:], key=lambda a: a.created or oldest, reverse=True)


def destinations(access: Access, place: Place) -> list[Album]:
    """Return the albums that the caller may move photos of this one to."""
    grants = [place.grant] if place.grant else []
    return [
        album
        for album in owned_albums(access)
        if album.slug != place.slug
        and album.state is State.OPEN
        and may(Action.TIDY, album, grants, place.now())
    ]


def summary_of(access: Access, album: Album) -> Summary:
    """Return what the list shows of an album; remembered, as records are."""
    photos, more = access.photos_in(album.slug)
    cover = next((photo for photo in photos if photo.id == album.cover), None)
    newest = photos[0] if photos else None
    return Summary(album, cover or newest, None if more else len(photos))


@router.get("/albums")
def albums_page(request: Request, access: AccessDep, settings: SettingsDep) -> Response:
    """Show the albums that are listed and that the caller may see; the owner sees all."""
    grant = grant_of(request, None)
    grants = [grant] if grant else []
    now = datetime.now(UTC)
    seen = [
        summary_of(access, album)
        if may(Action.SEE_ALL, album, grants, now)
        else Summary(album, None, None, told=False)
        for album in owned_albums(access)
        if may(Action.OWN, album, grants, now)
        or (album.listed and may(Action.SEE, album, grants, now))
    ]
    request.state.grant_mattered = bool(grants)
    return render(
        request,
        "albums.html",
        summaries=seen,
        owner=bool(grants),
        canonical=f"{public_url(request, settings)}/albums",
    )


@router.get("/albums/main")
def main_album() -> Response:
    """Lead to the main album, which is at the root."""
    return RedirectResponse("/", HTTPStatus.PERMANENT_REDIRECT)


@router.get("/robots.txt")
def robots() -> Response:
    """Let search engines see what is open to anyone; which pages that is, each says itself."""
    closed = ("/api/", "/owner", "/signin", "/l/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


@router.get("/.well-known/security.txt")
def security_txt(settings: SettingsDep) -> Response:
    """Say whom to tell of a weakness (RFC 9116); 404 where the setting names nobody."""
    if settings.security_contact is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    expires = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    lines = f"Contact: {settings.security_contact}\nExpires: {expires.isoformat()}\n"
    return Response(lines, media_type="text/plain; charset=utf-8")


def slug_for(title: str, wanted: str) -> str:
    """Return an album's name in paths: the one wanted, or one made of its title."""
    if wanted:
        if not is_slug(wanted) or wanted == keys.MAIN_ALBUM:
            msg = "An album's address has a to z, 0 to 9 and hyphens, 1 to 40 of them."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
        return wanted
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:33].strip("-")
    return f"{words or 'album'}-{secrets.token_hex(3)}"  # not to be guessed from the title


@router.post("/owner/albums")
def create_album(_: Owner, access: AccessDep, fields: Fields) -> Response:
    """Make an album."""
    title = text_of(fields, "title", MAX_TITLE)
    if not title:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "An album needs a title.")
    slug = slug_for(title, fields.get("slug", "").strip())
    created = Album(slug=slug, created=datetime.now(UTC))
    try:
        access.store.albums.save(_edited(created, fields | {"title": title}))
    except AlbumChangedError:
        msg = "There is, or was, an album at that address; choose another one."
        raise ProblemError(HTTPStatus.CONFLICT, msg) from None
    access.forget_album(slug)
    return done(f"/albums/{slug}/settings")


def _edited(album: Album, fields: dict[str, str]) -> Album:
    """Return an album with what a form says of it."""
    try:
        see = Who(fields.get("see", album.see))
        upload = Who(fields.get("upload", album.upload))
        originals = Originals(fields.get("originals", album.originals))
    except ValueError:
        see = Who.NOBODY
    if see is Who.NOBODY:
        msg = (
            "Who may see is anyone, link or owner; who may upload, nobody as well; "
            "originals are none, uploaded or unlocated."
        )
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    try:
        order = Order(fields.get("order", album.order))
    except ValueError:
        msg = "Photos are in the order they were uploaded or taken."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg) from None
    cover = fields.get("cover", "").strip()
    if cover and not keys.is_photo_id(cover):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The cover is a photo's id.")
    return replace(
        album,
        title=text_of(fields, "title", MAX_TITLE),
        description=text_of(fields, "description", MAX_DESCRIPTION),
        see=see,
        upload=upload,
        listed=bool(fields.get("listed")),
        originals=originals,
        one_of_each=bool(fields.get("one_of_each")),
        downloads=bool(fields.get("downloads")),
        cover=cover,
        names=bool(fields.get("names")),
        captions=bool(fields.get("captions")),
        drop=bool(fields.get("drop")),
        approval=bool(fields.get("approval")),
        ends=moment_of(fields, "ends"),
        order=order,
    )


@owners.get("/settings")
def settings_page(request: Request, place: CanOwn, access: AccessDep) -> Response:
    """Show an album's settings as they are now."""
    album = access.fresh_album(place.slug) or place.album
    others = destinations(access, place)
    ends = day_of(album.ends) if album.ends else ""
    return render(request, "owner/settings.html", edited=album, others=others, ends=ends)


@owners.post("/settings")
def edit_album(place: CanOwn, access: AccessDep, fields: Fields) -> Response:
    """Change an album, unless somebody else did since its settings were shown."""
    before = access.fresh_album(place.slug) or place.album
    if before.state is not State.OPEN:
        raise ProblemError(HTTPStatus.CONFLICT, "The album is being deleted.")
    if fields.get("version", "") != before.version:
        raise ProblemError(*_CHANGED)
    after = _edited(before, fields)
    if before.is_public and not after.is_public:
        after = replace(after, closing=True)
    save(access, after)
    if after.closing:
        return done(f"/albums/{place.slug}/work")
    if before.approval and not after.approval and _waits(access, place.slug):
        return done(f"{within(place.slug)}/waiting")
    return done(album_path(place.slug))


def _waits(access: Access, slug: str) -> bool:
    """Tell whether photos wait for approval: an album that wants none any more publishes none by itself."""
    found, _ = access.store.pages.page_where(slug, None, 1, lambda p: not p.hidden, pending=True)
    return bool(found)


@owners.post("/photos/{photo_id}/cover")
def choose_cover(photo_id: str, place: CanOwn, access: AccessDep) -> Response:
    """Let a photo stand for its album in lists and previews."""
    if not access.store.gallery.photos(place.slug, [photo_id]):
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no such photo.")
    album = access.fresh_album(place.slug) or place.album
    save(access, replace(album, cover=photo_id))
    return done(album_path(place.slug))


@owners.post("/delete")
def delete_album(place: CanOwn, access: AccessDep, fields: Fields) -> Response:
    """Begin to delete an album; its photos are deleted or moved first, as the form says."""
    album = access.fresh_album(place.slug) or place.album
    target = fields.get("move_to", "")
    if place.slug == keys.MAIN_ALBUM:
        raise ProblemError(HTTPStatus.CONFLICT, "The main album cannot be deleted.")
    if not fields.get("sure"):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "Confirm that you want this.")
    other = access.fresh_album(target) if target else None
    if target and (other is None or other.state is not State.OPEN or target == place.slug):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such album to move to.")
    save(access, replace(album, state=State.DELETING, move_to=target))
    return done(f"/albums/{place.slug}/work")


def save(access: Access, album: Album) -> None:
    """Store an album; raises 409 where somebody changed it meanwhile."""
    try:
        access.store.albums.save(album)
    except AlbumChangedError:
        raise ProblemError(*_CHANGED) from None
    finally:
        access.forget_album(album.slug)
