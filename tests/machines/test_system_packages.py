"""What `make run` and `make test` install, on each release that the README names.

Other releases than this machine's have no mirror here, so what their apt knows is a table.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The packages by their names in each release, and how new its Node.js is.
RELEASES = {
    "Debian 12": {
        "libmagickwand-6.q16-6", "libturbojpeg0", "nodejs=18.20", "npm", "chromium",
        "fonts-dejavu-core", "libseccomp2",
    },
    "Debian 13": {
        "libmagickwand-7.q16-10", "libturbojpeg0", "nodejs=20.19", "npm", "chromium",
        "fonts-dejavu-core", "libseccomp2",
    },
    "Ubuntu 24.04": {
        "libmagickwand-6.q16-7t64", "libturbojpeg", "nodejs=18.19", "npm", "chromium-browser",
        "fonts-dejavu-core", "libseccomp2",
    },
}  # fmt: skip


def lists() -> dict[str, str]:
    """Return the Makefile's lists of packages by name."""
    found = re.findall(r"^APT_(\w+) +:= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return dict(found)


def install(tmp_path: Path, release: str, packages: str) -> tuple[list[str], str]:
    """Run scripts/install-system where apt knows a release's packages and has none installed.

    Returns the names that it has apt install, and its complaint.
    """
    programs = tmp_path / "bin"
    programs.mkdir()
    known = ""
    for row in RELEASES[release]:
        name, _, version = row.partition("=")
        known += f"{name}) echo '  Candidate: {version or 1}' ;;\n"
    log = tmp_path / "installed"
    for name, script in {
        "uname": "echo Linux",
        "id": "echo 0",
        "dpkg-query": "exit 1",
        "apt-cache": f'case "$2" in\n{known}esac',
        "apt-get": f'[ "$1" = update ] || printf "%s\\n" "$@" >"{log}"',
    }.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [ROOT / "scripts/install-system", *shlex.split(packages)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    asked = log.read_text().splitlines() if log.exists() else []
    return [name for name in asked if name[0] != "-" and name != "install"], ended.stderr.strip()


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("Debian 12", ["libmagickwand-6.q16-6", "libturbojpeg0", "libseccomp2"]),
        ("Debian 13", ["libmagickwand-7.q16-10", "libturbojpeg0", "libseccomp2"]),
        ("Ubuntu 24.04", ["libmagickwand-6.q16-7t64", "libturbojpeg", "libseccomp2"]),
    ],
)
def test_what_running_needs(tmp_path: Path, release: str, expected: list[str]) -> None:
    """ImageMagick and libjpeg-turbo go by another name in each release."""
    assert install(tmp_path, release, lists()["RUN"]) == (expected, "")


@pytest.mark.parametrize(
    ("release", "chromium"),
    [("Debian 12", "chromium"), ("Debian 13", "chromium"), ("Ubuntu 24.04", "chromium-browser")],
)
def test_what_testing_needs(tmp_path: Path, release: str, chromium: str) -> None:
    """Ubuntu's Chromium is a snap that a package of another name brings."""
    assert install(tmp_path, release, lists()["TEST"]) == ([chromium, "fonts-dejavu-core"], "")


def test_node_is_installed_where_it_is_new_enough(tmp_path: Path) -> None:
    """Debian 13 has the version that package.json asks for."""
    assert install(tmp_path, "Debian 13", lists()["NODE"]) == (["nodejs", "npm"], "")


@pytest.mark.parametrize("release", ["Debian 12", "Ubuntu 24.04"])
def test_node_is_not_installed_where_it_is_too_old(tmp_path: Path, release: str) -> None:
    """Nothing is installed, and the sentence names what is missing."""
    names, complaint = install(tmp_path, release, lists()["NODE"])
    assert names == []
    assert "has no package nodejs>=20" in complaint
