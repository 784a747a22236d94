"""Lighthouse on a gallery page of sixty photos."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import CHROMIUM, FLAGS, Site

LIGHTHOUSE = Path(__file__).parents[2] / "node_modules/.bin/lighthouse"
AT_LEAST = {"performance": 95, "accessibility": 95, "best-practices": 95, "seo": 95}


def measured(url: str, report: Path) -> dict[str, Any]:
    """Return Lighthouse's report of one run with its default, a slow phone."""
    subprocess.run(
        [
            *(LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"),
            f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
            f"--only-categories={','.join(AT_LEAST)}",
        ],
        check=True,
        env={**os.environ, "CHROME_PATH": CHROMIUM},
        timeout=120,
    )
    content: dict[str, Any] = json.loads(report.read_text())
    return content


def test_lighthouse(site: Site, tmp_path: Path) -> None:
    """Each category is good enough and nothing shifts; a busy machine gets a second try."""
    missed: list[str] = []
    for number in range(2):
        found = measured(site.url, tmp_path / f"{number}.json")
        scores = {name: round(found["categories"][name]["score"] * 100) for name in AT_LEAST}
        missed = [
            f"{id_} {audit.get('displayValue', '')}"
            for id_, audit in found["audits"].items()
            if audit["score"] is not None and audit["score"] < 0.9
        ]
        print(scores, missed)  # noqa: T201 shown by -rP and where the test fails
        assert found["audits"]["cumulative-layout-shift"]["numericValue"] == 0
        if all(scores[name] >= AT_LEAST[name] for name in AT_LEAST):
            return
    pytest.fail(f"{scores}: {missed}")
