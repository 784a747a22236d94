"""The wall: an album's photos one after the other, for a projector."""

import io
from dataclasses import dataclass
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request, Response

from services.core.albums import Who
from services.core.grants import Grant, Kind, Right
from services.store import Store
from services.web.access import CanSee
from services.web.dependencies import SettingsDep, StoreDep, public_url
from services.web.markup import album_path
from services.web.place import Place
from services.web.rendering import render, strings_for_request

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where the code in the corner leads, and whether pictures can be added there."""

    path: str
    adds: bool


@router.get("/wall")
def wall_page(
    request: Request,
    place: CanSee,
    store: StoreDep,
    settings: SettingsDep,
    link: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show the wall; `link` is the id of the link whose code the owner wants in the corner."""
    invitation = _invitation(place, store, link)
    code = ""
    if invitation:
        drawn = io.BytesIO()
        segno.make_qr(public_url(request, settings) + invitation.path, error="m").save(
            drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, dark="#000"
        )
        code = drawn.getvalue().decode()
    strings = strings_for_request(request).section("wall")
    return render(request, "wall.html", code=code, invitation=invitation, strings=strings)


def _invitation(place: Place, store: Store, link: str) -> Invitation | None:
    """Return what the code says.

    Nobody is shown a right by it that is not theirs to hand on: guests show their own link, owners
    any of the album's, and an album that is open to anyone its address.
    """
    grant = _shown_link(place, store, link)
    token = store.grants.details(grant).get("token") if grant else None
    if grant and token:
        takes = place.album.takes_uploads(place.now()) and Right.UPLOAD in grant.rights
        return Invitation(f"/l/{token}", takes)
    if place.album.see is Who.ANYONE:
        takes = place.album.takes_uploads(place.now()) and place.album.upload is Who.ANYONE
        return Invitation(album_path(place.slug), takes)
    return None


def _shown_link(place: Place, store: Store, link: str) -> Grant | None:
    if place.grant and place.grant.kind is Kind.LINK:
        return place.grant
    is_open = place.album.see is place.album.upload is Who.ANYONE
    if not place.is_owner or (is_open and not link):
        return None
    links = [
        grant
        for grant in store.grants.all()
        if grant.kind is Kind.LINK and grant.album == place.slug and grant.ends > place.now()
    ]
    # The one that was asked for, else what lets guests add, and of several what lasts longest.
    return max(
        links,
        key=lambda grant: (grant.id == link, Right.UPLOAD in grant.rights, grant.ends),
        default=None,
    )
