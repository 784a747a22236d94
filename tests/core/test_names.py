"""Guests' names, in every script."""

import pytest

from services.core.keys import MAX_GUEST_BYTES, bounded_guest
from services.core.names import is_from


@pytest.mark.parametrize(
    ("guest", "wanted", "expected"),
    [
        ("Tante Käthe", "käthe", True),
        ("Tante Ka\u0308the", "KÄTHE", True),  # composed in another way
        ("STRASSER", "straßer", True),
        ("李雷", "李", True),
        ("\uff21\uff4e\uff4e\uff41", "anna", True),  # full width
        ("Anna", "Ben", False),
        ("", "", False),
        ("", "Anna", False),
    ],
)
def test_a_name_is_found_however_it_is_written(guest: str, wanted: str, *, expected: bool) -> None:
    """Without case, width and the way its letters are composed."""
    assert is_from(guest, wanted) is expected


def test_a_name_is_bounded() -> None:
    """At a whole letter; what shows nothing, or turns the direction, is left out."""
    assert bounded_guest("李" * 30) == "李" * (MAX_GUEST_BYTES // 3)
    assert bounded_guest(" Anna\u202e/Ben\n ") == "Anna/Ben"
