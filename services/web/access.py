"""Who is calling, and which album a route may show them: every route asks here.

Whoever may not see an album gets the response that an album which does not exist gets.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from services.core import keys
from services.core.access import Action
from services.core.albums import Album, is_slug
from services.core.grants import LASTS, Grant, Kind, grant_id, new_token
from services.core.photo import Photo
from services.store import Store
from services.web.cache import Cache
from services.web.dependencies import is_https
from services.web.place import Place
from services.web.problems import NO_SUCH_ALBUM, ProblemError

OWNER_COOKIE = "owner"
BROWSER_COOKIE = "browser"
LINK_COOKIE = "link-"  # and the album's slug
RENEW_EVERY = timedelta(days=1)
COOKIE_LASTS = timedelta(days=400)  # no browser keeps one longer; the grant ends the session

NO_UPLOADS = (HTTPStatus.FORBIDDEN, "This album takes no pictures now.")


class Access:
    """Reads albums and grants, each at most once in `cache.KEPT_SECONDS`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._albums: Cache[Album | None] = Cache(store.albums.get)
        self._grants: Cache[Grant | None] = Cache(self._read_grant)
        self._photos: Cache[tuple[list[Photo], bool]] = Cache(self._read_photos)

    def album(self, slug: str) -> Album | None:
        """Return an album, or None where there is none."""
        return self._albums.get(slug) if is_slug(slug) else None

    def fresh_album(self, slug: str) -> Album | None:
        """Return an album as it is this moment."""
        self.forget_album(slug)
        return self.album(slug)

    def photos_in(self, slug: str) -> tuple[list[Photo], bool]:
        """Return an album's newest photos, a listing's worth, and whether there are more."""
        return self._photos.get(slug)

    def forget_photos(self, slug: str) -> None:
        """List an album anew the next time."""
        self._photos.forget(slug)

    def grant(self, id_: str) -> Grant | None:
        """Return the valid grant of a token's SHA-256, or None."""
        grant = self._grants.get(id_)
        return grant if grant and grant.ends > datetime.now(UTC) else None

    def forget_album(self, slug: str) -> None:
        """Read an album anew the next time."""
        self._albums.forget(slug)

    def forget_grant(self, id_: str) -> None:
        """Read a grant anew the next time."""
        self._grants.forget(id_)

    def _read_photos(self, slug: str) -> tuple[list[Photo], bool]:
        photos, following = self.store.pages.page(slug, None, 1000)
        return photos, following is not None

    def _read_grant(self, id_: str) -> Grant | None:
        grant = self.store.grants.get(id_)
        now = datetime.now(UTC)
        if grant is None or grant.ends <= now or grant.kind is Kind.SIGN_IN:
            return None
        if grant.kind is Kind.OWNER and grant.ends - now < LASTS[Kind.OWNER] - RENEW_EVERY:
            longer = Grant(grant.id, grant.kind, now + LASTS[Kind.OWNER])
            self.store.grants.extend(grant, longer)
            grant = longer
        self.store.grants.touch(id_)  # as often as it is read, so twice a minute at most
        return grant


def cookie_name(request: Request, name: str) -> str:
    """Return a cookie's name with the prefix that binds it to the host, where there is HTTPS."""
    return f"__Host-{name}" if is_https(request) else name


def set_token(
    request: Request, response: Response, name: str, token: str, lasts: timedelta
) -> None:
    """Keep a token in a cookie that no script reads and no other site's request carries."""
    response.set_cookie(
        cookie_name(request, name),
        token,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def browser_id(token: str) -> str:
    """Return what the bucket knows of a browser: 72 bits of its token's SHA-256, base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:9]).decode()


def know_browser(request: Request, response: Response, place: Place) -> str:
    """Return which browser this is, having given it a cookie where the album wants to know."""
    if place.browser or not place.album.knows_browsers:
        return place.browser
    set_token(request, response, BROWSER_COOKIE, token := new_token(), COOKIE_LASTS)
    return browser_id(token)


def _tokens(request: Request, slug: str | None) -> Iterator[tuple[str, set[Kind]]]:
    """Yield the tokens that a request carries for an album, with the kinds that each may be."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        yield bearer.strip(), {Kind.KEY}
        return  # a program; a browser's cookies are another's right
    if token := request.cookies.get(cookie_name(request, OWNER_COOKIE)):
        yield token, {Kind.OWNER}
    if slug and (token := request.cookies.get(cookie_name(request, LINK_COOKIE + slug))):
        yield token, {Kind.LINK}


def grant_of(request: Request, slug: str | None) -> Grant | None:
    """Return the first valid grant among the tokens of a request."""
    access: Access = request.app.state.access
    for token, kinds in _tokens(request, slug):
        grant = access.grant(grant_id(token))
        if grant and grant.kind in kinds:
            return grant
    return None


def find_place(request: Request, slug: str, *actions: Action) -> Place:
    """Return the album where the caller may do one of the actions; raises 404 otherwise.

    403 only where the album may be seen, and takes no uploads from the caller.
    """
    access: Access = request.app.state.access
    album = access.album(slug)
    # Read where there is no album too: what is not seen costs what does not exist costs.
    grant = grant_of(request, slug)
    request.state.grant_mattered = album is None or grant is not None or not album.is_public
    request.state.noindex = album is None or not album.is_indexed
    if album is None:
        raise ProblemError(*NO_SUCH_ALBUM)
    is_owner = grant is not None and grant.kind is Kind.OWNER
    token = request.cookies.get(cookie_name(request, BROWSER_COOKIE), "")
    browser = browser_id(token) if album.knows_browsers and token else ""
    place = Place(album, grant, is_owner=is_owner, browser=browser)
    if not any(place.may(action) for action in actions):
        if Action.UPLOAD in actions and place.may(Action.SEE):
            raise ProblemError(*NO_UPLOADS)
        request.state.grant_mattered = request.state.noindex = True
        raise ProblemError(*NO_SUCH_ALBUM)
    request.state.place = place
    return place


async def album_parameter(
    album: Annotated[str, Path(description="The album's name in paths.", examples=["summer-2026"])],
) -> None:
    """Describe the album in a path; `allow` reads it."""
    del album


def allow(*actions: Action) -> Callable[[Request], Awaitable[Place]]:
    """Return the dependency of a route in an album that needs one of the actions."""

    async def place(request: Request) -> Place:
        slug = request.path_params.get("album", keys.MAIN_ALBUM)
        return await run_in_threadpool(find_place, request, slug, *actions)

    place.actions = actions  # type: ignore[attr-defined] # by which a test finds what each route needs
    return place


async def _owner(request: Request) -> Grant:
    grant = await run_in_threadpool(grant_of, request, None)
    request.state.grant_mattered = request.state.noindex = True
    if grant is None or grant.kind is not Kind.OWNER:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    return grant


async def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


AccessDep = Annotated[Access, Depends(_access)]
CanSee = Annotated[Place, Depends(allow(Action.SEE))]
CanUpload = Annotated[Place, Depends(allow(Action.UPLOAD))]
CanFollow = Annotated[Place, Depends(allow(Action.SEE, Action.FOLLOW))]
CanDelete = Annotated[Place, Depends(allow(Action.SEE, Action.FOLLOW, Action.TIDY))]
CanTidy = Annotated[Place, Depends(allow(Action.TIDY))]
CanOwn = Annotated[Place, Depends(allow(Action.OWN))]
Owner = Annotated[Grant, Depends(_owner)]
