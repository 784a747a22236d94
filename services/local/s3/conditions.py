"""Conditional writes and deletes, as S3 decides them on the current version of an object.

moto knows some of them; deciding all of them here, under the lock that the write itself holds, is
what makes them safe against a concurrent writer. Source: AWS, "Add preconditions to S3 operations
with conditional requests" in the User Guide.
"""

from dataclasses import dataclass

from services.local.s3.errors import S3Error


@dataclass(frozen=True)
class Current:
    """What a key holds now: an object's ETag without its quotes, or only a delete marker (None)."""

    etag: str | None


def check_write(current: Current | None, if_match: str | None, if_none_match: str | None) -> None:
    """Raise S3Error unless an object may be written under its key.

    `current` is None where the key was never written or its last version is gone.
    """
    exists = current is not None and current.etag is not None
    if if_none_match is not None:
        if if_none_match != "*":
            raise S3Error(
                501,
                "NotImplemented",
                "A header you provided implies functionality that is not implemented",
                Header="If-None-Match",
                additionalMessage="We don't accept the provided value of If-None-Match header "
                "for this API",
            )
        if exists:
            raise _failed("If-None-Match")
    if if_match is not None:
        if current is None or current.etag is None:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
        if not _same(if_match, current.etag):
            raise _failed("If-Match")


def check_delete(current: Current | None, if_match: str | None) -> None:
    """Raise S3Error unless an object may be deleted; `*` asks that there be one."""
    if if_match is None:
        return
    if current is None:
        raise S3Error(404, "NoSuchKey", "The specified key does not exist.")
    if current.etag is None or (if_match != "*" and not _same(if_match, current.etag)):
        raise _failed("If-Match")


def check_copy_source(
    source: Current | None, if_match: str | None, if_none_match: str | None
) -> None:
    """Raise S3Error unless the source of a copy is the one that is meant."""
    if source is None or source.etag is None:
        return  # the copy itself answers that there is none
    if if_match is not None and not _same(if_match, source.etag):
        raise _failed("x-amz-copy-source-If-Match")
    if if_none_match is not None and _same(if_none_match, source.etag):
        raise _failed("x-amz-copy-source-If-None-Match")


def _same(given: str, etag: str) -> bool:
    return given.strip().strip('"') == etag


def _failed(condition: str) -> S3Error:
    return S3Error(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        Condition=condition,
    )
