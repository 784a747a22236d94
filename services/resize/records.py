"""What is written about an upload: the photo's entry, its manifest, the verdict. Pure."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from services.core.albums import Album
from services.core.photo import Photo, Variant, stored_variants
from services.core.reasons import sentence
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging import Picture
from services.store import Original


def photo_of(album: Album, photo_id: str, original: Original, picture: Picture) -> Photo:
    """Return the photo that an upload becomes."""
    by_size = groupby(picture.variants, lambda variant: variant.fit)
    stored = [(fit, [variant.format for variant in same]) for fit, same in by_size]
    pending = album.approval and not original.approved
    private = pending or not album.is_public
    photo = Photo(
        album=album.slug,
        id=photo_id,
        width=picture.width,
        height=picture.height,
        thumbhash=picture.thumbhash,
        variants=stored_variants(album.slug, photo_id, stored, private=private),
        name=original.name,
        animated=picture.animated,
        private=private,
        pending=pending,
        uploader=original.uploader,
        guest=original.guest,
        browser=original.browser,
        stored_bytes=sum(len(variant.data) for variant in picture.variants),
        camera=picture.taken,
    )
    shift = album.shift_of(photo.sender) if photo.camera else None
    return replace(photo, shift=shift or 0)


def manifest(
    photo: Photo, original: Original, upload_bucket: str, picture: Picture, not_kept: str
) -> dict[str, Any]:
    """Return the body of an index entry: all that is known of the photo.

    `not_kept` is why its album, which keeps originals, has none of it.
    """
    sizes = {
        stored.key: len(made.data)
        for stored, made in zip(photo.variants, picture.variants, strict=True)
    }
    return {
        "id": photo.id,
        "album": photo.album,
        "name": photo.name,
        "width": picture.width,
        "height": picture.height,
        "format": picture.format,
        "frames": picture.frames,
        "thumbhash": base64.b64encode(picture.thumbhash).decode(),
        "taken": photo.taken.isoformat() if photo.taken else None,
        "published": datetime.now(UTC).isoformat(),
        "delete_sha256": original.delete_sha256,
        "guest": original.guest,
        "uploader": original.uploader,
        "source": _source(original, upload_bucket),
        "original": asdict(photo.original) if photo.original else None,
        "original_not_kept": not_kept,
        "variants": variant_records(photo.variants, sizes),
    }


def variant_records(
    variants: tuple[Variant, ...], bytes_of: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return what a manifest says of each variant; `bytes_of` maps key → bytes."""
    return [
        {
            "key": variant.key,
            "size": variant.size,
            "width": variant.width,
            "height": variant.height,
            "type": variant.format.content_type,
            "bytes": bytes_of[variant.key],
        }
        for variant in variants
    ]


def verdict(
    album: str,
    photo_id: str,
    original: Original,
    upload_bucket: str,
    refusal: Rejected,
    limits: Limits,
) -> dict[str, Any]:
    """Return what is kept of a rejected upload: the stable reason and a sentence for a person."""
    return {
        "id": photo_id,
        "album": album,
        "name": original.name,
        "reason": refusal.reason,
        "message": sentence(refusal.reason, limits),
        "rejected": datetime.now(UTC).isoformat(),
        "delete_sha256": original.delete_sha256,
        "guest": original.guest,
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
