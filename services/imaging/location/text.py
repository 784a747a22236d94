"""Free text, such as captions and comments: it may stay where it names no place."""

import re

# Dozens of vocabularies have places, and XMP's namespaces may have any prefix; so words decide.
PLACE = re.compile(
    rb"gps|geo|latitude|longitude|location|city|country|state|province|place|address|venue",
    re.IGNORECASE,
)
_COORDINATE = re.compile(
    rb"\d[.,]\d{4}|\d ?\xc2?\xb0"
)  # to ten metres, or with the sign for degrees


def names_a_place(said: bytes) -> bool:
    """Tell whether a text in ASCII, UTF-8, Latin-1 or UTF-16 has a word for places, or coordinates."""
    plain = said.replace(b"\0", b"")
    return bool(PLACE.search(plain) or _COORDINATE.search(plain))
