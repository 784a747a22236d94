"""The README tells what the code does."""

import json
import re
from dataclasses import fields
from pathlib import Path

from benchmarks.images_table import PER_PUT, PUTS_A_PICTURE, dollars_per_1000
from benchmarks.report import summary
from services.core.settings import LocalSettings, Settings, variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_settings_table_is_the_code() -> None:
    """Every setting has its row, with name, default and meaning, in the code's order."""
    expected = []
    for item in (*fields(Settings), *fields(LocalSettings)):
        default = item.default
        if default is None:
            shown = "unset"
        elif isinstance(default, tuple):
            shown = f"`{','.join(str(part) for part in default)}`"
        else:
            shown = f"`{default}`"
        expected.append(f"| `{variable(item)}` | {shown} | {item.metadata['doc']} |")
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert rows == expected


def test_the_table_of_speed_is_what_was_measured() -> None:
    """The README has the figures of the benchmark's last run."""
    rows = json.loads((ROOT / "benchmarks/results/resize.json").read_text())
    assert summary(rows) in README
    assert len([row for row in rows if row["engine"] == "contact-sheet"]) >= 12


def test_the_costs_are_measured() -> None:
    """Seconds and dollars of a photo are the table's, at the memory that serverless.yml gives."""
    section = README.partition("## Costs")[2].partition("\n## ")[0]
    memory = re.findall(r"memorySize: (\d+)", (ROOT / "serverless.yml").read_text())[0]
    figures = json.loads((ROOT / "benchmarks/results/images.json").read_text())
    warm = figures["resize"]["JPEG 12 MP"]["by_memory"][memory]["warm_ms"]
    assert f"{warm / 1000:.1f} s of the resize function" in section
    assert f"${dollars_per_1000(warm, int(memory)):.3f} per 1,000" in section
    assert f"${1000 * PUTS_A_PICTURE * PER_PUT:.3f}" in section
