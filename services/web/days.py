"""How templates show when photos were taken: Jinja filters for moments, days and dates."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from services.core.photo import Photo


def day(photo: Photo) -> str:
    """Return the day on which it stands in an album that is ordered by time, as ISO 8601."""
    return photo.clock.date().isoformat()


@pass_context
def date_words(context: Context, date: str) -> str:
    """Return a month, a day or an hour, such as 2026-07, 2026-07-15 or 2026-07-15T18, in words."""
    strings = context["t"]
    year, month, *rest = date.split("-")
    named = strings("date.months").split()[int(month) - 1] if 1 <= int(month) <= 12 else month
    if not rest:
        return str(strings("date.month", year=int(year), month=named))
    number, _, hour = rest[0].partition("T")
    words = str(strings("date.day", year=int(year), month=named, day=int(number)))
    return str(strings("date.time", day=words, time=f"{hour}:00")) if hour else words


def iso_taken(moment: datetime | None) -> str | None:
    """Return when a photo was taken as ISO 8601, to the millisecond, with an offset if it has one."""
    return moment.isoformat(timespec="milliseconds") if moment else None


@pass_context
def taken_words(context: Context, moment: datetime) -> str:
    """Return when a photo was taken in words; the zone is shown, or that it is not known."""
    known = "" if moment.tzinfo is None else f" {moment:%z}"
    strings, words = context["t"], date_words(context, moment.date().isoformat())
    time = f"{moment:%H:%M}" + (f"{known[:4]}:{known[4:]}" if known else "")
    text = strings("date.time", day=words, time=time)
    return str(strings("photo.taken" if known else "photo.taken_no_zone", moment=text))


FILTERS: dict[str, Callable[..., Any]] = {
    filter_.__name__: filter_ for filter_ in (day, date_words, iso_taken, taken_words)
}
