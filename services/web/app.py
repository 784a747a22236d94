"""The web application: `uvicorn services.web.app:app`, or Mangum on Lambda."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, FastAPI

from services.core.logs import log_as_json
from services.core.settings import Settings, load_settings
from services.store import Store
from services.web import (
    albums,
    arrivals,
    assets,
    captions,
    clock,
    feeds,
    health,
    install,
    links,
    owner,
    pages,
    passkeys,
    photos,
    problems,
    reports,
    similar,
    tidy,
    uploads,
    wall,
    work,
)  # fmt: skip
from services.web.access import Access, album_parameter
from services.web.cache import Cache
from services.web.middleware import HeadMiddleware, NegotiatedGZip
from services.web.rate_limit import UploadRate
from services.web.security import SecurityMiddleware, security_headers


def create_app(settings: Settings, store: Store) -> FastAPI:
    """Return the application that serves the gallery in `store`."""
    app = FastAPI(
        title=settings.site_title,
        version="1",
        summary="Upload pictures straight to S3 and browse them.",
        openapi_url="/api/openapi.json",
        # FastAPI's own documentation pages load scripts from elsewhere, which the policy forbids.
        docs_url=None,
        redoc_url=None,
        # Starlette's redirect would send people to whatever host the request names.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.store = store
    app.state.upload_rate = UploadRate(settings)
    app.state.paused = Cache(lambda _: store.budget.pause(datetime.now(UTC)))
    app.state.owned = Cache(lambda _: store.grants.has_owner())
    app.state.security_headers = security_headers(settings, store)
    app.state.access = Access(store)
    for router in (
        albums.router,
        links.router,
        feeds.shared,
        install.worker,
        owner.router,
        passkeys.router,
        reports.owners,
    ):
        app.include_router(router, include_in_schema=False)
    # Each album has at its own path what the main one has at the root.
    for prefix, dependencies in (("", []), ("/albums/{album}", [Depends(album_parameter)])):
        for router in (
            uploads.router,
            arrivals.router,
            photos.router,
            tidy.router,
            work.router,
            reports.router,
            captions.router,
        ):
            app.include_router(router, prefix=f"/api{prefix}", dependencies=dependencies)
        app.add_api_route(prefix or "/", pages.gallery_page, include_in_schema=False)
        for router in (
            pages.router,
            feeds.router,
            wall.router,
            install.router,
            albums.owners,
            clock.router,
            links.owners,
            links.guests,
            tidy.pages,
            similar.router,
            work.pages,
            reports.pages,
            captions.pages,
        ):
            app.include_router(router, prefix=prefix, include_in_schema=False)
    app.include_router(health.router)
    assets.mount(app)
    problems.install(app)
    app.add_middleware(NegotiatedGZip, minimum_size=1000, compresslevel=4)
    app.add_middleware(
        SecurityMiddleware, headers=app.state.security_headers, public_url=settings.public_url
    )
    app.add_middleware(HeadMiddleware)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            problems.describe(document := generate())
            uploads.describe_limits(document, settings)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it
    return app


def _from_environment() -> FastAPI:
    settings = load_settings()
    log_as_json(settings.log_level)
    return create_app(settings, Store.connect(settings))


app = _from_environment()
