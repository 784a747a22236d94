"""The bill of materials names what is in the images, no more and no less."""

import json
import re
import subprocess
import sys
from email.parser import Parser
from pathlib import Path

import pytest

from tests.deploy.packaging import ROOT

pytestmark = pytest.mark.images


@pytest.fixture(scope="module")
def sboms(roots: Path) -> dict[str, dict[str, str]]:
    """Each image's components: package URL without qualifiers → version."""
    del roots
    subprocess.run([sys.executable, ROOT / "scripts/sbom.py"], check=True)
    found = {}
    for name in ("resize", "web"):
        sbom = json.loads((ROOT / f"build/sbom/{name}.json").read_text())
        assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
        components = sbom["components"]
        found[name] = {item["purl"].partition("@")[0]: item["version"] for item in components}
        assert len(found[name]) == len(components)
    return found


def of_kind(sbom: dict[str, str], kind: str) -> dict[str, str]:
    """Return the names and versions of one kind of package."""
    start = f"pkg:{kind}/"
    return {url.removeprefix(start): sbom[url] for url in sbom if url.startswith(start)}


@pytest.mark.parametrize("name", ["resize", "web"])
def test_python_packages(name: str, roots: Path, sboms: dict[str, dict[str, str]]) -> None:
    """Each that is installed, whose files are in its own record."""
    installed = {}
    owned = set()
    folder = roots / name / "opt/python"
    for info in folder.glob("*.dist-info"):
        metadata = Parser().parsestr((info / "METADATA").read_text())
        installed[re.sub(r"[-_.]+", "-", metadata["Name"]).lower()] = metadata["Version"]
        owned |= {line.split(",")[0] for line in (info / "RECORD").read_text().splitlines()}
    assert of_kind(sboms[name], "pypi") == installed
    files = {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {str(path.relative_to(folder)) for path in files} <= owned


@pytest.mark.parametrize("name", ["resize", "web"])
def test_debian_packages(name: str, roots: Path, sboms: dict[str, dict[str, str]]) -> None:
    """Each that the image has a copyright of; the build fails over a file that none owns."""
    copyrights = (roots / name / "usr/share/doc").glob("*/copyright")
    found = of_kind(sboms[name], "deb/debian")
    assert {url.replace("%2B", "+") for url in found} == {path.parent.name for path in copyrights}
    assert found["python3.13-minimal"].startswith("3.13.")
    assert ("libmagickwand-7.q16-10" in found) == (name == "resize")


def test_npm_packages(roots: Path, sboms: dict[str, dict[str, str]]) -> None:
    """Each that the page's bundles hold code of, in the version that was bundled."""
    assert of_kind(sboms["resize"], "npm") == {}
    found = of_kind(sboms["web"], "npm")
    assert {"client-zip", "photoswipe", "p-queue", "p-retry", "thumbhash"} <= set(found)
    for package, version in found.items():
        installed = ROOT / "node_modules" / package / "package.json"
        assert json.loads(installed.read_text())["version"] == version
    sources: set[str] = set()
    for source_map in (roots / "web").rglob("static/dist/*.js.map"):
        sources |= set(json.loads(source_map.read_text())["sources"])
    mapped = {
        source.split("/node_modules/")[1].split("/")[0]
        for source in sources
        if "_modules" in source
    }
    assert len(mapped) > 3
    assert mapped <= set(found)
