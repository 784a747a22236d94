"""Which photo of an album has which bytes: one object a hash, in albums that take each picture once.

A photo claims its hash when its entry stands, so a hash whose photo is gone is taken over, and of two
that are published at once exactly one keeps it.
"""

from typing import Any

from services.core.keys import hash_key
from services.store.gallery import GalleryBucket


class Hashes:
    """The objects under `hashes/<album>/<sha256>`, each with a photo's id."""

    def __init__(self, gallery: GalleryBucket) -> None:
        self._gallery = gallery

    def twin(self, album: str, sha256: str, photo_id: str) -> str | None:
        """Return the id of another photo that stands in an album and has these bytes."""
        held = self._gallery.get_json(hash_key(album, sha256))
        return self._other(album, held, photo_id)

    def claim(self, album: str, sha256: str, photo_id: str) -> str | None:
        """Give a hash to a photo whose entry stands; return the other photo that has it instead."""
        key, mine = hash_key(album, sha256), {"id": photo_id}
        while not self._gallery.put_json(key, mine, IfNoneMatch="*"):
            record = self._gallery.get_record(key)
            if record is None:  # freed meanwhile
                continue
            held, version = record
            if other := self._other(album, held, photo_id):
                return other
            if held == mine or self._gallery.put_json(key, mine, IfMatch=version):
                break
        return None

    def free(self, album: str, sha256: str, photo_id: str) -> None:
        """Let go of the hash of a photo that is gone, unless another one has taken it over."""
        record = self._gallery.get_record(hash_key(album, sha256))
        if record and record[0] == {"id": photo_id}:
            self._gallery.drop_unchanged(hash_key(album, sha256), record[1])

    def move(self, manifest: dict[str, Any], album: str, target: str) -> None:
        """Take the hash of a photo along to another album, where it is free there."""
        if sha256 := manifest.get("sha256"):
            self._gallery.put_json(
                hash_key(target, sha256), {"id": manifest["id"]}, IfNoneMatch="*"
            )
            self.free(album, sha256, manifest["id"])

    def _other(self, album: str, held: dict[str, Any] | None, photo_id: str) -> str | None:
        other = str(held["id"]) if held else photo_id
        if other == photo_id:
            return None
        # The published ones are looked at twice: meanwhile a hidden one may be shown again.
        stands = any(
            self._gallery.entry_keys(album, other, pending=pending)
            for pending in (False, True, False)
        )
        return other if stands else None
