"""Photo ids and object keys. Pure; `services.core.photo` writes index entries in keys.

upload bucket:   uploads/<album>/<id or any other name>   quarantine/<album>/<id>/<reason>
gallery bucket:  photos/<album>/<id>/<size>.<extension>   private/… likewise
                 index/<album>/<id>/<entry>   pending/… likewise
                 taken/<album>/<when it was taken><id>/<entry>   see services.core.order
                 rejected/<album>/<id>   deleted/<album>/<id>   reports/<album>/<id>
                 attempts/<album>/<id>/<number>   hashes/<album>/<sha256>   originals/<album>/<id>/original.<extension>
                 or …/unlocated.<extension>
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

from services.core.text import JOINERS, without_unseen
from services.core.variants import Format

UPLOAD_PREFIX = "uploads/"
QUARANTINE_PREFIX = "quarantine/"
PHOTO_PREFIX = "photos/"  # variants that anyone may see; all that a CDN may read
PRIVATE_PREFIX = "private/"  # all other variants
ORIGINAL_PREFIX = "originals/"  # what was uploaded, where an album keeps it; never by CDN
HASH_PREFIX = "hashes/"  # which photo has which bytes, in albums that take each picture once
INDEX_PREFIX = "index/"  # entries of published photos
TAKEN_PREFIX = "taken/"  # the same entries by when the photos were taken
PENDING_PREFIX = "pending/"  # entries of photos that only the owner sees
VERDICT_PREFIX = "rejected/"
TOMBSTONE_PREFIX = "deleted/"
REPORT_PREFIX = "reports/"
ATTEMPT_PREFIX = "attempts/"  # how often uploads were tried that have not ended
GIVEN_UP = "/given-up"  # instead of a number: not to be tried any more

MAIN_ALBUM = "main"
ALBUM_PATTERN = r"[a-z0-9-]{1,40}"
PHOTO_ID_PATTERN = r"7[0-9A-HJKMNP-TV-Z]{25}"

MAX_NAME_BYTES = 255  # UTF-8; what file systems allow
MAX_GUEST_BYTES = 60  # UTF-8; what an entry's key has room for in every script
MAX_SEGMENT_BYTES = 255  # between two slashes; object stores on file systems refuse more

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, as ULID's specification has
_MAX_MS = (1 << 48) - 1
_ID = re.compile(PHOTO_ID_PATTERN)
_UPLOAD = re.compile(rf"{UPLOAD_PREFIX}(?:(?P<album>{ALBUM_PATTERN})/)?(?P<name>.*)", re.DOTALL)

# How far the moment in an upload's id may lie from when S3 stored it. A form lives an hour at most,
# a slow transfer some more; clocks differ by minutes.
_EARLIEST = timedelta(days=1)
_LATEST = timedelta(minutes=15)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _ulid(moment: datetime, entropy: bytes) -> str:
    # Subtracting from the maximum makes the lexicographic order, S3's only one, newest first.
    inverted = _MAX_MS - (moment - _EPOCH) // timedelta(milliseconds=1)
    return id_of_number(inverted << 80 | int.from_bytes(entropy[:10]))


def id_of_number(number: int) -> str:
    """Return the 26 characters in base 32 of a number of 130 bits."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def number_of_id(photo_id: str) -> int:
    """Return a photo id as the number that it is in base 32."""
    number = 0
    for character in photo_id:
        number = number << 5 | _ALPHABET.index(character)
    return number


def new_photo_id(now: datetime) -> str:
    """Return a fresh photo id: a ULID whose 48-bit timestamp is subtracted from its maximum."""
    return _ulid(now, secrets.token_bytes(10))


def photo_id_of_object(bucket: str, key: str, version: str, modified: datetime) -> str:
    """Return the photo id of an upload, the same one for each event and sweep that brings it.

    `uploads/<album>/<photo id>` carries it, if its moment is about that at which S3 stored the
    object (`modified`). Any other key gets an id that is a pure function of the stored object:
    bucket, key, version (the version id; the ETag where the bucket keeps no versions) and S3's
    Last-Modified. So no client can put a photo first for ever.
    """
    _, name = split_upload_key(key)
    if is_photo_id(name) and -_EARLIEST <= uploaded_at(name) - modified <= _LATEST:
        return name
    digest = hashlib.sha256("\0".join((bucket, key, version)).encode()).digest()
    return _ulid(modified, digest)


def is_photo_id(text: str) -> bool:
    """Tell whether `text` has the form of a photo id."""
    return _ID.fullmatch(text) is not None


def uploaded_at(photo_id: str) -> datetime:
    """Return the moment in a photo id, in UTC, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=_MAX_MS - number_of_id(photo_id[:10]))


def first_photo_id(moment: datetime) -> str:
    """Return the id that sorts before those of all photos begun at `moment`, UTC, or earlier."""
    return _ulid(moment, bytes(10))


def is_upload_key(key: str) -> bool:
    """Tell whether a key could be an upload's: under `uploads/`, and no folder marker."""
    return key.startswith(UPLOAD_PREFIX) and not key.endswith("/")


def upload_key(album: str, photo_id: str) -> str:
    """Return where the original is uploaded to."""
    return f"{UPLOAD_PREFIX}{album}/{photo_id}"


def split_upload_key(key: str) -> tuple[str | None, str]:
    """Return what an upload's key could name as its album, and the rest: a photo id or any name.

    Whether there is such an album is for the caller to find out.
    """
    match = _UPLOAD.fullmatch(key)
    return (match["album"], match["name"]) if match else (None, key)


def quarantine_prefix(album: str, photo_id: str) -> str:
    """Return the prefix of what is kept of a rejected upload until the lifecycle ends it."""
    return f"{QUARANTINE_PREFIX}{album}/{photo_id}/"


def variants_prefix(album: str, photo_id: str, *, private: bool = False) -> str:
    """Return the prefix of a photo's variants."""
    return f"{PRIVATE_PREFIX if private else PHOTO_PREFIX}{album}/{photo_id}/"


def variant_key(
    album: str, photo_id: str, size: int, format_: Format, *, private: bool = False
) -> str:
    """Return where the variant for the box of `size` pixels is served from."""
    return f"{variants_prefix(album, photo_id, private=private)}{size}.{format_.extension}"


def original_prefix(album: str, photo_id: str) -> str:
    """Return the prefix of what a photo was made of, where its album keeps that."""
    return f"{ORIGINAL_PREFIX}{album}/{photo_id}/"


def original_key(album: str, photo_id: str, extension: str, *, located: bool) -> str:
    """Return where what a photo was made of is kept: as it was uploaded, or without its location.

    Apart, so that nothing that was begun when the album asked for the one can be taken for the other.
    """
    name = "original" if located else "unlocated"
    return f"{original_prefix(album, photo_id)}{name}.{extension}"


def hash_key(album: str, sha256: str) -> str:
    """Return what says which photo of an album has these bytes."""
    return f"{HASH_PREFIX}{album}/{sha256}"


def verdict_key(album: str, photo_id: str) -> str:
    """Return where the verdict on a rejected upload is."""
    return f"{VERDICT_PREFIX}{album}/{photo_id}"


def tombstone_key(album: str, photo_id: str) -> str:
    """Return what says that a person deleted the photo."""
    return f"{TOMBSTONE_PREFIX}{album}/{photo_id}"


def report_key(album: str, photo_id: str) -> str:
    """Return the key of what a visitor told the owner of a photo."""
    return f"{REPORT_PREFIX}{album}/{photo_id}"


def attempts_prefix(album: str, photo_id: str) -> str:
    """Return the prefix of what is kept of the attempts at an upload; see services.store.attempts."""
    return f"{ATTEMPT_PREFIX}{album}/{photo_id}/"


def given_up_key(album: str, photo_id: str) -> str:
    """Return what says that an upload was given up on, and why."""
    return f"{ATTEMPT_PREFIX}{album}/{photo_id}{GIVEN_UP}"


def entry_prefix(album: str, photo_id: str, *, pending: bool = False) -> str:
    """Return the prefix of the one index entry that a photo has."""
    return f"{PENDING_PREFIX if pending else INDEX_PREFIX}{album}/{photo_id}/"


def taken_path(position: str) -> str:
    """Return the part of a key under `taken/<album>/` for a position: a folder for month, day, hour."""
    return "/".join((position[:6], position[6:8], position[8:10], position[10:]))


def bounded_name(name: str) -> str:
    """Return a file name without path and unseen characters, cut to MAX_NAME_BYTES of UTF-8.

    Lone surrogates cannot be written as UTF-8; marks of direction make names lie.
    """
    return _bounded(re.split(r"[/\\]", name)[-1], MAX_NAME_BYTES)


def bounded_guest(name: str) -> str:
    """Return a guest's name without unseen characters, cut to MAX_GUEST_BYTES of UTF-8."""
    return _bounded(name, MAX_GUEST_BYTES)


def _bounded(text: str, most: int) -> str:
    cut = without_unseen(text).strip().encode()[:most]
    whole = without_unseen(cut.decode(errors="ignore"))  # a flag may have been cut
    return whole.strip(JOINERS).strip()


def name_of_upload_key(key: str) -> str:
    """Return the file name in an upload's key; empty where the key ends in a photo id."""
    _, name = split_upload_key(key)
    return "" if is_photo_id(name) else bounded_name(name)
