"""Luma and chroma resized apart, and what ImageMagick makes of several planes at once."""

import io

import numpy as np
import pytest
from PIL import Image

from services.core.reasons import Reason
from services.core.settings import Limits
from services.imaging import lanes, magick, pipeline
from services.imaging.codecs import turbojpeg
from services.imaging.codecs.pixels import to_pillow, to_raster
from services.imaging.lanes import Band, bands, resized_planes_together
from services.imaging.picture import YCC420, Raster
from services.imaging.pipeline import make_variants
from services.imaging.planes import joined, resized_planes, split
from services.imaging.resize import LANCZOS2, LANCZOS3, resized, scaled
from tests.imaging.test_cases import CASES, Case, test_accepted, test_refused
from tests.pictures import jpeg, photo

JPEGS = [case for case in CASES if "jpeg" in case.name]
BY_LANES = pytest.mark.skipif(
    magick.PAID_BY_CHANNEL, reason="ImageMagick 7 resizes planes one by one"
)


@BY_LANES
@pytest.mark.parametrize("case", JPEGS, ids=lambda case: case.name)
def test_cases_end_the_same(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every JPEG of the table ends as it should where planes are resized one by one, too."""
    monkeypatch.setattr(magick, "PAID_BY_CHANNEL", True)
    if isinstance(case.expected, Reason):
        test_refused(case)
    else:
        test_accepted(case)


@pytest.mark.parametrize(
    ("width", "height"),
    [(1600, 1200), (1504, 1008), (1608, 1000), (1601, 999), (1001, 1600), (801, 2403), (64, 48)],
)
@pytest.mark.parametrize(("format_", "tolerance"), [("jpeg", 2.5), ("webp", 3.5)])
def test_planes_look_as_rgb_does(
    format_: str, tolerance: float, width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd and even sides, shrunk and enlarged: no plane is shifted, tinted or has a false edge."""
    data = jpeg(image=photo(width, height), quality=92, subsampling="4:2:0")

    def shown(format_: str) -> list[Image.Image]:
        picture = make_variants(data, (199, 400), (format_,), Limits())
        return [Image.open(io.BytesIO(variant.data)).convert("RGB") for variant in picture.variants]

    by_planes = shown(format_)
    monkeypatch.setattr(turbojpeg, "decode_planes", lambda *_: None)
    monkeypatch.setattr(pipeline, "_in_planes", lambda raster, _size: raster)
    for ours, reference in zip(by_planes, shown(format_), strict=True):
        assert ours.size == reference.size
        difference = np.asarray(ours, np.float64) - np.asarray(reference, np.float64)
        assert np.abs(difference).mean() < tolerance
        assert np.abs(difference.mean((0, 1))).max() < 0.5
        for edge in (difference[0], difference[-1], difference[:, 0], difference[:, -1]):
            assert np.abs(edge).mean() < 5


def test_planes_are_taken_where_they_fit() -> None:
    """YCbCr in 4:2:0 comes as planes, of any size, and anything else does not."""

    def mode(data: bytes, size: tuple[int, int], need: tuple[int, int]) -> str | None:
        raster = turbojpeg.decode_planes(data, size, need)
        return raster.mode if raster else None

    even, odd = photo(640, 480), photo(1001, 480)
    assert mode(jpeg(image=even, subsampling="4:2:0"), (640, 480), (200, 150)) == YCC420
    assert mode(jpeg(image=even, subsampling="4:4:4"), (640, 480), (200, 150)) is None
    assert mode(jpeg(image=even.convert("L")), (640, 480), (200, 150)) is None
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), (1000, 479)) == YCC420
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), (250, 120)) == YCC420


@pytest.mark.parametrize(("width", "height"), [(1001, 480), (1003, 797), (999, 1203)])
def test_scaled_planes_are_cut_to_the_picture(width: int, height: int) -> None:
    """What libjpeg adds at the right and the bottom when it scales is in no plane."""
    data = jpeg(image=photo(width, height), quality=95, subsampling="4:2:0")
    need = (width // 4, height // 4)
    planes = turbojpeg.decode_planes(data, (width, height), need)
    plain = turbojpeg.decode(data, (width, height), 3, need)
    assert planes is not None
    assert (planes.width, planes.height) == (plain.width, plain.height) == need
    ours, reference = (
        np.asarray(to_pillow(raster), np.float64) for raster in (turbojpeg.to_rgb(planes), plain)
    )
    difference = ours - reference
    assert np.abs(difference).mean() < 2


def test_joined_planes_go_on_beyond_an_odd_side() -> None:
    """The sample that makes a side even is the last one again, so that no edge is encoded there."""
    luma = Raster("L", 3, 1, bytes([10, 20, 30]))
    chroma = Raster("L", 2, 1, bytes([1, 2]))
    whole = joined([luma, chroma, chroma])
    assert bytes(whole.pixels) == bytes([10, 20, 30, 30, 10, 20, 30, 30, 1, 2, 1, 2])
    assert [bytes(plane.pixels) for plane in split(whole)] == [
        luma.pixels,
        chroma.pixels,
        chroma.pixels,
    ]


def test_planes_of_the_right_size_are_left_alone() -> None:
    """An exact fit is not filtered."""
    raster = Raster(YCC420, 4, 2, bytes(range(12)))
    assert resized_planes(raster, 4, 2) is raster


@pytest.mark.parametrize(
    ("before", "after", "slip"),
    [
        (1500, 1200, 0), (1200, 600, 0), (100, 400, 0), (1875, 1600, 0), (750, 400, 0),
        (2013, 1600, 1 / 64), (1511, 1201, 1 / 64), (4001, 1600, 1 / 64), (500, 267, 1 / 64),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [2, 4])
def test_bands_make_the_whole(before: int, after: int, slip: float, count: int) -> None:
    """Bands keep each pixel of the result once, begin on pixels of both, and reach over enough."""
    made = bands(before, after, count, 3, slip)
    assert len(made) == count
    kept = [pixel for band in made for pixel in range(*band.keep)]
    assert kept == list(range(after))
    for band in made:
        for place, on in zip(band.before, band.after, strict=True):
            assert abs(place - on * before / after) <= 2 * slip + 1e-6
        assert 0 <= band.before[0] < band.before[1] <= before
        assert band.before[1] - band.before[0] == made[0].before[1] - made[0].before[0]
        reach = 3 * max(1, after / before)
        assert band.keep[0] - band.after[0] >= reach or band.keep[0] == 0
        assert band.after[1] - band.keep[1] >= reach or band.keep[1] == after
    assert made[0].after[1] < after


def test_sides_without_common_places_are_one_band() -> None:
    """Where no pixel's edge falls on another's, the side is not cut."""
    assert bands(1067, 533, 4, 3, 0) == (Band((0, 1067), (0, 533), (0, 533)),)
    assert bands(30, 21, 4, 3, 0) == (Band((0, 30), (0, 21), (0, 21)),)


@BY_LANES
@pytest.mark.parametrize(("before", "after"), [((1001, 667), (800, 533)), ((613, 919), (267, 400))])
def test_bands_that_slip_are_not_seen(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Sides with no common place are cut too, where that moves nothing by more than is seen."""
    plane = to_raster(photo(*before).convert("L"))
    [ours] = resized_planes_together([plane], *after, LANCZOS3)
    alone = resized(plane, *after, LANCZOS3)
    difference = np.asarray(to_pillow(ours), np.int16) - np.asarray(to_pillow(alone), np.int16)
    assert np.abs(difference).max() <= 8
    assert np.abs(difference).mean() < 0.2
    assert np.abs(difference).max() > 0  # so they were cut


@BY_LANES
@pytest.mark.parametrize("filter_", [LANCZOS2, LANCZOS3])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((500, 375), (400, 300)), ((750, 500), (400, 267)), ((500, 750), (267, 400)),
        ((400, 300), (200, 150)), ((100, 80), (400, 320)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_lanes_are_what_each_plane_would_be_alone(
    count: int, before: tuple[int, int], after: tuple[int, int], filter_: str
) -> None:
    """One to four planes that are resized at once are resized as each is alone, to a rounding."""
    picture = photo(*before, mode="RGBA")
    picture.putalpha(picture.getchannel(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    planes = [to_raster(plane) for plane in picture.split()[:count]]
    together = resized_planes_together(planes, *after, filter_)
    assert len(together) == count
    for plane, ours in zip(planes, together, strict=True):
        alone = resized(plane, *after, filter_)
        assert (ours.width, ours.height) == after
        difference = np.asarray(to_pillow(ours), np.int16) - np.asarray(to_pillow(alone), np.int16)
        assert np.abs(difference).max() <= 1
        assert np.abs(difference).mean() < 0.01


@BY_LANES
def test_lanes_are_smaller_than_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plane in four bands gives ImageMagick less than a third of its pixels."""
    sizes: list[int] = []

    def measured(raster: Raster, width: int, height: int, filter_: str) -> Raster:
        sizes.append(raster.width * raster.height)
        return scaled(raster, width, height, filter_)

    monkeypatch.setattr(lanes, "scaled", measured)
    resized_planes_together([to_raster(photo(1000, 750).convert("L"))], 800, 600, LANCZOS2)
    assert sizes
    assert sizes[0] < 1000 * 750 / 3
