"""Templates to responses: every page in the reader's language, every value escaped."""

from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.core.grants import LASTS, Kind
from services.core.settings import Settings
from services.core.variants import ACCEPTED_TYPES
from services.store import GalleryBucket
from services.web import assets, days, markup
from services.web.place import Place, page_values
from services.web.strings import Strings, strings_for

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(markup.FILTERS | days.FILTERS)
_TEMPLATES.globals["asset"] = assets.url
_TEMPLATES.globals["preloads"] = assets.preloads
_TEMPLATES.globals["session_days"] = LASTS[Kind.OWNER].days

# What the file chooser offers: phones show their camera for image/* only, and systems that do not
# know the newer types go by the extension.
ACCEPT = ",".join(["image/*", *(end for _, ends in ACCEPTED_TYPES.values() for end in ends)])

_ERROR_PAGES = {
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}


def strings_for_request(request: Request) -> Strings:
    """Return the strings in the language that the request asks for."""
    return strings_for(request.headers.get("accept-language", ""))


def render(
    request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any
) -> Response:
    """Return the page; where the scripts are not built, one sentence that says what to do."""
    settings: Settings = request.app.state.settings
    gallery: GalleryBucket = request.app.state.store.gallery
    strings = strings_for_request(request)
    words = strings.limits(settings)
    place: Place | None = getattr(request.state, "place", None)
    try:
        page = _TEMPLATES.get_template(template).render(
            t=strings,
            site_title=settings.site_title,
            limits=settings,
            guest=unquote(request.cookies.get("guest", "")),
            asks_name="guest" not in request.cookies,
            formats=words["formats"],
            max_upload=words["max_upload"],
            accept=ACCEPT,
            image_origin=gallery.origin,
            variant_url=gallery.urls(),
            page_data=_page_data(settings, strings),
            original_of=lambda photo: (
                place.original_of(photo, settings.originals_days) if place else None
            ),
            **page_values(place),
            **values,
        )
    except assets.NotBuiltError as error:
        return PlainTextResponse(f"{error}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return HTMLResponse(
        page,
        status,
        {
            "Cache-Control": "private, no-cache",
            "Content-Language": strings.language,
            "Vary": "Accept-Language",
        },
    )


def render_error(request: Request, status: HTTPStatus, reason: str | None = None) -> Response:
    """Return the page that tells a person what went wrong, with that status.

    `reason` says why the gallery takes no uploads; its sentence is shown.
    """
    strings = strings_for_request(request)
    refused = strings.reasons(request.app.state.settings)
    known = status if status in _ERROR_PAGES else HTTPStatus.INTERNAL_SERVER_ERROR
    if status not in _ERROR_PAGES and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        known = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(
        request,
        "state.html",
        status,
        heading=strings("upload.refused_title" if reason else f"error.{known.value}.title"),
        text=refused.get(reason or "") or strings(f"error.{known.value}.text"),
        code=str(status.value),
        refresh=None,
        again=False,
    )


def _page_data(settings: Settings, strings: Strings) -> dict[str, Any]:
    """Return what the scripts need to know: limits and the strings they show."""
    return {
        "maxBytes": settings.max_upload_bytes,
        "types": {type_: ends for type_, (_, ends) in ACCEPTED_TYPES.items()},
        "accept": ACCEPT,
        "strings": {**strings.section("js"), "reason": strings.reasons(settings)},
    }
