"""A pytest plugin that writes a row for each test that is run (`make reliability`)."""

import re
from pathlib import Path

import pytest

TARGET = Path(__file__).parents[1] / "build" / "reliability.md"

HEAD = """\
# Failures that were provoked

| Failure | What must happen | Test | Result |
|---|---|---|---|
"""


class Table:
    """Collects a row for each test."""

    def __init__(self) -> None:
        self.must: dict[str, str] = {}
        self.results: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note what each test's docstring says."""
        for item in items:
            document = getattr(getattr(item, "function", None), "__doc__", None) or ""
            self.must[item.nodeid] = " ".join(document.split())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how it ended."""
        if report.when == "call" or report.outcome != "passed":
            self.results[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        rows = []
        for nodeid, result in self.results.items():
            path, _, name = nodeid.partition("::")
            function, _, parameters = name.partition("[")
            failure = function.removeprefix("test_").replace("_", " ")
            if parameters:
                failure += f" ({parameters.rstrip(']')})"
            cells = (failure, self.must[nodeid], f"`{path}::{function}`", result)
            rows.append("| " + " | ".join(re.sub(r"[|\n]", "/", cell) for cell in cells) + " |")
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(HEAD + "\n".join(rows) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Register the table."""
    config.pluginmanager.register(Table())
