"""What is written about an upload: the index entry, its manifest, the verdict. Pure."""

import base64
from datetime import UTC, datetime
from typing import Any

from services.core import keys
from services.core.reasons import Reason, sentence
from services.core.settings import Limits
from services.imaging.engine import Picture
from services.store import Original


def index_entry(photo_id: str, original: Original, picture: Picture) -> keys.IndexEntry:
    """Return the entry that lists a published photo."""
    sizes = dict.fromkeys(variant.fit.size for variant in picture.variants)
    stored = tuple(
        keys.StoredSize(
            size,
            tuple(variant.format for variant in picture.variants if variant.fit.size == size),
        )
        for size in sizes
    )
    return keys.IndexEntry(
        id=photo_id,
        width=picture.width,
        height=picture.height,
        thumbhash=picture.thumbhash,
        sizes=stored,
        name=original.name,
        animated=picture.animated,
    )


def manifest(
    entry: keys.IndexEntry, original: Original, upload_bucket: str, picture: Picture
) -> dict[str, Any]:
    """Return the body of an index entry: all that is known of the photo."""
    return {
        "id": entry.id,
        "name": entry.name,
        "width": picture.width,
        "height": picture.height,
        "format": picture.format,
        "frames": picture.frames,
        "color": picture.color,
        "thumbhash": base64.b64encode(picture.thumbhash).decode(),
        "published": datetime.now(UTC).isoformat(),
        "delete_sha256": original.delete_sha256,
        "source": _source(original, upload_bucket),
        "variants": [
            {
                "key": keys.variant_key(entry.id, variant.fit.size, variant.format),
                "size": variant.fit.size,
                "width": variant.fit.width,
                "height": variant.fit.height,
                "type": variant.format.content_type,
                "bytes": len(variant.data),
            }
            for variant in picture.variants
        ],
    }


def verdict(
    photo_id: str, original: Original, upload_bucket: str, reason: Reason, limits: Limits
) -> dict[str, Any]:
    """Return what is kept of a rejected upload: the stable reason and a sentence for a person."""
    return {
        "id": photo_id,
        "name": original.name,
        "reason": reason,
        "message": sentence(reason, limits),
        "rejected": datetime.now(UTC).isoformat(),
        "delete_sha256": original.delete_sha256,
        "source": _source(original, upload_bucket),
    }


def _source(original: Original, upload_bucket: str) -> dict[str, Any]:
    return {
        "bucket": upload_bucket,
        "key": original.key,
        "version": original.version,
        "bytes": original.size,
        "uploaded": original.modified.isoformat(),
    }
