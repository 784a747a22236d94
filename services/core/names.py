"""Names of guests, and whether a photo is from somebody. Pure."""

import unicodedata


def folded(name: str) -> str:
    """Return a name as it is compared: without case, width and the way its letters are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def is_from(guest: str, wanted: str) -> bool:
    """Tell whether a guest's name has the wanted one in it; no name at all is nobody's."""
    return bool(guest) and folded(wanted) in folded(guest)
