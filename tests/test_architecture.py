"""What may import what."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OUTSIDE = ("services.web", "services.resize", "services.local", "services.doctor")
SOURCES = sorted((ROOT / "services").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def importers(*forbidden: str, within: str) -> list[str]:
    """Return the files below a folder that import one of the modules or what is inside them."""
    return [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.is_relative_to(ROOT / within)
        and any(
            name == module or name.startswith(f"{module}.")
            for name in imported(path)
            for module in forbidden
        )
    ]


def test_the_images_do_not_import_each_other() -> None:
    """Each image holds its own folder and the core."""
    machine = ("services.local", "services.doctor")
    assert importers("services.resize", *machine, within="services/web") == []
    assert importers("services.web", *machine, within="services/resize") == []
    assert importers("services.doctor", within="services/local") == []


def test_the_core_imports_neither() -> None:
    """What both share knows of neither."""
    core = [path for path in SOURCES if path.parent == ROOT / "services"]
    core += (ROOT / "services/store").glob("*.py")
    assert len(core) > 5
    for path in core:
        assert not {name for name in imported(path) if name.startswith(OUTSIDE)}, path


def test_heavy_libraries_stay_in_their_image() -> None:
    """The resize image has no web framework, the web image no decoder."""
    assert importers("fastapi", "pydantic", "starlette", within="services/resize") == []
    assert importers("wand", "PIL", "pillow_heif", within="services/web") == []


def test_one_module_reads_the_environment() -> None:
    """Settings come from services/core/settings.py; the local product hands its environment on."""
    readers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    allowed = {
        "services/core/settings.py",
        "services/local/__main__.py",  # starts processes with it
        "services/imaging/environment.py",  # makes the decoding process's, without secrets
        "services/imaging/magick.py",  # refuses to load ImageMagick without its policy
    }
    assert set(readers) <= allowed


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_readable(path: Path) -> None:
    """A module that outgrows a reader wants to be two."""
    assert len(path.read_text().splitlines()) <= 260
