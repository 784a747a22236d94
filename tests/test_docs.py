"""What the documents say of tests is so."""

import re
from pathlib import Path

import pytest

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
