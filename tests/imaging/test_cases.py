"""Every case of the table ends as it must."""

import io

import numpy as np
import pytest
from PIL import Image

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging import Picture, make_variants
from tests import pictures
from tests.imaging.cases import CASES, GREY, Case, samples_of
from tests.imaging.cases_of_faults import FAULTS
from tests.pictures import jpeg, photo, raw_png

ALL = [*CASES, *FAULTS]
LIMITS = Limits(max_upload_bytes=2_000_000, max_pixels=4_000_000, max_side=3000, max_frames=8)
SIZES = (64, 128)
CORNERS = (pictures.RED, pictures.GREEN, pictures.BLUE, pictures.YELLOW)


def _variants(data: bytes) -> Picture:
    return make_variants(data, sizes=SIZES, formats=("webp", "jpeg"), limits=LIMITS)


@pytest.mark.parametrize("case", [c for c in ALL if isinstance(c.expected, Reason)], ids=lambda c: c.name)  # fmt: skip
def test_refused(case: Case) -> None:
    """What cannot become a photo is refused with the reason that tells the person why."""
    with pytest.raises(Rejected) as refusal:
        _variants(case.make())
    assert refusal.value.reason is case.expected


@pytest.mark.parametrize("case", [c for c in ALL if not isinstance(c.expected, Reason)], ids=lambda c: c.name)  # fmt: skip
def test_accepted(case: Case) -> None:
    """What browsers show becomes variants of the right format, size, frames and colours."""
    picture = _variants(case.make())
    assert (picture.format, picture.width, picture.height) == case.expected
    assert (picture.frames, picture.has_alpha) == (case.frames, case.alpha)
    for variant in picture.variants:
        image = Image.open(io.BytesIO(variant.data))
        assert image.size == (variant.fit.width, variant.fit.height)
        assert image.format == variant.format.name.upper()
        assert variant.format.name == ("png" if case.alpha else "jpeg") or image.format == "WEBP"
        if case.corners or case.shown:
            _assert_shown(image.convert("RGB"), case.shown or CORNERS, case.tolerance)


def _assert_shown(
    image: Image.Image, colours: tuple[tuple[int, int, int], ...], tolerance: int
) -> None:
    width, height = image.size
    places = ((1, 1), (3, 1), (1, 3), (3, 3))
    for (x, y), colour in zip(places, colours, strict=True):
        seen = image.getpixel((width * x // 4, height * y // 4))
        assert isinstance(seen, tuple)
        assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) <= tolerance, (x, y)


def test_table_is_long() -> None:
    """The table has at least 350 cases, each with a name of its own."""
    assert len(ALL) >= 350
    assert len({case.name for case in ALL}) == len(ALL)


def test_greys_of_every_depth_are_not_clipped() -> None:
    """Grey pictures of 8 and 16 bits come out alike, bright parts and dark ones."""
    shown = []
    for bits in (8, 16):
        picture = _variants(raw_png(samples_of(1, bits), bits=bits, color_type=0))
        image = Image.open(io.BytesIO(picture.variants[1].data)).convert("L")
        shown.append([image.getpixel(at) for at in ((16, 12), (48, 12), (16, 36), (48, 36))])
    expected = [grey[0] for grey in GREY]
    for levels in shown:
        assert levels == pytest.approx(expected, abs=4)


def test_photograph_stays_itself() -> None:
    """A shrunk photograph differs from Pillow's own reduction by less than two levels."""
    original = photo(1000, 750)
    picture = _variants(jpeg(image=original, quality=95, subsampling="4:4:4"))
    made = np.asarray(Image.open(io.BytesIO(picture.variants[-1].data)), np.float64)
    reduced = original.resize((128, 96), Image.Resampling.LANCZOS)
    reference = np.asarray(Image.open(io.BytesIO(jpeg(image=reduced, quality=80))), np.float64)
    assert np.abs(made - reference).mean() < 2
