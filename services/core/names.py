"""Names of guests, and whether a photo is from somebody. Pure."""

import re
import unicodedata

from services.core.text import JOINERS

_UNSEEN = re.compile(f"[{JOINERS}\ufe00-\ufe0f]")


def folded(name: str) -> str:
    """Return a name as it is compared: without case, width and the way its letters are composed.

    And without what shows nothing: joiners, and the selectors of an emoji's colour.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", name))
    return unicodedata.normalize("NFKC", plain.casefold()).strip()


def is_from(guest: str, wanted: str) -> bool:
    """Tell whether a guest's name has the wanted one in it; no name at all is nobody's."""
    return bool(guest) and folded(wanted) in folded(guest)
