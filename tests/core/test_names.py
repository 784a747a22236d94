"""Guests' names, in every script."""

import pytest

from services.core.keys import MAX_GUEST_BYTES, bounded_guest
from services.core.names import is_from

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("guest", "wanted", "expected"),
    [
        ("Tante Käthe", "käthe", True),
        ("Tante Ka\u0308the", "KÄTHE", True),  # composed in another way
        ("STRASSER", "straßer", True),
        ("李雷", "李", True),
        ("\uff21\uff4e\uff4e\uff41", "anna", True),  # full width
        ("An\u200dna", "Anna", True),  # looks the same
        (
            "\u0646\u06cc\u200c\u0644\u0627",
            "\u0646\u06cc\u0644\u0627",
            True,
        ),  # Persian, with and without its half space
        ("Mia \u2764\ufe0f", "mia \u2764", True),
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
    assert (
        bounded_guest("x" * (MAX_GUEST_BYTES - 12) + SCOTLAND)
        == "x" * (MAX_GUEST_BYTES - 12) + "\U0001f3f4"
    )
    assert bounded_guest("Anna" + SCOTLAND[1:]) == "Anna"  # letters that name no flag
    unseen = "".join(chr(0xE0000 + ord(letter)) for letter in "delete")
    assert bounded_guest(f"Anna \U0001f3f4{unseen}\U000e007f") == "Anna \U0001f3f4"


@pytest.mark.parametrize(
    "name",
    ["\u3164", "\u115f\u1160", "\uffa0 \u3164", "\u2800", "\u200b", "\u200d\u200c", "\ufe0f", "\u034f", "\u00a0", "\u0301"],
)  # fmt: skip
def test_a_name_that_nobody_can_see_is_none(name: str) -> None:
    """Fillers, an empty braille cell, joiners, selectors and accents without a letter, spaces."""
    assert bounded_guest(name) == ""


@pytest.mark.parametrize(
    "name", [f"Isla {SCOTLAND}", "\u7530\u4e2d\u3000\u82b1\u5b50", "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f469", "e\u0301", "\u0646\u06cc\u200c\u0644\u0627"]
)  # fmt: skip
def test_a_name_keeps_what_its_script_writes(name: str) -> None:
    """Flags, wide spaces, emoji that are joined, accents, half spaces."""
    assert bounded_guest(name) == name
