"""The locks hold on each Python and each platform that the README names."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"

pytestmark = pytest.mark.machines


@pytest.mark.parametrize("lock", ["local", "dev"])
@pytest.mark.parametrize("platform", ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "macos"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_a_wheel_for_each(python: str, platform: str, lock: str, tmp_path: Path) -> None:
    """Nothing has to be compiled; uv names the package that would have to be."""
    command: list[str | Path] = [
        *(UV, "pip", "install", "--dry-run", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--target", tmp_path, "--quiet"),
        *("--python-version", python, "--python-platform", platform),
        *("-r", ROOT / f"requirements/{lock}.txt"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
