"""The build's names, and how pictures are laid out."""

import json
import re
from pathlib import Path

import pytest

from services.web import assets
from services.web.assets import NotBuiltError


def test_names_come_from_the_manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A new build is seen at once; without one the error says what to run."""
    monkeypatch.setattr(assets, "DIST", tmp_path)
    with pytest.raises(NotBuiltError, match=r"run `make build`"):
        assets.url("app.js")
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"app.js": "app-1.js", "preload": ["part-1.js"]}))
    assert assets.url("app.js") == "/static/app-1.js"
    assert assets.preloads() == ["/static/part-1.js"]
    manifest.write_text("not JSON")
    with pytest.raises(NotBuiltError):
        assets.url("app.js")


@pytest.mark.parametrize(
    ("width", "height", "name"),
    [
        (1000, 1000, "r0"),
        (3000, 2000, "r20"),
        (2000, 3000, "r-20"),
        (16_000, 1, "r104"),
        (1, 16_000, "r-104"),
    ],
)
def test_ratio_class(width: int, height: int, name: str) -> None:
    """The class is the ratio's logarithm to the base of 1.02, bounded."""
    assert assets.ratio_class(width, height) == name


def test_every_ratio_class_is_in_the_style_sheet() -> None:
    """What the server may name, the built style sheet has, within 1 % of the ratio."""
    sheet = (assets.DIST / Path(assets.url("app.css")).name).read_text()
    ratios = {name: float(ratio) for name, ratio in re.findall(r"\.(r-?\d+){--r:([\d.]+)}", sheet)}
    assert len(ratios) == 209
    for width in range(130, 7800, 7):
        ratio = ratios[assets.ratio_class(width, 1000)]
        assert ratio == pytest.approx(width / 1000, rel=0.011)


def test_shown_width() -> None:
    """`sizes` follows the row height of the style sheet, and no tile is narrower than 3:5."""
    row = "clamp(5.75rem, 3.6rem + 11vw, 20rem)"
    square = f"(min-resolution: 2.5dppx) calc(0.75 * {row}), calc(1.1 * {row})"
    assert assets.shown_width(1000, 1000) == square
    tower = f"(min-resolution: 2.5dppx) calc(0.45 * {row}), calc(0.66 * {row})"
    assert assets.shown_width(100, 1000) == tower
