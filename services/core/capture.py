"""When a photo was taken, as its camera's clock showed. Pure.

A moment with a zone where the camera noted its offset from UTC, and without one where it did not.
Photos are put in order by what the clock showed: at one event all clocks show the same time, and
most cameras know no zone.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

EARLIEST_YEAR = 1826  # of the oldest photograph that is kept
_LATEST = timedelta(days=1)  # clocks are wrong, and are ahead of UTC by up to 14 hours
_MOST_OFFSET = 15 * 60  # minutes; the widest in use are -12 and +14 hours

NINES = str.maketrans("0123456789", "9876543210")
MOST_SHIFT = 99_999_999  # minutes that a clock may be put right by: 190 years
PATTERN = r"\d{17}(?:z-?\d{1,3})?"
_WRITTEN = re.compile(r"(\d{14})(\d{3})(?:z(-?\d{1,3}))?", re.ASCII)


def is_possible(moment: datetime, now: datetime) -> bool:
    """Tell whether a photo may have been taken then; one without a zone is read as UTC."""
    ahead = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    return moment.year >= EARLIEST_YEAR and ahead <= _LATEST


def put_right(moment: datetime, minutes: int) -> datetime:
    """Return a moment so many minutes later; itself where that is no year that a photo can be of."""
    try:
        right = moment + timedelta(minutes=minutes)
    except OverflowError:
        return moment
    return right if right.year >= EARLIEST_YEAR else moment


def zone_of(minutes: int) -> timezone | None:
    """Return the zone that is `minutes` east of UTC, or None for more than there are."""
    return timezone(timedelta(minutes=minutes)) if abs(minutes) <= _MOST_OFFSET else None


def shown(moment: datetime) -> datetime:
    """Return what the clock showed: the moment without its zone."""
    return moment.replace(tzinfo=None)


def digits(moment: datetime) -> str:
    """Return what the clock showed as 17 digits, from the year to the millisecond."""
    return f"{moment.year:04}{moment:%m%d%H%M%S}{moment.microsecond // 1000:03}"


def latest_first(moment: datetime) -> str:
    """Return `digits`, each subtracted from nine: text that sorts the latest moment first."""
    return digits(moment).translate(NINES)


def written(moment: datetime | None) -> str:
    """Return a moment as an index entry has it: `20260715183000000z120`, minutes east of UTC last."""
    if moment is None:
        return ""
    offset = moment.utcoffset()
    return digits(moment) + ("" if offset is None else f"z{offset // timedelta(minutes=1)}")


def read(text: str) -> datetime | None:
    """Return the moment that `written` wrote, or None for none."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S")  # noqa: DTZ007 the zone may be unknown
    except ValueError:
        return None
    moment = moment.replace(microsecond=int(match[2]) * 1000)
    if match[3] is None:
        return moment
    zone = zone_of(int(match[3]))
    return moment.replace(tzinfo=zone) if zone else None
