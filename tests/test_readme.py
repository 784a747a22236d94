"""The README tells what the code does."""

from dataclasses import fields
from pathlib import Path

from services.config import LocalSettings, Settings

README = (Path(__file__).parents[1] / "README.md").read_text()


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
        expected.append(f"| `{item.metadata['env']}` | {shown} | {item.metadata['doc']} |")
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert rows == expected
