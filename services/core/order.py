"""The orders that an album's photos can have, and where in one a photo stands. Pure.

    index/<album>/<id>/<entry>                                 the newest upload first
    taken/<album>/<year, month>/<day>/<hour>/<rest><id>/<entry>    the latest picture first

The second has the same entries by what the cameras' clocks showed: 17 digits, each subtracted from
nine, so that the latest sorts first; cut, so that a listing with a delimiter finds the months, days
and hours that have photos. A photo that does not say when it was taken stands where its upload was.

A position is a photo id, or these digits and the id: where a listing goes on.
"""

import re
from enum import StrEnum

from services.core import capture, keys
from services.core.photo import Photo


class Order(StrEnum):
    """What an album's photos are put in order by; the newest first."""

    UPLOADED = "uploaded"
    TAKEN = "taken"


POSITION_PATTERN = rf"(?:\d{{17}})?{keys.PHOTO_ID_PATTERN}"
_POSITION = re.compile(POSITION_PATTERN, re.ASCII)
_ID_LENGTH = 26
_CLOCK_DIGITS = 17  # from the year to the millisecond
_MOST_DIGITS = 10**_CLOCK_DIGITS - 1
# Positions as numbers: 130 bits of the id, which begins with 48 of milliseconds, below the digits.
_BITS_OF_ID = 130
ONE_MINUTE = {Order.UPLOADED: 60_000 << 80, Order.TAKEN: 100_000 << _BITS_OF_ID}

_DAY = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d))?)?", re.ASCII)
_BEFORE_ALL_IDS = "7" + "0" * (_ID_LENGTH - 1)


def is_position(text: str) -> bool:
    """Tell whether `text` has the form of a position in either order."""
    return _POSITION.fullmatch(text) is not None


def id_at(position: str) -> str:
    """Return the id of the photo at a position."""
    return position[-_ID_LENGTH:]


def position_of(photo: Photo, order: Order) -> str:
    """Return where a photo stands."""
    return photo.id if order is Order.UPLOADED else photo.taken_position


def position_in_time(photo_id: str) -> str:
    """Return where a photo stands by when it was taken if all that is known is its id."""
    return capture.latest_first(keys.uploaded_at(photo_id)) + photo_id


def position_on(day: str) -> str | None:
    """Return the position before the latest photo of a year and month, a day or an hour.

    `day` is such as 2026-07, 2026-07-15 or 2026-07-15T18; None for anything else.
    """
    match = _DAY.fullmatch(day)
    if match is None:
        return None
    given = "".join(part for part in match.groups() if part)
    # Digits are compared and nothing else, so every month may end with day 99.
    return (given + "9" * (_CLOCK_DIGITS - len(given))).translate(capture.NINES) + _BEFORE_ALL_IDS


def prefix_of(order: Order, album: str) -> str:
    """Return what the keys of an album's entries begin with in an order."""
    return f"{keys.INDEX_PREFIX if order is Order.UPLOADED else keys.TAKEN_PREFIX}{album}/"


def key_at(order: Order, album: str, position: str) -> str:
    """Return the key that those of the entries at a position begin with, without a slash."""
    if order is Order.UPLOADED:
        return prefix_of(order, album) + id_at(position)
    return prefix_of(order, album) + keys.taken_path(position)


def position_in(order: Order, key: str) -> str:
    """Return the position of an entry from its key."""
    parts = key.split("/")
    return parts[2] if order is Order.UPLOADED else "".join(parts[2:6])


def number_of(order: Order, position: str) -> int:
    """Return a position as a number; what comes first is smaller."""
    number = keys.number_of_id(id_at(position))
    if order is Order.TAKEN:
        number |= int(position[:-_ID_LENGTH]) << _BITS_OF_ID
    return number


def position_at(order: Order, number: int) -> str:
    """Return the position that `number_of` made a number of, or is nearest to it."""
    number = max(0, number)
    digits, rest = number >> _BITS_OF_ID, number & (1 << _BITS_OF_ID) - 1
    if order is Order.UPLOADED:
        return keys.id_of_number(rest)
    return f"{min(digits, _MOST_DIGITS):017}{keys.id_of_number(rest)}"


def behind(order: Order, position: str) -> str:
    """Return a position that no photo has, right behind one, which does not tell that one's id.

    Of the 80 random bits of the id 60 become ones; two photos of one millisecond have the other 20 alike
    once in a million.
    """
    return position_at(order, number_of(order, position) | (1 << 60) - 1)


def day_of_key(key: str) -> str:
    """Return the month, day or hour that the beginning of a key under `taken/` stands for.

    Written as `position_on` takes it.
    """
    digits = "".join(key.split("/")[2:5]).translate(capture.NINES)
    parts = (digits[:4], digits[4:6], digits[6:8])
    return "-".join(part for part in parts if part) + (f"T{digits[8:]}" if digits[8:] else "")
