"""Sizes and formats of variants."""

import pytest

from services.core.variants import FORMATS, Fit, best_fit, formats_for, plan


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (4000, 3000, (400, 300)),
        (3000, 4000, (300, 400)),
        (400, 400, (400, 400)),
        (200, 100, (400, 200)),
        (1000, 333, (400, 133)),
        (333, 1000, (133, 400)),
        (1600, 2, (400, 1)),  # 0.5 would round to 0
        (800, 1, (400, 1)),
        (1, 16000, (1, 400)),
        (401, 400, (400, 399)),
    ],
)
def test_best_fit_keeps_the_ratio_and_no_side_is_zero(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    """The longer side fills the box; the other is rounded and at least 1."""
    assert best_fit(width, height, 400, 400) == expected


def test_best_fit_in_a_box_that_is_not_square() -> None:
    """The side that meets the box first decides."""
    assert best_fit(1000, 500, 300, 100) == (200, 100)
    assert best_fit(500, 1000, 300, 100) == (50, 100)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (4000, 3000, [(400, 400, 300), (800, 800, 600), (1600, 1600, 1200)]),
        (1600, 1200, [(400, 400, 300), (800, 800, 600), (1600, 1600, 1200)]),
        (1000, 500, [(400, 400, 200), (800, 800, 400), (1600, 1000, 500)]),
        (800, 800, [(400, 400, 400), (800, 800, 800)]),
        (500, 250, [(400, 400, 200), (800, 500, 250)]),
        (400, 300, [(400, 400, 300)]),
        (100, 50, [(400, 400, 200)]),
        # Long ones: the short side has half the box, and the first box stays as it is.
        (4000, 2000, [(400, 400, 200), (800, 800, 400), (1600, 1600, 800)]),
        (8000, 2000, [(400, 400, 100), (800, 1600, 400), (1600, 3200, 800)]),
        (8000, 1000, [(400, 400, 50), (800, 3200, 400), (1600, 6400, 800)]),
        (1000, 8000, [(400, 50, 400), (800, 400, 3200), (1600, 800, 6400)]),
        (16000, 400, [(400, 400, 10), (800, 3200, 80), (1600, 6400, 160)]),
        (2000, 250, [(400, 400, 50), (800, 2000, 250)]),
        (1, 1, [(400, 400, 400)]),
    ],
)
def test_only_the_smallest_enlarges_and_none_is_lost(
    width: int, height: int, expected: list[tuple[int, int, int]]
) -> None:
    """Boxes up to the first that the picture does not fill; that one holds it at its own size."""
    assert plan(width, height, (400, 800, 1600)) == tuple(Fit(*fit) for fit in expected)


@pytest.mark.parametrize(
    ("width", "height", "frames", "expected"),
    [
        (16, 16, 62, (400, 400)),
        (16, 16, 256, (197, 197)),  # 10 megapixels in all
        (16, 8, 256, (197, 98)),
        (300, 200, 256, (300, 200)),
        (500, 400, 256, (400, 320)),
    ],
)
def test_a_long_animation_is_enlarged_less(
    width: int, height: int, frames: int, expected: tuple[int, int]
) -> None:
    """Few bytes must not make much work; what shrinks is as ever."""
    first, *_ = plan(width, height, (400, 800), frames)
    assert (first.size, first.width, first.height) == (400, *expected)


def test_jpeg_becomes_png_where_there_is_transparency() -> None:
    """JPEG has no alpha, and a white or black box would not be the picture."""
    assert formats_for(("webp", "jpeg"), has_alpha=False) == (FORMATS["webp"], FORMATS["jpeg"])
    assert formats_for(("webp", "jpeg"), has_alpha=True) == (FORMATS["webp"], FORMATS["png"])
