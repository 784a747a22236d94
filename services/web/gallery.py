"""An album of the gallery as pages and the API show it: photos and the states of uploads."""

import hashlib
import hmac
import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from services.core import keys
from services.core.names import is_from
from services.core.order import Order, id_at, position_in_time, position_of
from services.core.photo import Photo
from services.core.reasons import ENGLISH, Reason
from services.store import Store
from services.store.bucket import TooFarApartError
from services.web.place import Place

State = Literal["waiting", "ready", "stored", "pending", "rejected", "deleted", "unknown"]


@dataclass(frozen=True, slots=True)
class Page:
    """Photos, newest first, and the position after which the next page goes on."""

    photos: tuple[Photo, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What became of an upload; `photo` where it is ready, `reason` where it was rejected.

    What is ready, and not for the caller to see, is stored.
    `held` is the photo that waits for approval, or that is hidden: of that the state is unknown.
    `note` is what its owner wrote who did not publish it.
    `of` is the photo that has the same bytes, where that was the reason and the caller sees it;
    `twin_waits` tells that it waits for approval.
    """

    id: str
    state: State
    photo: Photo | None = None
    held: Photo | None = None
    reason: str = ""
    message: str = ""
    of: str = ""
    twin_waits: bool = False
    note: str = ""


# Of `Screenshot 10.15.30` nothing is an extension.
_PICTURE_ENDING = re.compile(r"\.(jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|hif)$", re.IGNORECASE)


class NotUploaderError(Exception):
    """The delete token is not the one that came with the upload."""


MAX_PAGE_BYTES = 4_000_000
"""Of addresses and text on a page or in a list. Lambda returns at most 6 MB (6,291,556 bytes) with
the response written as JSON, in which quotes and letters beyond ASCII take more room."""


def fitting(page: Page, order: Order, weigh: Callable[[Photo], int]) -> Page:
    """Return as much of the page as Lambda can return; `weigh` is what a photo adds, in bytes.

    With the session token of a role a photo's addresses are eleven thousand bytes long.
    """
    total = 0
    for number, photo in enumerate(page.photos):
        total += weigh(photo)
        if total > MAX_PAGE_BYTES and number:
            return Page(page.photos[:number], position_of(page.photos[number - 1], order))
    return page


class Gallery:
    """Reads and changes one album of the gallery; pages are in `order`.

    `wanted` tells which of its published photos are shown: all where it is None. Then a page is one
    request to S3; else it is up to `services.store.pages.MOST_SCANNED`, and may have few photos, or
    none, and yet a next one.
    """

    def __init__(
        self,
        store: Store,
        album: str,
        wanted: Callable[[Photo], bool] | None = None,
        order: Order = Order.UPLOADED,
    ) -> None:
        self._store = store
        self.album = album
        self.order = order
        self._wanted = wanted
        self._address = store.gallery.urls()

    @classmethod
    def seen_from(
        cls, store: Store, place: Place, by: str = "", order: Order = Order.UPLOADED
    ) -> "Gallery":
        """Return an album as the caller may see it; `by` leaves the photos that a guest sent."""
        seen = None if place.sees_all else place.sees
        if not by or not place.shows_names:
            return cls(store, place.slug, seen, order)
        wanted = lambda p: is_from(p.guest, by) and (seen is None or seen(p))  # noqa: E731 as short as it is
        return cls(store, place.slug, wanted, order)

    def page(self, after: str | None, limit: int) -> Page:
        """Return at most `limit` photos behind a photo's id or position.

        A request more for an id in an album that is ordered by time.
        """
        pages, start = self._store.pages, self._position(after) if after else None
        if self._wanted:
            found = pages.page_where(self.album, start, limit, self._wanted, order=self.order)
        else:
            found = pages.page(self.album, start, limit, order=self.order)
        return Page(tuple(found[0]), found[1])

    def around(self, at: str, limit: int) -> tuple[Page, bool, int]:
        """Return `limit` photos from a photo's id or position on and as many newer ones.

        With whether there are newer yet, and how many of these come before it. The photo itself
        may have been deleted; its place in the order has not.
        """
        position = self._position(at)
        newer, more = self._store.pages.newer(self.album, position, limit, order=self.order)
        page = self.page(position_of(newer[-1], self.order) if newer else None, limit)
        if self._wanted:
            newer = [photo for photo in newer if self._wanted(photo)]
        return Page((*newer, *page.photos), page.next), more, len(newer)

    def count(self, newer_than: str | None, most: int) -> tuple[int | None, int | None]:
        """Return the number of photos, and of those before one; None beyond `most`."""
        start = self._position(newer_than) if newer_than else None
        return self._store.pages.count(self.album, start, most, self._wanted, order=self.order)

    def dates(self) -> list[str]:
        """Return the months, days or hours in which photos were taken; seven requests at most."""
        return self._store.pages.dates(self.album)

    def _position(self, text: str) -> str:
        """Return the position in this album's order that an id, or a position in any, stands for."""
        photo_id = id_at(text)
        if self.order is Order.UPLOADED:
            return photo_id
        if text != photo_id:
            return text
        photo = self._store.gallery.photos(self.album, [photo_id]).get(photo_id)
        # When another's photo was taken is not for whoever may not see it.
        seen = photo is not None and (self._wanted is None or self._wanted(photo))
        return position_of(photo, self.order) if photo and seen else position_in_time(photo_id)

    def statuses(self, photo_ids: Iterable[str]) -> dict[str, Status]:
        """Return what became of each upload; six listings at most where they are neighbours."""
        ids = list(dict.fromkeys(photo_ids))
        # The original goes only after the entry or the verdict stands: read in this order, an
        # upload that ends meanwhile is seen either still waiting or ended, and never as unknown.
        # Whatever is still there wins over a tombstone, so that a delete which was cut short can
        # be repeated.
        waiting = self._store.uploads.present(self.album, ids)
        photos = self._store.gallery.photos(self.album, ids)
        rest = [id_ for id_ in ids if id_ not in photos and id_ not in waiting]
        held = self._store.gallery.photos(self.album, rest, pending=True)
        rest = [id_ for id_ in rest if id_ not in held]
        verdicts = self._store.gallery.verdicts(self.album, rest)
        unended = [id_ for id_ in rest if id_ not in verdicts]
        deleted = self._store.gallery.tombstones(self.album, unended)
        # What was published between the first two listings is in neither of them.
        missed = [id_ for id_ in unended if id_ not in deleted]
        photos |= self._store.gallery.photos(self.album, missed)
        twins, waiting_twins = self._twins(verdicts.values())
        statuses = {}
        for id_ in ids:
            if photo := photos.get(id_):
                seen = self._wanted is None or self._wanted(photo)
                status = Status(id_, "ready", photo) if seen else Status(id_, "stored")
            elif id_ in waiting:
                status = Status(id_, "waiting")
            elif photo := held.get(id_):
                status = Status(id_, "unknown" if photo.hidden else "pending", held=photo)
            else:
                status = _ended(id_, verdicts.get(id_), deleted.get(id_), twins, waiting_twins)
            statuses[id_] = status
        return statuses

    def _twins(self, verdicts: Iterable[dict[str, Any]]) -> tuple[set[str], set[str]]:
        """Return those photos named by verdicts on duplicates that are seen here, and those that wait.

        Of one that is hidden nobody learns by sending it once more; of one that waits for approval
        only what is told of any picture that does.
        """
        named = {str(verdict["of"]) for verdict in verdicts if verdict.get("of")}
        try:
            found = self._store.gallery.photos(self.album, named)
            held = self._store.gallery.photos(self.album, named - set(found), pending=True)
        except TooFarApartError:  # what was sent is told, and not where the other one is
            return set(), set()
        seen = {id_ for id_, one in found.items() if self._wanted is None or self._wanted(one)}
        return seen, {id_ for id_, one in held.items() if not one.hidden}

    def status(self, photo_id: str) -> Status:
        """Return what became of one upload."""
        return self.statuses([photo_id])[photo_id]

    def delete(
        self, photo_id: str, token: str | None, *, browser: str = "", note: str | None = None
    ) -> Status:
        """Delete a photo, an upload that waits or a verdict, and return what it was before.

        Raises NotUploaderError unless `token` is the one that came with the upload, or `browser` the
        one that it came from, or `token` is None, for who may delete anything. `note` rejects it: its
        uploader is told so. Of a photo that is deleted already, what an earlier attempt may have left
        is removed.
        """
        before = Gallery(self._store, self.album).status(photo_id)
        photo = before.photo or before.held
        if before.state == "unknown" and photo is None:
            return before
        record = self._record(before)
        kept = str(record.get("delete_sha256", ""))
        if not _is_uploader(photo, kept, token, browser):
            if before.state in ("deleted", "unknown"):
                return before
            raise NotUploaderError
        if before.held:
            before = replace(before, state="pending")
        # First the tombstone: a resize under way looks for it after it has published.
        tombstone = {"id": photo_id, "delete_sha256": kept}
        if note is not None:
            tombstone |= {"reason": Reason.NOT_APPROVED, "note": note}
        standing = self._store.gallery.put_tombstone(self.album, photo_id, tombstone)
        self._store.gallery.remove(self.album, photo_id)
        if sha256 := record.get("sha256"):
            self._store.hashes.free(self.album, sha256, photo_id)
        self._store.uploads.purge(self.album, photo_id)
        if moved_to := standing.get("moved_to"):  # a move came first: it is deleted there
            Gallery(self._store, moved_to).delete(photo_id, token, browser=browser, note=note)
        return before

    def write_caption(self, photo_id: str, text: str, token: str | None, *, browser: str) -> bool:
        """Write what stands under a photo, and tell whether there is one.

        Raises NotUploaderError as `delete` does.
        """
        gallery = self._store.gallery
        photo = gallery.photos(self.album, [photo_id]).get(photo_id)
        if photo is None:
            return False
        kept = str((gallery.get_json(photo.key()) or {}).get("delete_sha256", ""))
        if not _is_uploader(photo, kept, token, browser):
            raise NotUploaderError
        return gallery.write_caption(self.album, photo_id, text)

    def caption(self, photo: Photo) -> str:
        """Return what stands under a photo; one request to S3."""
        return str((self._store.gallery.get_json(photo.key()) or {}).get("caption", ""))

    def _record(self, status: Status) -> dict[str, Any]:
        """Return what is kept of an upload: manifest, verdict or tombstone."""
        if status.state == "waiting":
            original = self._store.uploads.head(self.album, status.id)
            return {"delete_sha256": original.delete_sha256} if original else {}
        if photo := status.photo or status.held:
            key = photo.key()
        elif status.state == "rejected" and status.reason != Reason.NOT_APPROVED:
            key = keys.verdict_key(self.album, status.id)
        else:
            key = keys.tombstone_key(self.album, status.id)
        return self._store.gallery.get_json(key) or {}

    def bytes_on_page(self, photo: Photo) -> int:
        """Return about how long a photo's tile is: each address, and again those of animations.

        The addresses of a photo are about as long as each other.
        """
        return 2 * len(photo.variants) * len(self.url(photo)) + 2000

    def url(self, photo: Photo) -> str:
        """Return the address of the largest variant."""
        return self._address(photo.largest.key)

    def download_url(self, photo: Photo) -> str:
        """Return the address that saves the largest variant under the photo's name."""
        return self._saved_as(photo, photo.largest.key)

    def original_url(self, photo: Photo) -> str | None:
        """Return the address that saves the original likewise, or None where it is kept no more."""
        kept = self._store.gallery.has_original(photo)
        return self._saved_as(photo, photo.original_key) if kept else None

    def _saved_as(self, photo: Photo, key: str) -> str:
        stem = _PICTURE_ENDING.sub("", photo.name) or photo.id
        return self._store.gallery.download_url(key, f"{stem}.{key.rpartition('.')[2]}")


def _is_uploader(photo: Photo | None, kept: str, token: str | None, browser: str) -> bool:
    """Tell whether the caller may do what the uploader may; `kept` is of the upload's own token."""
    if photo and browser and photo.browser == browser:
        return True
    return token is None or hmac.compare_digest(delete_sha256(token), kept)


def _ended(
    photo_id: str,
    verdict: dict[str, Any] | None,
    tombstone: dict[str, Any] | None,
    twins: Container[str] = (),
    waiting_twins: Container[str] = (),
) -> Status:
    """Return what became of an upload that is neither on its way nor a photo."""
    if verdict:
        of = verdict.get("of", "")
        shown = of if of in twins else ""
        return Status(
            photo_id,
            "rejected",
            reason=verdict["reason"],
            message=verdict["message"],
            of=shown,
            twin_waits=of in waiting_twins,
        )
    if tombstone and tombstone.get("reason") == Reason.NOT_APPROVED:
        reason, note = str(Reason.NOT_APPROVED), str(tombstone.get("note", ""))
        message = ENGLISH[Reason.NOT_APPROVED]
        return Status(photo_id, "rejected", reason=reason, message=message, note=note)
    return Status(photo_id, "unknown" if tombstone is None else "deleted")


def delete_sha256(token: str) -> str:
    """Return what is kept of a delete token: hexadecimal SHA-256. The token itself is not."""
    return hashlib.sha256(token.encode()).hexdigest()
