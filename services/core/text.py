"""What people write: names, titles, captions. Pure."""

import re
import unicodedata

# Of characters that show nothing, those that join and part letters and emoji stay.
JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's controls, formats, surrogates, separators
# Letters and a symbol by their category that nevertheless show nothing: Hangul fillers, empty braille.
_EMPTY = "\u115f\u1160\u3164\uffa0\u2800"
# The flags of England, Scotland and Wales: a black flag and unseen letters that name it. Any other
# letters there would be a text that nobody sees. Source: UTS 51, RGI emoji tag sequences.
_NAMED = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in part) for part in ("gbeng", "gbsct", "gbwls")
)
_FLAG = re.compile(f"(\U0001f3f4(?:{_NAMED})\U000e007f)")
_MARKS = {"Mn", "Me", "Zs"}  # show nothing alone: accents, variation selectors, spaces


def without_unseen(text: str, *, keep: str = "") -> str:
    """Return a text without characters that show nothing or turn its direction; a tab is a space.

    Lone surrogates, which cannot be written as UTF-8, go too. A text of which nothing can be seen is
    empty.
    """
    seen = "".join(
        character
        for part in _FLAG.split(text.replace("\t", " "))
        for character in part
        if character in JOINERS + keep
        or unicodedata.category(character) not in _UNSEEN
        or _FLAG.fullmatch(part)
    )
    return seen if any(_shows(character) for character in seen) else ""


def _shows(character: str) -> bool:
    hidden = character in JOINERS or character in _EMPTY or character.isspace()
    return not hidden and unicodedata.category(character) not in _MARKS
