"""Writes what is in each image as CycloneDX JSON: build/sbom/resize.json and build/sbom/web.json.

Python packages come from the locks, Debian's from what the images say of themselves, JavaScript from
package-lock.json as far as it is bundled into the page. Needs `make images` first; run by `make sbom`.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable
from email.parser import Parser
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "build/images"


def from_locks(image: str) -> Iterable[Component]:
    """Return the Python packages that an image installs, with the hashes it accepts."""
    reader = Path(sys.executable).parent / "cyclonedx-py"
    lock = ROOT / f"requirements/{image}.txt"
    command: list[str | Path] = [reader, "requirements", "--of", "JSON", "--sv", "1.6", lock]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    listed = Bom.from_json(json.loads(made))  # type: ignore[attr-defined,unused-ignore]  # a decorator adds it
    # The lock is for every platform and version of Python; the image has what is for its own.
    installed = {
        PackageURL("pypi", None, item.name, item.version)
        for item in distributions(path=[str(IMAGES / image / "opt/python")])
    }
    for component in listed.components:
        if component.purl in installed:
            component.description = None  # the lock's lines over again
            yield component


def from_debian(image: str) -> Iterable[Component]:
    """Return the Debian packages whose files are in an image."""
    for status in sorted((IMAGES / image / "var/lib/dpkg/status.d").iterdir()):
        package = Parser().parsestr(status.read_text())
        name, version = package["Package"], package["Version"]
        qualifiers = {"arch": package["Architecture"], "distro": "debian-13"}
        purl = PackageURL("deb", "debian", name, version, qualifiers)
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=purl,
            bom_ref=str(purl),
            description=package["Description"].splitlines()[0],
        )


def from_page(image: str) -> Iterable[Component]:
    """Return the npm packages whose code is in an image's scripts and styles."""
    # Not `npm sbom`: it refuses to work as long as a tool of ours has peers that it finds wanting.
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for bundled in (IMAGES / image).rglob("static/dist/packages.json"):
        for name in json.loads(bundled.read_text()):
            package = locked[f"node_modules/{name}"]
            purl = PackageURL.from_string(f"pkg:npm/{quote(name)}@{package['version']}")
            digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            yield Component(
                name=name,
                version=package["version"],
                type=ComponentType.LIBRARY,
                purl=purl,
                bom_ref=str(purl),
                licenses=[DisjunctiveLicense(id=package["license"])],
                hashes=[HashType(alg=HashAlgorithm.SHA_512, content=digest)],
            )


def main() -> None:
    """Write both, each held to CycloneDX's schema."""
    folder = ROOT / "build/sbom"
    folder.mkdir(parents=True, exist_ok=True)
    version = json.loads((ROOT / "package.json").read_text())["version"]
    for image in ("resize", "web"):
        bom = Bom()
        bom.metadata.component = Component(
            name=f"contact-sheet-{image}", version=version, type=ComponentType.CONTAINER
        )
        bom.components.update(from_locks(image), from_debian(image), from_page(image))
        bom.register_dependency(bom.metadata.component, bom.components)
        text = JsonV1Dot6(bom).output_as_string(indent=1)
        if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
            sys.exit(f"{image}: {error}")
        (folder / f"{image}.json").write_text(text + "\n")
        print(f"build/sbom/{image}.json: {len(bom.components)} components")


if __name__ == "__main__":
    main()
