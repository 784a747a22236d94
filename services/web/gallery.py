"""An album of the gallery as pages and the API show it: photos and the states of uploads."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from services.core import keys
from services.core.photo import Photo
from services.store import Store

State = Literal["waiting", "ready", "rejected", "deleted", "unknown"]


@dataclass(frozen=True, slots=True)
class Page:
    """Photos, newest first, and the id after which the next page goes on."""

    photos: tuple[Photo, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What became of an upload; `photo` where it is ready, `reason` where it was rejected.

    `of` is the photo that has the same bytes, where that was the reason.
    """

    id: str
    state: State
    photo: Photo | None = None
    reason: str = ""
    message: str = ""
    of: str = ""


# Of `Screenshot 10.15.30` nothing is an extension.
_PICTURE_ENDING = re.compile(r"\.(jpe?g|jpe|jfif|a?png|gif|webp|avif|hei[cf]|hif)$", re.IGNORECASE)


class NotUploaderError(Exception):
    """The delete token is not the one that came with the upload."""


MAX_PAGE_BYTES = 4_000_000
"""Of addresses and text on a page or in a list. Lambda returns at most 6 MB (6,291,556 bytes) with
the response written as JSON, in which quotes and letters beyond ASCII take more room."""


def fitting(page: Page, weigh: Callable[[Photo], int]) -> Page:
    """Return as much of the page as Lambda can return; `weigh` is what a photo adds, in bytes.

    With the session token of a role a photo's addresses are eleven thousand bytes long.
    """
    total = 0
    for number, photo in enumerate(page.photos):
        total += weigh(photo)
        if total > MAX_PAGE_BYTES and number:
            return Page(page.photos[:number], page.photos[number - 1].id)
    return page


class Gallery:
    """Reads and changes one album of the gallery."""

    def __init__(self, store: Store, album: str) -> None:
        self._store = store
        self.album = album

    def page(self, after: str | None, limit: int) -> Page:
        """Return at most `limit` photos older than the photo id `after`; one request to S3."""
        photos, following = self._store.gallery.page(self.album, after, limit)
        return Page(tuple(photos), following)

    def around(self, photo_id: str, limit: int) -> tuple[Page, bool]:
        """Return `limit` photos from one on and as many newer ones, and whether there are newer yet.

        The photo itself may have been deleted; its place in the order has not.
        """
        newer, more = self._store.gallery.newer(self.album, photo_id, limit)
        page = self.page(newer[-1].id if newer else None, limit)
        return Page((*newer, *page.photos), page.next), more

    def count(self, newer_than: str | None, most: int) -> tuple[int | None, int | None]:
        """Return the number of photos, and of those newer than one; None beyond `most`."""
        return self._store.gallery.count(self.album, newer_than, most)

    def statuses(self, photo_ids: Iterable[str]) -> dict[str, Status]:
        """Return what became of each upload; four listings at most where they are neighbours."""
        ids = list(dict.fromkeys(photo_ids))
        # The original goes only after the entry or the verdict stands: read in this order, an
        # upload that ends meanwhile is seen either still waiting or ended, and never as unknown.
        # Whatever is still there wins over a tombstone, so that a delete which was cut short can
        # be repeated.
        waiting = self._store.uploads.present(self.album, ids)
        photos = self._store.gallery.photos(self.album, ids)
        rest = [id_ for id_ in ids if id_ not in photos and id_ not in waiting]
        verdicts = self._store.gallery.verdicts(self.album, rest)
        unended = [id_ for id_ in rest if id_ not in verdicts]
        deleted = self._store.gallery.deleted(self.album, unended)
        statuses = {}
        for id_ in ids:
            if id_ in photos:
                status = Status(id_, "ready", photos[id_])
            elif id_ in waiting:
                status = Status(id_, "waiting")
            elif verdict := verdicts.get(id_):
                reason, message, of = verdict["reason"], verdict["message"], verdict.get("of", "")
                status = Status(id_, "rejected", reason=reason, message=message, of=of)
            else:
                status = Status(id_, "deleted" if id_ in deleted else "unknown")
            statuses[id_] = status
        return statuses

    def status(self, photo_id: str) -> Status:
        """Return what became of one upload."""
        return self.statuses([photo_id])[photo_id]

    def delete(self, photo_id: str, token: str | None) -> Status:
        """Delete a photo, an upload that waits or a verdict, and return what it was before.

        Raises NotUploaderError unless `token` is the one that came with the upload, or None, for who
        may delete anything. Of a photo that is deleted already, what an earlier attempt may have
        left is removed.
        """
        before = self.status(photo_id)
        if before.state == "unknown" and token is None:
            hidden = self._store.gallery.photos(self.album, [photo_id], pending=True)
            before = Status(photo_id, "ready", hidden[photo_id]) if hidden else before
        if before.state == "unknown":
            return before
        record = self._record(before)
        kept = str(record.get("delete_sha256", ""))
        if token is not None and not hmac.compare_digest(delete_sha256(token), kept):
            if before.state == "deleted":
                return before
            raise NotUploaderError
        # First the tombstone: a resize under way looks for it after it has published.
        tombstone = {"id": photo_id, "delete_sha256": kept}
        standing = self._store.gallery.put_tombstone(self.album, photo_id, tombstone)
        self._store.gallery.remove(self.album, photo_id)
        if sha256 := record.get("sha256"):
            self._store.hashes.free(self.album, sha256, photo_id)
        self._store.uploads.purge(self.album, photo_id)
        if moved_to := standing.get("moved_to"):  # a move came first: it is deleted there
            Gallery(self._store, moved_to).delete(photo_id, token)
        return before

    def _record(self, status: Status) -> dict[str, Any]:
        """Return what is kept of an upload: manifest, verdict or tombstone."""
        if status.state == "waiting":
            original = self._store.uploads.head(self.album, status.id)
            return {"delete_sha256": original.delete_sha256} if original else {}
        if status.photo:
            key = status.photo.key()
        elif status.state == "rejected":
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
        return self._store.gallery.url(photo.largest.key)

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


def delete_sha256(token: str) -> str:
    """Return what is kept of a delete token: hexadecimal SHA-256. The token itself is not."""
    return hashlib.sha256(token.encode()).hexdigest()
