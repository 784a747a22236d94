"""The pages of the index, in either order: where photos stand, and which are before and after."""

from collections.abc import Callable
from math import isqrt
from typing import Any

from services.core import keys
from services.core.order import (
    ONE_MINUTE,
    Order,
    behind,
    day_of_key,
    key_at,
    number_of,
    position_at,
    position_in,
    position_of,
    prefix_of,
)
from services.core.photo import Photo
from services.store.bucket import Bucket
from services.store.index import photos_in

MOST_SCANNED = 10  # listings of a thousand photos that looking for a few of them may take
_GUESSES = 40  # more than it takes to find a listing's worth among all the photos of all years
_MOST_LISTINGS_OF_MONTHS = 3  # there were 2,400 of them since photography began


class Pages:
    """Reads the index in pages, by when photos were uploaded or taken."""

    def __init__(self, gallery: Bucket) -> None:
        self._gallery = gallery

    def page(
        self,
        album: str,
        after: str | None,
        limit: int,
        *,
        pending: bool = False,
        order: Order = Order.UPLOADED,
        twice: bool = False,
    ) -> tuple[list[Photo], str | None]:
        """Return at most `limit` photos, newest first, and the position of the next page, if any.

        One request to S3, whatever the number of photos. `after` is a position in that order.
        With `twice`, a photo that has two entries is there twice.
        """
        prefix = f"{keys.PENDING_PREFIX}{album}/" if pending else prefix_of(order, album)
        start = key_at(order, album, after).removeprefix(prefix_of(order, album)) if after else ""
        response = self._gallery.listing(
            prefix,
            MaxKeys=limit,
            # "0" is the byte after "/", so this comes after all entries of that photo.
            StartAfter=f"{prefix}{start}0" if after else prefix,
        )
        listed = [item["Key"] for item in response.get("Contents", [])]
        # Reprocessing writes a photo's new entry before it removes the old one: one is shown.
        photos = {p.key() if twice else p.id: p for p in photos_in(listed)}
        more = response.get("IsTruncated") and listed
        return list(photos.values()), position_in(order, listed[-1]) if more else None

    def newer(
        self, album: str, position: str, limit: int, *, order: Order = Order.UPLOADED
    ) -> tuple[list[Photo], bool]:
        """Return the at most `limit` photos just before a position, newest first, and if there are more.

        S3 lists forwards only. But positions are times, so a listing may begin at a guess: with the
        newest photo, and where a thousand photos do not reach, at positions between, found by bisection.
        """
        prefix = prefix_of(order, album)
        here, at = key_at(order, album, position), number_of(order, position)
        start, few, many = prefix, 0, None
        window = ONE_MINUTE[order]
        for _ in range(_GUESSES):
            listed = self._gallery.listing(prefix, StartAfter=start)
            found = [item["Key"] for item in listed.get("Contents", [])]
            newer = [key for key in found if key < here]
            reached = len(newer) < len(found) or not listed.get("IsTruncated")
            if reached and (len(newer) >= limit or start == prefix):
                photos = list({photo.id: photo for photo in photos_in(newer)}.values())
                return photos[-limit:], len(photos) > limit or start != prefix
            if start != prefix:
                few, many = (window, many) if reached else (few, window)
                window = _between(few, many) if many else window << 6
            start = key_at(order, album, position_at(order, at - window))
        return [], True

    def count(
        self,
        album: str,
        newer_than: str | None,
        most: int,
        wanted: Callable[[Photo], bool] | None = None,
        *,
        order: Order = Order.UPLOADED,
    ) -> tuple[int | None, int | None]:
        """Return how many photos an album has, or of those wanted, and how many are before a position.

        None stands for a number that is larger than `most`; a request to S3 for each thousand.
        """
        counted, unwanted, newer, last = 0, 0, 0, ""
        for item in self._gallery.objects(prefix_of(order, album)):
            position = position_in(order, item["Key"])
            if position == last:  # a second entry, while a photo is being reprocessed
                continue
            if counted == most:
                return None, None if last < (newer_than or "") else newer
            counted, last = counted + 1, position
            if wanted and not any(wanted(photo) for photo in photos_in([item["Key"]])):
                unwanted += 1
                continue
            newer += position < (newer_than or "")
        return counted - unwanted, newer

    def page_where(
        self,
        album: str,
        after: str | None,
        limit: int,
        wanted: Callable[[Photo], bool],
        *,
        pending: bool = False,
        order: Order = Order.UPLOADED,
    ) -> tuple[list[Photo], str | None]:
        """Return the first `limit` photos that are wanted, and the position behind which to go on.

        At most MOST_SCANNED listings of a thousand photos: where few are wanted there may be fewer
        than `limit`, or none, and still a position. It tells no id of a photo that is not wanted.
        """
        found: list[Photo] = []
        for _ in range(MOST_SCANNED):
            photos, after = self.page(album, after, 1000, pending=pending, order=order)
            found += [photo for photo in photos if wanted(photo)]
            if len(found) > limit or (len(found) == limit and after):
                return found[:limit], position_of(found[limit - 1], order)
            if after is None:
                break
        return found, after and behind(order, after)

    def dates(self, album: str) -> list[str]:
        """Return when an album's photos were taken, the latest first: months, such as 2026-07.

        Where these are few, their days, such as 2026-07-15, and where those are few, their hours,
        such as 2026-07-15T18. At most seven requests to S3, however many photos there are.
        """
        months = self._folders(prefix_of(Order.TAKEN, album))
        days = [day for month in months for day in self._folders(month)] if _few(months) else months
        hours = [hour for day in days for hour in self._folders(day)] if _few(days) else days
        return [day_of_key(folder) for folder in hours]

    def _folders(self, prefix: str) -> list[str]:
        """Return what lies directly below a prefix and ends in a slash, of three listings at most."""
        found: list[str] = []
        token: dict[str, Any] = {}
        for _ in range(_MOST_LISTINGS_OF_MONTHS):
            response = self._gallery.listing(prefix, Delimiter="/", **token)
            found += [item["Prefix"] for item in response.get("CommonPrefixes", [])]
            if not response.get("IsTruncated"):
                break
            token = {"ContinuationToken": response["NextContinuationToken"]}
        return found


def _few(folders: list[str]) -> bool:
    """Tell whether a request for each is worth its price."""
    return len(folders) <= _MOST_LISTINGS_OF_MONTHS


def _between(few: int, many: int) -> int:
    """Return a window between two: of orders of magnitude the middle one, so that it is found soon."""
    if not few:
        return many >> 12
    return isqrt(few * many) if many > 4 * few else (few + many) // 2
