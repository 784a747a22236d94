"""Reasons and their sentences."""

import pytest

from services.core.reasons import ENGLISH, Reason, sentence
from services.core.settings import Limits


def test_every_reason_has_a_sentence() -> None:
    """No refusal is without words."""
    assert set(ENGLISH) == set(Reason)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.TOO_LARGE, "The file is larger than 25 MB."),
        (Reason.TOO_MANY_PIXELS, "The picture has more than 100 megapixels."),
        (Reason.SIDE_TOO_LONG, "The picture is longer than 16384 pixels on one side."),
        (
            Reason.TOO_MANY_FRAMES,
            "The animation has more than 256 frames or is too large.",
        ),
        (
            Reason.UNSUPPORTED_FORMAT,
            "This is not a picture we can read; please use JPEG, PNG, GIF, WebP, AVIF or HEIC.",
        ),
    ],
)
def test_sentences_name_the_limits(reason: Reason, expected: str) -> None:
    """The limits in the words are the ones in force."""
    assert sentence(reason, Limits()) == expected


def test_a_changed_limit_changes_the_sentence() -> None:
    """Nothing is written twice."""
    assert sentence(Reason.TOO_LARGE, Limits(max_upload_bytes=1_500_000)) == (
        "The file is larger than 1.5 MB."
    )
