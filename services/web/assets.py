"""The built scripts and styles: hashed names, cached for ever, and how pictures are laid out."""

import json
import math
from functools import lru_cache
from os import PathLike, stat_result
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
DIST = STATIC / "dist"
IMMUTABLE = "public, max-age=31536000, immutable"

# The one source of the layout's numbers; build.mjs makes the style sheet from the same file.
_LAYOUT = json.loads((STATIC / "layout.json").read_text())


class NotBuiltError(RuntimeError):
    """The page's scripts and styles were not built."""

    def __init__(self) -> None:
        super().__init__(
            "The page's scripts and styles are not built yet: run `make build` "
            "(npm ci && npm run build) and reload."
        )


def url(name: str) -> str:
    """Return the path of an entry of the build, such as `app.js`, under its hashed name.

    Raises NotBuiltError where there is no build.
    """
    return f"/static/{_manifest()[name]}"


def read(name: str) -> bytes:
    """Return an entry of the build, for what must have a path of its own."""
    path: Path = DIST / _manifest()[name]
    return path.read_bytes()


def preloads() -> list[str]:
    """Return the paths of the modules that `app.js` imports at once."""
    return [f"/static/{name}" for name in _manifest()["preload"]]


def _manifest() -> dict[str, Any]:
    path = DIST / "manifest.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        raise NotBuiltError from None


@lru_cache(maxsize=1)
def _read(path: Path, modified: int) -> dict[str, Any]:
    del modified  # part of the cache's key: a new build is seen without a restart
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


class _Immutable(StaticFiles):
    """Static files whose names change with their content."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = IMMUTABLE
        return response


def mount(app: FastAPI) -> None:
    """Serve the build under /static."""
    app.mount("/static", _Immutable(directory=DIST, check_dir=False), name="static")


@lru_cache(maxsize=1024)
def ratio_class(width: int, height: int) -> str:
    """Return the class whose ratio is nearest to that of `width` × `height` pixels."""
    return f"r{_ratio_step(width, height)}"


def is_cropped(width: int, height: int) -> bool:
    """Tell whether a picture is wider than its tile may be, so that the tile's width says little."""
    return bool(width / height > _LAYOUT["widestOnPhones"])


@lru_cache(maxsize=1024)
def shown_width(width: int, height: int) -> str:
    """Return, for `sizes`, how wide a picture stands in the gallery's rows.

    A row's pictures grow to fill the line; a tenth is what they grow on average. On the densest
    screens two pixels for each of CSS's are fetched: nobody sees the third in a tile, and a phone
    loads a third of the bytes.
    """
    ratio = max(_LAYOUT["narrowest"], _LAYOUT["ratioStep"] ** _ratio_step(width, height))
    row = _LAYOUT["row"]
    dense, plain = (f"calc({ratio * factor:.3g} * {row})" for factor in (0.75, 1.1))
    return f"(min-resolution: 2.5dppx) {dense}, {plain}"


def _ratio_step(width: int, height: int) -> int:
    last: int = _LAYOUT["lastRatio"]
    step = round(math.log(width / height) / math.log(_LAYOUT["ratioStep"]))
    return max(-last, min(last, step))
