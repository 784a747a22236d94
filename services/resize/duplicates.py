"""The steps by which an album takes the same bytes only once, where it wants that.

The second upload ends with a verdict that names the photo which stands, and its bytes are removed. It
is looked for before anything is decoded; and since two may be under way at once, each claims its hash
once its entry stands, and the one that does not get it goes again.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from services.core import keys
from services.core.albums import Album
from services.core.photo import Photo
from services.core.reasons import Reason, sentence
from services.core.rejected import Rejected
from services.core.settings import Settings
from services.resize.records import verdict
from services.store import Attempt, Original, Store


def digest_of(album: Album, upload: Original) -> dict[str, str]:
    """Return what a manifest says of an upload's bytes: hexadecimal SHA-256, where it is asked for.

    Where guests see only their own photos it is of the browser, too: otherwise whoever has a picture
    could find out by sending it whether somebody else sent it before.
    """
    if not album.one_of_each or upload.data is None:
        return {}
    digest = hashlib.sha256(f"{upload.browser}\0".encode() if album.drop else b"")
    digest.update(upload.data)
    return {"sha256": digest.hexdigest()}


def is_duplicate(
    digest: dict[str, str], attempt: Attempt, upload: Original, store: Store, settings: Settings
) -> bool:
    """Tell whether another photo with these bytes stands, having written the verdict that says so."""
    album, photo_id = attempt.album, attempt.photo_id
    twin = store.hashes.twin(album, digest["sha256"], photo_id) if digest else None
    if twin is None:
        return False
    refusal = Rejected(Reason.DUPLICATE)
    record = verdict(album, photo_id, upload, store.uploads.name, refusal, settings)
    _end(record, twin, store)
    return True


def yields_to_twin(photo: Photo, record: dict[str, Any], store: Store, settings: Settings) -> bool:
    """Tell whether a photo that was just published was removed because another one has its bytes.

    `record` is its manifest. The upload is still there, so whatever ends this is made good.
    """
    sha256 = record.get("sha256")
    twin = store.hashes.claim(photo.album, sha256, photo.id) if sha256 else None
    if twin is None:
        return False
    store.gallery.remove(photo.album, photo.id)
    kept = ("id", "album", "name", "delete_sha256", "guest", "source")
    said = {
        **{name: record[name] for name in kept},
        "reason": Reason.DUPLICATE,
        "message": sentence(Reason.DUPLICATE, settings),
        "rejected": datetime.now(UTC).isoformat(),
    }
    _end(said, twin, store)
    return True


def _end(record: dict[str, Any], twin: str, store: Store) -> None:
    """Write the verdict, and what counts the upload for the day's budget though nothing is kept of it."""
    album, photo_id = record["album"], record["id"]
    marker = keys.quarantine_prefix(album, photo_id) + Reason.DUPLICATE
    store.uploads.put_json(marker, {})
    store.gallery.put_json(keys.verdict_key(album, photo_id), record | {"of": twin})
