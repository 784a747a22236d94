"""What is in the images, and what is not."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.images

LIMIT = 150_000_000


@pytest.mark.parametrize("name", ["resize", "web"])
def test_image_is_small_and_has_no_tools(name: str, roots: Path) -> None:
    """An image stays below 150 MB and has no program but Python, so no shell and no pip."""
    root = roots / name
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LIMIT
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"python3", "python3.13"}
    assert not list(root.rglob("pip"))
    for folder in ("local", "doctor"):
        assert not list((root / "var/task").rglob(folder))
    # Scanners read here which Debian packages they look at.
    assert (root / "var/lib/dpkg/status.d/libc6").is_file()
    if name == "web":
        assert not list(root.rglob("libMagick*"))
        assert not (root / "var/task/services/resize").exists()
    else:
        assert not (root / "var/task/services/web").exists()


def test_every_module_was_compiled(roots: Path) -> None:
    """No module of ours is left to be compiled at each cold start."""
    for task in (roots / "resize/var/task", roots / "web/var/task"):
        for source in task.rglob("*.py"):
            assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")), source
