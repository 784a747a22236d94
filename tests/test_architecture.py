"""What may import what."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "services").rglob("*.py"))

# A folder imports from lower ranks alone; those of the same rank do not know each other.
RANKS = {"core": 0, "store": 1, "imaging": 1, "resize": 2, "web": 2, "local": 3, "doctor": 4, "owner": 5}  # fmt: skip


def imported(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def importers(*libraries: str, within: str) -> list[str]:
    """Return the files below a folder that import one of the libraries."""
    return [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.is_relative_to(ROOT / within)
        and {name.partition(".")[0] for name in imported(path)} & set(libraries)
    ]


def edges() -> set[tuple[str, str]]:
    """Return which folder of services/ imports which other one."""
    return {
        (path.relative_to(ROOT).parts[1], name.split(".")[1])
        for path in SOURCES
        if len(path.relative_to(ROOT).parts) > 2
        for name in imported(path)
        if name.startswith("services.") and name.split(".")[1] != path.relative_to(ROOT).parts[1]
    }


def test_imports_go_one_way_down() -> None:
    """local, doctor, owner → web | resize → imaging, store → core; never up, never across."""
    wrong = [(above, below) for above, below in edges() if RANKS[above] <= RANKS[below]]
    assert wrong == []


def test_the_import_graph_that_is_drawn_is_the_code() -> None:
    """docs/architecture.md has an arrow for each import of one folder by another, and no other."""
    drawn = re.findall(
        r"^ *(\w+) --> (\w+)$", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    assert sorted(drawn) == sorted(edges())


def test_heavy_libraries_stay_where_they_belong() -> None:
    """No web framework in the resize image, no decoder in the web image, no AWS in imaging."""
    for folder in ("core", "store", "imaging", "resize"):
        assert importers("fastapi", "pydantic", "starlette", within=f"services/{folder}") == []
    for folder in ("core", "store", "resize", "web"):
        assert importers("wand", "PIL", "pillow_heif", within=f"services/{folder}") == []
    for folder in ("core", "imaging"):
        assert importers("boto3", "botocore", within=f"services/{folder}") == []


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
        "services/local/weed.py",  # likewise
        "services/imaging/environment.py",  # makes the decoding process's, without secrets
        "services/imaging/magick.py",  # refuses to load ImageMagick without its policy
    }
    assert set(readers) <= allowed


def test_nothing_imports_from_a_test_module() -> None:
    """Its tests would be collected twice; what tests share has a module of its own."""
    for path in (ROOT / "tests").rglob("*.py"):
        parts = {part for name in imported(path) for part in name.split(".")[:-1]}
        assert not [part for part in parts if part.startswith("test_")], path
