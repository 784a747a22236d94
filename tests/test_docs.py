"""What the documents say of tests is so."""

import re
from pathlib import Path

import pytest

from services.core.retention import IN_GALLERY_BUCKET, IN_UPLOAD_BUCKET, OLD_VERSIONS

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("document", ["reliability.md", "threats.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    """A renamed test is renamed there too."""
    named = NAMED.findall((ROOT / "docs" / document).read_text())
    assert len(named) >= 12
    for path, function in named:
        source = (ROOT / path).read_text()
        assert not function or f"def {function}(" in source, (path, function)


def test_every_threat_has_its_test_or_is_accepted() -> None:
    """By attacker, and no line without either."""
    document = (ROOT / "docs/threats.md").read_text()
    threats, _, kept = document.partition("## What comes with the packages")
    attackers = re.findall(r"^## (.+)$", threats, re.MULTILINE)
    assert len(attackers) == 6
    rows = [line for line in threats.splitlines() if re.match(r"\| (?!Wants)", line)]
    assert len(rows) >= 35
    for row in rows:
        held_by = row.strip("| ").split(" | ")[2]
        assert NAMED.search(held_by) or held_by.startswith("Accepted because "), row
    days = IN_UPLOAD_BUCKET | IN_GALLERY_BUCKET
    found = re.findall(r"^\| `(\w+/)`: .* \| (\d+) \|$", kept, re.MULTILINE)
    assert {prefix: int(number) for prefix, number in found} == days
    assert f"under the same name | {OLD_VERSIONS} |" in kept


def test_every_failure_has_its_test() -> None:
    """Each row says what happens and what to do, and names the test that provokes it."""
    lines = (ROOT / "docs/reliability.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert len(rows) >= 18
    for row in rows:
        failure, happens, _, to_do, test = (cell.strip() for cell in row)
        assert failure
        assert happens
        assert to_do
        assert NAMED.fullmatch(test), failure
