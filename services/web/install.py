"""The gallery as an app: manifest, the share sheet's target, and the service worker."""

import json
import re
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.core.access import Action
from services.core.settings import Settings
from services.web import assets
from services.web.access import CanFollow, CanUpload
from services.web.conditional import unless_known
from services.web.dependencies import SettingsDep
from services.web.markup import album_path, within
from services.web.place import Place
from services.web.rendering import render, strings_for_request
from services.web.security import is_cross_site

router = APIRouter()
worker = APIRouter()

_SHARE = re.compile(r"[0-9a-f-]{36}")  # a UUID
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("maskable-512.png", 512, "maskable"))  # fmt: skip


@router.get("/manifest.webmanifest")
def manifest(request: Request, place: CanFollow, settings: SettingsDep) -> Response:
    """Describe an album as an app of its own (W3C, Web Application Manifest)."""
    strings = strings_for_request(request)
    content = json.dumps(
        _described(place, settings, strings("site.description"), strings.language),
        ensure_ascii=False,
    )
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language"}
    response = Response(content, media_type="application/manifest+json", headers=headers)
    return unless_known(request, response)


def _described(place: Place, settings: Settings, about: str, language: str) -> dict[str, Any]:
    name = place.album.title or settings.site_title
    path, base = album_path(place.slug), within(place.slug)
    described: dict[str, Any] = {
        "id": path,
        "name": name,
        "short_name": name,
        "description": place.album.description or about,
        "lang": language,
        "start_url": path if place.may(Action.SEE) else f"{base}/upload",
        # Compared as text, so without a slash at the end, or the album's own page would be outside.
        "scope": path,
        "display": "standalone",
        "theme_color": "#fbfaf8",
        "background_color": "#fbfaf8",
        "icons": [
            {
                "src": assets.url(icon),
                "type": "image/png",
                "sizes": f"{side}x{side}",
                "purpose": use,
            }
            for icon, side, use in ICONS
        ],
    }
    if place.may(Action.UPLOAD):
        described["share_target"] = {
            "action": f"{base}/share",
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "photos", "accept": ["image/*"]}]},
        }
    return described


@router.post("/share")
def share_without_worker(place: CanUpload) -> Response:
    """Lead to what to do where no service worker took the pictures; they are not read here."""
    return RedirectResponse(f"{within(place.slug)}/share", HTTPStatus.SEE_OTHER)


@router.get("/share")
def share_page(request: Request, place: CanUpload) -> Response:
    """Lead on with what the service worker received, or say what to do.

    `received` names it to the page, which sends nothing without that name: a form on another site can
    post files to the service worker, which is not told where they come from. The browser tells us.
    """
    received = request.query_params.get("received", "")
    if _SHARE.fullmatch(received) and not is_cross_site(request.headers):
        seen = place.may(Action.SEE)
        page = album_path(place.slug) if seen else f"{within(place.slug)}/upload"
        return RedirectResponse(f"{page}#shared={received}", HTTPStatus.SEE_OTHER)
    strings = strings_for_request(request)
    why = "failed" if "failed" in request.query_params else "missed"
    return render(
        request,
        "state.html",
        heading=strings(f"share.{why}"),
        text=strings(f"share.{why}_text"),
        code=None,
        refresh=None,
        again=True,
        photo_id="",
    )


@worker.get("/worker.js")
def service_worker(request: Request) -> Response:
    """Serve the service worker from where its scope may be any album's; asked for anew each time."""
    script = assets.read("worker.js")
    headers = {"Cache-Control": "no-cache"}
    return unless_known(request, Response(script, media_type="text/javascript", headers=headers))
