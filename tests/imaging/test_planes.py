"""Luma and chroma resized apart."""

import io

import numpy as np
import pytest
from PIL import Image

from services.core.settings import Limits
from services.imaging import make_variants, pipeline
from services.imaging.codecs import turbojpeg
from services.imaging.codecs.pixels import to_pillow
from services.imaging.picture import I420, Raster
from services.imaging.planes import joined, split, split_into_planes
from services.imaging.resize import resized
from tests.pictures import jpeg, photo


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
        picture = make_variants(data, sizes=(199, 400), formats=(format_,), limits=Limits())
        return [Image.open(io.BytesIO(variant.data)).convert("RGB") for variant in picture.variants]

    by_planes = shown(format_)
    monkeypatch.setattr(turbojpeg, "decode_planes", lambda *_: None)
    steps = tuple(step for step in pipeline.FRAME_STEPS if step is not split_into_planes)
    monkeypatch.setattr(pipeline, "FRAME_STEPS", steps)
    for ours, reference in zip(by_planes, shown(format_), strict=True):
        assert ours.size == reference.size
        difference = np.asarray(ours, np.float64) - np.asarray(reference, np.float64)
        assert np.abs(difference).mean() < tolerance
        assert np.abs(difference.mean((0, 1))).max() < 0.5
        for edge in (difference[0], difference[-1], difference[:, 0], difference[:, -1]):
            assert np.abs(edge).mean() < 5


def test_planes_are_taken_where_they_fit() -> None:
    """YCbCr in 4:2:0 comes as planes, of any size, and anything else does not."""

    def mode(data: bytes, size: tuple[int, int], eighths: int) -> str | None:
        raster = turbojpeg.decode_planes(data, size, eighths)
        return raster.mode if raster else None

    even, odd = photo(640, 480), photo(1001, 480)
    assert mode(jpeg(image=even, subsampling="4:2:0"), (640, 480), 4) == I420
    assert mode(jpeg(image=even, subsampling="4:4:4"), (640, 480), 4) is None
    assert mode(jpeg(image=even.convert("L")), (640, 480), 4) is None
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), 8) == I420
    assert mode(jpeg(image=odd, subsampling="4:2:0"), (1001, 480), 3) == I420


@pytest.mark.parametrize(
    ("side", "margin", "eighths"),
    [
        (4000, 1.75, 3),
        (4480, 1.75, 2),
        (3840, 1.5, 2),
        (3839, 1.5, 3),
        (1200, 1.75, 5),
        (700, 1.75, 8),
    ],
)
def test_scales_that_average_leave_more(side: int, margin: float, eighths: int) -> None:
    """The smallest scale of 640 pixels or more is taken, of a margin more where it averages."""
    assert turbojpeg.eighths_for((side, side), (640, 640), margin) == eighths


@pytest.mark.parametrize(("width", "height"), [(1001, 480), (1003, 797), (999, 1203)])
def test_scaled_planes_are_cut_to_the_picture(width: int, height: int) -> None:
    """What libjpeg adds at the right and the bottom when it scales is in no plane."""
    data = jpeg(image=photo(width, height), quality=95, subsampling="4:2:0")
    planes = turbojpeg.decode_planes(data, (width, height), 2)
    plain = turbojpeg.decode(data, (width, height), 3, 2)
    assert planes is not None
    quarter = (width // 4, height // 4)
    assert (planes.width, planes.height) == (plain.width, plain.height) == quarter
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
    raster = Raster(I420, 4, 2, bytes(range(12)))
    assert resized(raster, 4, 2) is raster
