"""Photo ids and object keys, and the index entry that is written in a key. Pure.

upload bucket:   uploads/<id or any other name>   quarantine/<id>
gallery bucket:  photos/<id>/<size>.<extension>   index/<id>/<entry>   rejected/<id>.json
                 deleted/<id>
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.core.variants import FORMAT_BY_LETTER, Format

UPLOAD_PREFIX = "uploads/"
QUARANTINE_PREFIX = "quarantine/"
PHOTO_PREFIX = "photos/"
INDEX_PREFIX = "index/"
VERDICT_PREFIX = "rejected/"
TOMBSTONE_PREFIX = "deleted/"

MAX_NAME_BYTES = 255  # UTF-8; what file systems allow

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, as ULID's specification has
_MAX_MS = (1 << 48) - 1
_ID = re.compile(r"7[0-9A-HJKMNP-TV-Z]{25}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _ulid(moment: datetime, entropy: bytes) -> str:
    # Subtracting from the maximum makes the lexicographic order, S3's only one, newest first.
    inverted = _MAX_MS - (moment - _EPOCH) // timedelta(milliseconds=1)
    number = inverted << 80 | int.from_bytes(entropy[:10])
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def new_photo_id(now: datetime) -> str:
    """Return a fresh photo id: a ULID whose 48-bit timestamp is subtracted from its maximum."""
    return _ulid(now, secrets.token_bytes(10))


def photo_id_of_object(bucket: str, key: str, version: str, modified: datetime) -> str:
    """Return the photo id of an upload, the same one for each event and sweep that brings it.

    `uploads/<photo id>` carries it. Any other key gets an id that is a pure function of the stored
    object: bucket, key, version (the version id; the ETag where the bucket keeps no versions) and
    S3's Last-Modified.
    """
    name = key.removeprefix(UPLOAD_PREFIX)
    if is_photo_id(name):
        return name
    digest = hashlib.sha256("\0".join((bucket, key, version)).encode()).digest()
    return _ulid(modified, digest)


def is_photo_id(text: str) -> bool:
    """Tell whether `text` has the form of a photo id."""
    return _ID.fullmatch(text) is not None


def uploaded_at(photo_id: str) -> datetime:
    """Return the moment in a photo id, in UTC, to the millisecond."""
    number = 0
    for character in photo_id[:10]:
        number = number << 5 | _ALPHABET.index(character)
    return _EPOCH + timedelta(milliseconds=_MAX_MS - number)


def upload_key(photo_id: str) -> str:
    """Return where the original is uploaded to."""
    return UPLOAD_PREFIX + photo_id


def quarantine_key(photo_id: str) -> str:
    """Return where a rejected original waits for its end."""
    return QUARANTINE_PREFIX + photo_id


def variant_key(photo_id: str, size: int, format_: Format) -> str:
    """Return where the variant for the box of `size` pixels is served from."""
    return f"{PHOTO_PREFIX}{photo_id}/{size}.{format_.extension}"


def verdict_key(photo_id: str) -> str:
    """Return where the verdict on a rejected upload is."""
    return f"{VERDICT_PREFIX}{photo_id}.json"


def tombstone_key(photo_id: str) -> str:
    """Return what says that a person deleted the photo."""
    return TOMBSTONE_PREFIX + photo_id


def index_prefix(photo_id: str) -> str:
    """Return the prefix of the one index entry that a published photo has."""
    return f"{INDEX_PREFIX}{photo_id}/"


def index_cursor(photo_id: str) -> str:
    """Return the StartAfter that lists the photos older than `photo_id`."""
    return f"{INDEX_PREFIX}{photo_id}0"  # "0" is the byte after "/"


def bounded_name(name: str) -> str:
    """Return a file name without path and control characters, cut to MAX_NAME_BYTES of UTF-8."""
    name = re.split(r"[/\\]", name)[-1]
    # Lone surrogates cannot be written as UTF-8; bidirectional controls make names lie.
    name = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", "", name
    )
    return name.strip().encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def name_of_upload_key(key: str) -> str:
    """Return the file name in an upload's key; empty where the key is a photo id."""
    name = key.removeprefix(UPLOAD_PREFIX)
    return "" if is_photo_id(name) else bounded_name(name)


@dataclass(frozen=True, slots=True)
class StoredSize:
    """The formats in which the variant for the box of `size` pixels is stored."""

    size: int
    formats: tuple[Format, ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """All that a gallery page needs of a photo; `width` × `height` are the upright picture's."""

    id: str
    width: int
    height: int
    thumbhash: bytes
    sizes: tuple[StoredSize, ...]
    name: str
    animated: bool = False

    def key(self) -> str:
        """Return the object key that says it all, at most 1,024 bytes, as S3 demands.

        `index/<id>/1.<w>x<h>[a].<thumbhash>.<sizes>.<name>`: 1 is the form's version, `a` marks an
        animation, sizes are such as `400wj_800wj`; thumbhash and name are base64url.
        """
        sizes = "_".join(
            f"{stored.size}{''.join(format_.letter for format_ in stored.formats)}"
            for stored in self.sizes
        )
        parts = (
            "1",
            f"{self.width}x{self.height}{'a' if self.animated else ''}",
            _base64url(self.thumbhash),
            sizes,
            _base64url(bounded_name(self.name).encode()),
        )
        return index_prefix(self.id) + ".".join(parts)

    @classmethod
    def from_key(cls, key: str) -> "IndexEntry | None":
        """Return the entry that `key` is, or None for a key of another form."""
        match = _ENTRY.fullmatch(key)
        if match is None:
            return None
        sizes = tuple(
            StoredSize(int(size), tuple(FORMAT_BY_LETTER[letter] for letter in letters))
            for size, letters in re.findall(r"(\d+)([a-z]+)", match["sizes"])
        )
        return cls(
            id=match["id"],
            width=int(match["width"]),
            height=int(match["height"]),
            thumbhash=_from_base64url(match["thumbhash"]),
            sizes=sizes,
            name=_from_base64url(match["name"]).decode(errors="replace"),
            animated=match["animated"] == "a",
        )


_LETTERS = "".join(FORMAT_BY_LETTER)
_ENTRY = re.compile(
    rf"{INDEX_PREFIX}(?P<id>{_ID.pattern})/1\.(?P<width>\d{{1,6}})x(?P<height>\d{{1,6}})"
    rf"(?P<animated>a?)\.(?P<thumbhash>[\w-]*)"
    rf"\.(?P<sizes>\d{{1,6}}[{_LETTERS}]+(?:_\d{{1,6}}[{_LETTERS}]+)*)\.(?P<name>[\w-]*)",
    re.ASCII,
)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
