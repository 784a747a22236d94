"""What the documents say of tests is so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    """Return the cells of the table in docs/reliability.md."""
    lines = (ROOT / "docs/reliability.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1:]]


@pytest.mark.parametrize("document", ["reliability.md", "threats.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    """A renamed test is renamed there too."""
    named = NAMED.findall((ROOT / "docs" / document).read_text())
    assert len(named) >= 12
    for path, function in named:
        source = (ROOT / path).read_text()
        assert not function or f"def {function}(" in source, (path, function)


def test_the_table_of_failures_is_long_and_green() -> None:
    """At least 45 failures, each with what must happen, and each survived."""
    found = rows()
    assert len(found) >= 45
    for failure, must, _, result in found:
        assert failure
        assert must.endswith(".")
        assert result == "passed", failure
