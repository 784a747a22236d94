"""A photo as its index entry's key has it: all that a gallery page needs. Pure."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from services.core import capture, keys
from services.core.names import folded
from services.core.variants import FORMAT_BY_LETTER, Fit, Format

FORM = "2"  # the version of the entry's form; a key of another one is not read


@dataclass(frozen=True, slots=True)
class Variant:
    """A stored picture file of `width` × `height` pixels, made for the box of `size` × `size`."""

    size: int
    width: int
    height: int
    format: Format
    key: str


@dataclass(frozen=True, slots=True)
class KeptOriginal:
    """What was uploaded, where an album keeps it; `located`: it may say where it was taken."""

    extension: str
    bytes: int
    located: bool


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo; `width` × `height` are the upright original's, in pixels.

    `private` tells that its variants are under `private/`, `pending` that its entry is under
    `pending/`: it waits for approval, or, where `hidden`, somebody took it out of the album.
    `uploader` is the link or key that it came by, `browser` the browser, `guest` the name that was
    given; each may be empty. `stored_bytes` are those of all variants together. `camera` is what the
    camera's clock showed, with a zone where it noted one, and `shift` by how many minutes an owner
    has put that right.
    """

    album: str
    id: str
    width: int
    height: int
    thumbhash: bytes
    variants: tuple[Variant, ...]  # smallest first, the formats of a size in the settings' order
    name: str
    animated: bool = False
    private: bool = False
    pending: bool = False
    hidden: bool = False
    uploader: str = ""
    stored_bytes: int = 0
    camera: datetime | None = None
    shift: int = 0
    original: KeptOriginal | None = None
    guest: str = ""
    browser: str = ""

    @property
    def original_key(self) -> str:
        """Where its original is, if that is kept."""
        original = self.original or KeptOriginal("", 0, located=True)
        return keys.original_key(self.album, self.id, original.extension, located=original.located)

    @property
    def uploaded_at(self) -> datetime:
        """When the upload was begun, in UTC."""
        return keys.uploaded_at(self.id)

    @property
    def taken(self) -> datetime | None:
        """When it was taken: what the camera's clock showed, put right."""
        return capture.put_right(self.camera, self.shift) if self.camera else None

    @property
    def sender(self) -> str:
        """Whose clock its time was read from, as far as one can tell: link and name, or browser."""
        return f"{self.uploader}/{folded(self.guest) or self.browser}"

    @property
    def clock(self) -> datetime:
        """What puts it in order by time: what its camera's clock showed, or else when it came, in UTC."""
        return self.taken or self.uploaded_at

    @property
    def taken_position(self) -> str:
        """Where it stands by time; see services.core.order."""
        return capture.latest_first(self.clock) + self.id

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats it is stored in, the preferred one first and the most widely read one last."""
        first = self.variants[0].size
        return tuple(variant.format for variant in self.variants if variant.size == first)

    def variants_in(self, format_: Format) -> tuple[Variant, ...]:
        """Return the variants in one format, smallest first."""
        return tuple(variant for variant in self.variants if variant.format == format_)

    @property
    def smallest(self) -> Variant:
        """The smallest variant in the format that every browser and program reads."""
        return self.variants_in(self.formats[-1])[0]

    @property
    def largest(self) -> Variant:
        """The largest variant in the format that every browser and program reads."""
        return self.variants[-1]

    def key(self) -> str:
        """Return the object key that says it all, at most 1,024 bytes, as S3 demands."""
        return keys.entry_prefix(self.album, self.id, pending=self.pending) + self._entry()

    def taken_key(self) -> str:
        """Return the key of its entry among those by time; see services.core.order."""
        path = keys.taken_path(self.taken_position)
        return f"{keys.TAKEN_PREFIX}{self.album}/{path}/{self._entry()}"

    def _entry(self) -> str:
        """Return what its keys end in.

        `index/<album>/<id>/2.<w>x<h>[a][p][h].<thumbhash>.<uploader>.<bytes>.<taken>.<variants>.<name>.<guest>.<browser>`:
        2 is the form's version, `a` marks an animation, `p` private variants, `h` a hidden photo;
        taken is such as `20260715183000000z120s-60` (see services.core.capture; the shift last),
        variants are such as `400-400x267wj_800-800x533wj`; thumbhash, name and guest are base64url. To the
        bytes of the variants those of a kept original are added, such as `u3141592jpg`: `u` as it was
        uploaded, `l` without its location.
        A slash after each 255 characters of that keeps every segment as short as object stores on
        file systems want it.
        """
        flags = ("a" if self.animated else "") + ("p" if self.private else "")
        flags += "h" if self.hidden else ""
        entry = ".".join(
            (
                FORM,
                f"{self.width}x{self.height}{flags}",
                _base64url(self.thumbhash),
                self.uploader,
                f"{self.stored_bytes}{_written_original(self.original)}",
                capture.written(self.camera) + (f"s{self.shift}" if self.shift else ""),
                _written(self.variants),
                _base64url(keys.bounded_name(self.name).encode()),
                _base64url(keys.bounded_guest(self.guest).encode()),
                self.browser,
            )
        )
        cut = keys.MAX_SEGMENT_BYTES
        segments = (entry[start : start + cut] for start in range(0, len(entry), cut))
        return "/".join(segments)

    @classmethod
    @lru_cache(maxsize=4096)  # the newest photos are on every page
    def from_key(cls, key: str) -> "Photo | None":
        """Return the photo whose index entry has this key, or None for a key of another form."""
        place = _PLACE.fullmatch(key) or _TAKEN_PLACE.fullmatch(key)
        entry = _ENTRY.fullmatch(place["entry"].replace("/", "")) if place else None
        if place is None or entry is None:
            return None
        album, photo_id, private = place["album"], place["id"], entry["private"] == "p"
        stored = [
            (Fit(int(size), int(width), int(height)), [FORMAT_BY_LETTER[one] for one in letters])
            for size, width, height, letters in re.findall(
                r"(\d+)-(\d+)x(\d+)([a-z]+)", entry["variants"]
            )
        ]
        try:
            return cls(
                album=album,
                id=photo_id,
                width=int(entry["width"]),
                height=int(entry["height"]),
                thumbhash=_from_base64url(entry["thumbhash"]),
                variants=stored_variants(album, photo_id, stored, private=private),
                name=_from_base64url(entry["name"]).decode(errors="replace"),
                animated=entry["animated"] == "a",
                private=private,
                pending=place["prefix"] == keys.PENDING_PREFIX,
                hidden=entry["hidden"] == "h",
                uploader=entry["uploader"],
                stored_bytes=int(entry["bytes"]),
                camera=capture.read(entry["camera"]),
                shift=int(entry["shift"] or 0),
                original=KeptOriginal(
                    entry["extension"], int(entry["original"]), located=entry["kept"] == "u"
                )
                if entry["kept"]
                else None,
                guest=_from_base64url(entry["guest"]).decode(errors="replace"),
                browser=entry["browser"],
            )
        except ValueError:  # no base64
            return None


def bytes_in_key(key: str, *, with_original: bool = True) -> int:
    """Return the bytes kept of a photo from its entry's key, 0 for a key of another form.

    For whoever counts all photos there are, to whom reading the rest of each key would take long.
    """
    parts = key.split("/", 3)[-1].replace("/", "").split(".", 5)
    found = _BYTES.match(parts[4]) if len(parts) > 5 and parts[0] == FORM else None
    if found is None:
        return 0
    return int(found["bytes"]) + (int(found["original"] or 0) if with_original else 0)


def stored_variants(
    album: str, photo_id: str, stored: Iterable[tuple[Fit, Iterable[Format]]], *, private: bool
) -> tuple[Variant, ...]:
    """Return the variants of a photo, given the formats that each size is stored in."""
    return tuple(
        Variant(
            fit.size,
            fit.width,
            fit.height,
            format_,
            keys.variant_key(album, photo_id, fit.size, format_, private=private),
        )
        for fit, formats in stored
        for format_ in formats
    )


def _written_original(original: KeptOriginal | None) -> str:
    if original is None:
        return ""
    return f"{'u' if original.located else 'l'}{original.bytes}{original.extension}"


def _written(variants: tuple[Variant, ...]) -> str:
    def shape(variant: Variant) -> str:
        return f"{variant.size}-{variant.width}x{variant.height}"

    return "_".join(
        written + "".join(variant.format.letter for variant in same)
        for written, same in groupby(variants, shape)
    )


_NUMBER = r"[1-9]\d{0,5}"
_STORED = rf"{_NUMBER}-{_NUMBER}x{_NUMBER}[{''.join(FORMAT_BY_LETTER)}]+"
_PLACE = re.compile(
    rf"(?P<prefix>{keys.INDEX_PREFIX}|{keys.PENDING_PREFIX})"
    rf"(?P<album>{keys.ALBUM_PATTERN})/(?P<id>{keys.PHOTO_ID_PATTERN})/(?P<entry>.+)"
)
_TAKEN_PLACE = re.compile(
    rf"(?P<prefix>{keys.TAKEN_PREFIX})(?P<album>{keys.ALBUM_PATTERN})"
    rf"/\d{{6}}/\d\d/\d\d/\d{{7}}(?P<id>{keys.PHOTO_ID_PATTERN})/(?P<entry>.+)",
    re.ASCII,
)
_STORED_BYTES = (
    r"(?P<bytes>\d{1,13})(?:(?P<kept>[ul])(?P<original>\d{1,13})(?P<extension>[a-z]{3,4}))?"
)
_BYTES = re.compile(_STORED_BYTES, re.ASCII)
_ENTRY = re.compile(
    rf"{FORM}\.(?P<width>{_NUMBER})x(?P<height>{_NUMBER})(?P<animated>a?)(?P<private>p?)(?P<hidden>h?)"
    rf"\.(?P<thumbhash>[\w-]*)\.(?P<uploader>[\w-]{{0,22}})"
    rf"\.{_STORED_BYTES}\.(?P<camera>(?:{capture.PATTERN})?)(?:s(?P<shift>-?[1-9]\d{{0,7}}))?"
    rf"\.(?P<variants>{_STORED}(?:_{_STORED})*)\.(?P<name>[\w-]*)"
    r"\.(?P<guest>[\w-]*)\.(?P<browser>[\w-]{0,22})",
    re.ASCII,
)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
