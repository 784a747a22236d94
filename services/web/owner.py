"""The owner's own pages: signing in, what is signed in, keys for programs."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from services.core.albums import is_slug
from services.core.grants import LASTS, Grant, Kind, Right, grant_id, new_token
from services.core.keys import MAIN_ALBUM
from services.core.settings import Settings
from services.store import Store
from services.store.budget import BUDGETS
from services.web.access import (
    COOKIE_LASTS,
    OWNER_COOKIE,
    Access,
    AccessDep,
    Owner,
    cookie_name,
    set_token,
)
from services.web.albums import owned_albums
from services.web.dependencies import SettingsDep, StoreDep, is_https, public_url
from services.web.forms import Fields, done, text_of
from services.web.markup import photo_path, within
from services.web.problems import ProblemError
from services.web.rendering import render

router = APIRouter()

NO_REFERRER = {"Referrer-Policy": "no-referrer"}
MAX_NAME = 60
_UNNAMED = {"name": "", "agent": "", "label": ""}


def start_session(request: Request, access: Access, name: str, how: str) -> Response:
    """Sign the browser in, with a token of its own, and lead to the owner's page."""
    token = new_token()
    now = datetime.now(UTC)
    agent = request.headers.get("user-agent", "")[:200]
    details = {"name": name, "how": how, "agent": agent, "created": now.isoformat()}
    access.store.grants.put(Grant(grant_id(token), Kind.OWNER, now + LASTS[Kind.OWNER]), details)
    # Whoever was signed in here before is not any more: a session is never taken over.
    _end_session(request, access)
    request.app.state.owned.forget("")  # from now on somebody reads reports
    response = done("/owner")
    set_token(request, response, OWNER_COOKIE, token, COOKIE_LASTS)
    return response


def _end_session(request: Request, access: Access) -> None:
    token = request.cookies.get(cookie_name(request, OWNER_COOKIE))
    if token and (grant := access.store.grants.get(grant_id(token))) and grant.kind is Kind.OWNER:
        access.store.grants.withdraw(grant.id)
        access.forget_grant(grant.id)


@router.get("/signin")
def sign_in_page(request: Request) -> Response:
    """Offer to sign in with a passkey, and say how to get a link."""
    return render(request, "owner/signin.html", token=None, valid=True)


@router.get("/signin/{token}")
def sign_in_link(token: str, request: Request, access: AccessDep) -> Response:
    """Show the button that signs in: a preview of the link, which only looks, uses nothing up."""
    response = render(request, "owner/signin.html", token=token, valid=_link(access, token))
    response.headers.update(NO_REFERRER)
    return response


@router.post("/signin/{token}")
def sign_in(token: str, request: Request, access: AccessDep) -> Response:
    """Sign the browser in, once for each link."""
    grant = _link(access, token)
    if grant is None or not access.store.grants.use_up(grant.id):
        return render(request, "owner/signin.html", HTTPStatus.GONE, token=token, valid=False)
    name = str(access.store.grants.details(grant).get("name", ""))
    access.store.grants.withdraw(grant.id)
    return start_session(request, access, name, "link")


def _link(access: Access, token: str) -> Grant | None:
    grant = access.store.grants.get(grant_id(token))
    valid = grant and grant.kind is Kind.SIGN_IN and grant.ends > datetime.now(UTC)
    return grant if valid else None


@router.post("/signout")
def sign_out(request: Request, access: AccessDep) -> Response:
    """Sign this browser out."""
    _end_session(request, access)
    response = done("/")
    response.delete_cookie(
        cookie_name(request, OWNER_COOKIE), secure=is_https(request), httponly=True
    )
    return response


@router.get("/owner")
def owner_page(
    request: Request, grant: Owner, access: AccessDep, store: StoreDep, settings: SettingsDep
) -> Response:
    """Show albums, what was taken and what was reported, who is signed in, and what was refused."""
    used = store.grants.last_used()
    described = [
        _UNNAMED | {"grant": one, "used": used.get(one.id)} | store.grants.details(one)
        for one in store.grants.all()
        if one.kind in (Kind.OWNER, Kind.KEY) and one.ends > datetime.now(UTC)
    ]
    return render(
        request,
        "owner/owner.html",
        albums=owned_albums(access),
        paused=store.budget.pause(datetime.now(UTC)),
        taken=_taken(store, settings),
        reports=[(photo_path(one.album, one.photo_id), one) for one in store.reports.some(50)],
        sessions=[one for one in described if one["grant"].kind is Kind.OWNER],
        keys=[one for one in described if one["grant"].kind is Kind.KEY],
        this=grant.id,
        passkeys=store.passkeys.all(),
        refused=[one for one in store.gallery.recent_verdicts(20) if "of" not in one],
    )


def _taken(store: Store, settings: Settings) -> dict[str, str]:
    """Return what the last tally counted, and when, of what may be; nothing before the first."""
    tally = store.budget.kept()
    if tally is None:
        return {}
    has = {name: tally.total(name) for name in BUDGETS}
    most = {name: getattr(settings, name) for name in BUDGETS.values()}
    texts = {
        name: f"{number / 1e9:,.1f}" if name.startswith("bytes") else f"{number:,}"
        for name, number in (has | most).items()
    }
    return texts | {"moment": f"{tally.moment:%Y-%m-%d %H:%M}"}


@router.post("/owner/pause")
def pause_uploads(request: Request, _: Owner, store: StoreDep, fields_: Fields) -> Response:
    """Take no uploads, or take them again; everywhere within half a minute."""
    store.budget.set_paused(paused=bool(fields_.get("paused")))
    request.app.state.paused.forget("")
    return done("/owner")


@router.post("/owner/grants/{id_}/withdraw")
def withdraw_grant(id_: str, _: Owner, access: AccessDep, fields: Fields) -> Response:
    """Withdraw a session, a link or a key; everywhere within half a minute."""
    access.store.grants.withdraw(id_)
    access.forget_grant(id_)
    back = fields.get("back", "")
    return done(f"/albums/{back}/links" if is_slug(back) else "/owner")


@router.post("/owner/passkeys/{id_}/withdraw")
def withdraw_passkey(id_: str, _: Owner, store: StoreDep) -> Response:
    """Let a passkey sign in no more."""
    store.passkeys.remove(id_)
    return done("/owner")


@router.post("/owner/keys")
def make_key(
    request: Request, _: Owner, access: AccessDep, settings: SettingsDep, fields: Fields
) -> Response:
    """Make a key for a program, and show it this once."""
    slug = fields.get("album", "")
    if slug and access.album(slug) is None:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such album.")
    rights = frozenset(right for right in Right if fields.get(right.name.lower()))
    if not rights:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "A key needs a right.")
    token = new_token()
    grant = Grant(
        grant_id(token), Kind.KEY, datetime.now(UTC) + LASTS[Kind.KEY], slug or None, rights
    )
    label = text_of(fields, "label", MAX_NAME)
    created = datetime.now(UTC).isoformat()
    access.store.grants.put(grant, {"label": label, "created": created})
    base = f"{public_url(request, settings)}/api{within(slug or MAIN_ALBUM)}"
    response = render(request, "owner/key.html", token=token, label=label, api=base)
    response.headers["Cache-Control"] = "no-store"
    return response
