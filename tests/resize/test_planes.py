"""JPEG's luma and chroma resized apart, which is done where ImageMagick's cost is by the channel."""

import io

import numpy as np
import pytest
from PIL import Image

from services.config import Limits
from services.reasons import Reason
from services.resize import magick
from services.resize.formats import turbojpeg
from services.resize.picture import YCC420
from services.resize.pipeline import make_variants
from tests.pictures import jpeg, photo
from tests.resize.test_cases import CASES, Case, test_accepted, test_refused

JPEGS = [case for case in CASES if "jpeg" in case.name]


@pytest.fixture
def other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way that the ImageMagick of this machine does not take."""
    monkeypatch.setattr(magick, "PAID_BY_CHANNEL", not magick.PAID_BY_CHANNEL)


@pytest.mark.usefixtures("other_way")
@pytest.mark.parametrize("case", JPEGS, ids=lambda case: case.name)
def test_cases_end_the_same(case: Case) -> None:
    """Every JPEG of the table gets the same verdict, or the same picture, both ways."""
    if isinstance(case.expected, Reason):
        test_refused(case)
    else:
        test_accepted(case)


@pytest.mark.parametrize(
    ("width", "height"),
    [(1600, 1200), (1504, 1008), (1608, 1000), (1601, 999), (1001, 1600), (801, 2403), (64, 48)],
)
def test_both_ways_look_the_same(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd and even sides, shrunk and enlarged: neither is shifted, tinted or has a false edge."""
    data = jpeg(image=photo(width, height), quality=92, subsampling="4:2:0")
    shown = []
    for planes in (False, True):
        monkeypatch.setattr(magick, "PAID_BY_CHANNEL", planes)
        picture = make_variants(data, (199, 400), ("jpeg",), Limits())
        shown.append(
            [
                np.asarray(Image.open(io.BytesIO(variant.data)), np.float64)
                for variant in picture.variants
            ]
        )
    for ours, reference in zip(*shown, strict=True):
        assert ours.shape == reference.shape
        difference = ours - reference
        assert np.abs(difference).mean() < 2.5
        assert np.abs(difference.mean((0, 1))).max() < 0.3
        for edge in (difference[0], difference[-1], difference[:, 0], difference[:, -1]):
            assert np.abs(edge).mean() < 5


def test_planes_are_taken_where_they_fit() -> None:
    """4:2:0 whose scaled sides need no cut comes as planes, anything else does not."""

    def mode(data: bytes, size: tuple[int, int], need: tuple[int, int]) -> str | None:
        raster = turbojpeg.decode_ycc(data, size, need)
        return raster.mode if raster else None

    even, odd = photo(640, 480), photo(1001, 480)
    assert mode(jpeg(image=even, subsampling="4:2:0"), (640, 480), (200, 150)) == YCC420
    assert mode(jpeg(image=even, subsampling="4:4:4"), (640, 480), (200, 150)) is None
    assert mode(jpeg(image=even.convert("L")), (640, 480), (200, 150)) is None
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), (1000, 479)) == YCC420
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), (250, 120)) is None
