"""Links to an album: made, shown, printed, withdrawn by the owner; followed by guests."""

import io
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

import segno
from fastapi import APIRouter, Request, Response

from services.core.access import Action, may
from services.core.grants import LASTS, Grant, Kind, Right, grant_id, new_token
from services.core.keys import MAX_GUEST_BYTES
from services.web.access import LINK_COOKIE, AccessDep, CanFollow, CanOwn, cookie_name, set_token
from services.web.albums import summary_of
from services.web.dependencies import SettingsDep, StoreDep, is_https, public_url
from services.web.forms import Fields, day_of, done, moment_of, text_of
from services.web.markup import album_path, within
from services.web.problems import ProblemError
from services.web.rendering import render
from services.web.uploads import GUEST_COOKIE

router = APIRouter()
owners = APIRouter()
guests = APIRouter()

# API Gateway takes 10,240 bytes of headers, proxies 8,192, and refuse every page above; a link's
# cookie has up to 98.
MOST_FOLLOWED = 40
MAX_LABEL = 60
MAX_GUEST = 60
RIGHTS = {
    "see": frozenset({Right.SEE}),
    "see_upload": frozenset({Right.SEE, Right.UPLOAD}),
    "upload": frozenset({Right.UPLOAD}),
}
FEED = "feed"  # the form's word for a link to the feed alone


@router.get("/l/{token}")
def follow_link(token: str, request: Request, access: AccessDep, settings: SettingsDep) -> Response:
    """Keep the link's right in a cookie and lead to its album.

    A page and no redirect, so that a chat program's preview has a title and, where the link may see
    it, the cover. Looking uses nothing up.
    """
    grant = access.grant(grant_id(token))
    album = access.album(grant.album) if grant and grant.album else None
    request.state.grant_mattered = request.state.noindex = True
    if grant is None or album is None or grant.kind is not Kind.LINK:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    now = datetime.now(UTC)
    sees = may(Action.SEE, album, [grant], now)
    if not sees and not may(Action.FOLLOW, album, [grant], now):
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    sees_all = may(Action.SEE_ALL, album, [grant], now)
    cover = summary_of(access, album).cover if sees_all else None
    path = album_path(album.slug) if sees else f"{within(album.slug)}/upload"
    response = render(
        request,
        "link.html",
        linked=album,
        cover=cover,
        path=path,
        origin=public_url(request, settings),
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    _forget_oldest(request, response, album.slug)
    set_token(request, response, LINK_COOKIE + album.slug, token, grant.ends - now)
    return response


def _forget_oldest(request: Request, response: Response, slug: str) -> None:
    """Let go of the links followed first, so that with another one there are MOST_FOLLOWED.

    Browsers send the cookies of one path in the order in which they came (RFC 6265, 5.4).
    """
    prefix, own = cookie_name(request, LINK_COOKIE), cookie_name(request, LINK_COOKIE + slug)
    names = [name for name in request.cookies if name.startswith(prefix) and name != own]
    for name in names[: max(0, len(names) + 1 - MOST_FOLLOWED)]:
        response.delete_cookie(name, secure=is_https(request), httponly=True, samesite="lax")


@guests.post("/guest")
def name_guest(request: Request, place: CanFollow, fields: Fields) -> Response:
    """Keep the name that a guest gives, for the uploads to come."""
    response = done(
        album_path(place.slug) if place.may(Action.SEE) else f"{within(place.slug)}/upload"
    )
    response.set_cookie(
        GUEST_COOKIE,
        quote(_guest_of(fields)),
        max_age=int(LASTS[Kind.LINK].total_seconds()),
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )
    return response


def _guest_of(fields: dict[str, str]) -> str:
    name = text_of(fields, "name", MAX_GUEST)
    if len(name.encode()) > MAX_GUEST_BYTES:
        msg = f"A name has up to {MAX_GUEST_BYTES // 3} characters, or {MAX_GUEST} of the Latin script."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    return name


def _address(request: Request, settings: SettingsDep, kind: Kind, token: str) -> str:
    return f"{public_url(request, settings)}/{'feeds' if kind is Kind.FEED else 'l'}/{token}"


def _name_of(grant: Grant) -> str:
    names = (name for name, those in RIGHTS.items() if those == grant.rights)
    return FEED if grant.kind is Kind.FEED else next(names)


@owners.get("/links")
def links_page(request: Request, place: CanOwn, store: StoreDep, settings: SettingsDep) -> Response:
    """Show an album's links with rights, end and last use."""
    used = store.grants.last_used()
    links = []
    for grant in store.grants.all():
        if grant.kind in (Kind.LINK, Kind.FEED) and grant.album == place.slug:
            details = store.grants.details(grant)
            if token := details.get("token"):
                links.append(
                    {
                        "grant": grant,
                        "label": details.get("label", ""),
                        "created": details.get("created", ""),
                        "rights": _name_of(grant),
                        "until": day_of(grant.ends),
                        "ended": grant.ends <= datetime.now(UTC),
                        "used": used.get(grant.id),
                        "address": _address(request, settings, grant.kind, token),
                    }
                )
    links.sort(key=lambda link: link["created"], reverse=True)
    return render(request, "owner/links.html", links=links, shared=place.album)


@owners.post("/links")
def make_link(place: CanOwn, access: AccessDep, fields: Fields) -> Response:
    """Make a link to an album, or to its feed."""
    chosen = fields.get("rights", "")
    rights = frozenset({Right.SEE}) if chosen == FEED else RIGHTS.get(chosen)
    if rights is None:
        msg = "A link lets people see, see and upload, upload only, or read the feed."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, msg)
    now = datetime.now(UTC)
    ends = moment_of(fields, "ends") or now + LASTS[Kind.LINK]
    if ends <= now:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The link would have ended already.")
    token = new_token()
    details = {
        "label": text_of(fields, "label", MAX_LABEL),
        "created": now.isoformat(),
        "token": token,  # the owner is shown it again
    }
    grant = Grant(
        grant_id(token), Kind.FEED if chosen == FEED else Kind.LINK, ends, place.slug, rights
    )
    access.store.grants.put(grant, details)
    return done(f"/albums/{place.slug}/links")


@owners.get("/links/{id_}/sheet")
def sheet_page(
    id_: str, request: Request, place: CanOwn, store: StoreDep, settings: SettingsDep
) -> Response:
    """Show a page to print: title, QR code, and how to."""
    grant = store.grants.get(id_)
    token = store.grants.details(grant).get("token") if grant else None
    if grant is None or token is None or grant.album != place.slug or grant.kind is Kind.FEED:
        raise ProblemError(HTTPStatus.NOT_FOUND, "Not Found")
    address = _address(request, settings, grant.kind, token)
    code = io.BytesIO()
    segno.make(address, error="m").save(
        code, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#000"
    )
    return render(
        request,
        "owner/sheet.html",
        shared=place.album,
        rights=_name_of(grant),
        code=code.getvalue().decode(),
        address=address,
    )
