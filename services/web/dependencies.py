"""What routes depend on."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from services.core.settings import Settings
from services.store import Store


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def public_url(request: Request, settings: Settings) -> str:
    """Return the gallery's own address as the browser sees it, without a slash at the end."""
    return settings.public_url or str(request.base_url).rstrip("/")


def is_https(request: Request) -> bool:
    """Tell whether the browser speaks HTTPS, to us or to a proxy that asks us without."""
    return public_url(request, request.app.state.settings).startswith("https://")


SettingsDep = Annotated[Settings, Depends(_settings)]
StoreDep = Annotated[Store, Depends(_store)]
PhotoId = Annotated[
    str, Path(description="Photo id: 26 characters.", examples=["7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"])
]
DeleteToken = Annotated[
    str | None,
    Header(
        alias="x-delete-token",
        max_length=200,
        description="The `delete_token` that came with the upload.",
    ),
]
