"""Variants look as the file does in Chromium: all accepted cases of the table, on its canvas."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from services.core.reasons import Reason
from services.core.settings import Limits
from services.imaging import make_variants
from tests.imaging.canvas import Canvas, canvas
from tests.imaging.cases import CASES, Case
from tests.imaging.cases_of_faults import FAULTS

TOLERANCE = 10
"""Levels of 255 by which the mean of a part of the picture may differ in any channel, after JPEG of
quality 80 on our side and Chromium's own conversions on the other."""

# Where Chromium is no oracle: parts of names, and why.
_ITS_OWN = {
    "heic": "it has no decoder for it",
    "webp orientation": "it does not read EXIF in WebP; others do, and so do we",
    "avif with alpha": "it stretches the range of alpha, which libavif says is full",
    "avif sequence": "which frame it shows is a matter of time",
    "avif with a profile cut": "it refuses an AVIF for a damaged profile",
    "without EOI": "it leaves the last rows of a JPEG unpainted until it has seen the end",
    "in place of its end": "as before",
}
_TOO_SMALL = 20  # pixels: what enlarging makes of fewer is a matter of filters


def _is_shown(case: Case) -> bool:
    if isinstance(case.expected, Reason) or min(case.expected[1:]) < _TOO_SMALL:
        return False
    return not any(part in case.name for part in _ITS_OWN)


SHOWN = [case for case in (*CASES, *FAULTS) if _is_shown(case)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Canvas]:
    """One for all cases."""
    with canvas() as made:
        yield made


def _parts(image: Image.Image) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """Return the means of the middles of 4 × 4 parts, colours weighted by what is seen of them."""
    seen = image.convert("RGBA").convert("RGBa").resize((64, 64), Image.Resampling.BOX)
    parts = np.asarray(seen, np.float64).reshape(4, 16, 4, 16, 4)
    means: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = parts[:, 4:12, :, 4:12].mean((1, 3))
    return means


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.name)
def test_variant_looks_as_in_chromium(case: Case, chromium: Canvas) -> None:
    """Size, colours and transparency are those that a browser shows of the original."""
    data = case.make()
    theirs = chromium.show(data)
    assert theirs is not None, "Chromium shows nothing"
    limits = Limits(max_side=3000, max_frames=8)
    picture = make_variants(data, sizes=(256,), formats=("jpeg",), limits=limits)
    assert (picture.width, picture.height) == (theirs.shape[1], theirs.shape[0])
    ours = Image.open(io.BytesIO(picture.variants[0].data))
    difference = np.abs(_parts(ours) - _parts(Image.fromarray(theirs)))
    assert difference.max() <= TOLERANCE
