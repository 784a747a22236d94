"""Grants: what the holder of a random token may do, written in the key of a small object. Pure.

`grants/<sha256 of the token>/1.<kind>.<album or ALL>.<rights>.<end>`: 1 is the form's version and
`end` seconds since 1970. The bucket never holds a token by which somebody could sign in.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.core.keys import ALBUM_PATTERN

FORM = "1"
GRANT_PREFIX = "grants/"
USED_PREFIX = "used/"  # when a grant was used last; that a one-time token was used up
ALL_ALBUMS = "ALL"  # no slug: slugs are lower-case


class Kind(StrEnum):
    """What a grant is for."""

    OWNER = "owner"  # a browser that is signed in
    SIGN_IN = "signin"  # a link that signs in once
    LINK = "link"  # a link to an album
    KEY = "key"  # a program's
    FEED = "feed"  # a link to an album's feed and the pictures in it, and to nothing else


# How long each lasts where nobody says otherwise; a session is prolonged by use.
LASTS = {
    Kind.OWNER: timedelta(days=30),
    Kind.SIGN_IN: timedelta(minutes=15),
    Kind.LINK: timedelta(days=365),
    Kind.KEY: timedelta(days=3650),
    Kind.FEED: timedelta(days=365),
}


class Right(StrEnum):
    """What a link or a key may do in its album; the value is its letter in a grant's key."""

    SEE = "s"
    UPLOAD = "u"
    TIDY = "t"  # delete, hide and move photos


@dataclass(frozen=True, slots=True)
class Grant:
    """A right; `id` is the token's SHA-256 in hexadecimal, `album` is None for all of them."""

    id: str
    kind: Kind
    ends: datetime
    album: str | None = None
    rights: frozenset[Right] = frozenset()

    def key(self) -> str:
        """Return the key of the object that grants it."""
        rights = "".join(sorted(self.rights))
        ends = int(self.ends.timestamp())
        scope = self.album or ALL_ALBUMS
        return f"{grant_prefix(self.id)}{FORM}.{self.kind}.{scope}.{rights}.{ends}"

    @classmethod
    def from_key(cls, key: str) -> "Grant | None":
        """Return the grant that a key is, or None for a key of another form."""
        match = _GRANT.fullmatch(key)
        if match is None or int(match["ends"]) > _LAST_SECOND:
            return None
        return cls(
            id=match["id"],
            kind=Kind(match["kind"]),
            ends=datetime.fromtimestamp(int(match["ends"]), UTC),
            album=None if match["album"] == ALL_ALBUMS else match["album"],
            rights=frozenset(Right(letter) for letter in match["rights"]),
        )


_GRANT = re.compile(
    rf"{GRANT_PREFIX}(?P<id>[0-9a-f]{{64}})/{FORM}\.(?P<kind>{'|'.join(Kind)})"
    rf"\.(?P<album>{ALBUM_PATTERN}|{ALL_ALBUMS})\.(?P<rights>[{''.join(Right)}]*)"
    r"\.(?P<ends>[0-9]{1,12})"
)
_LAST_SECOND = 253_402_300_799  # of the year 9999: who wants no end gives a link that one


def new_token() -> str:
    """Return a fresh token: 256 random bits, base64url."""
    return secrets.token_urlsafe(32)


def grant_id(token: str) -> str:
    """Return what the bucket knows of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def grant_prefix(id_: str) -> str:
    """Return the prefix of the one object that is a grant."""
    return f"{GRANT_PREFIX}{id_}/"


def used_key(id_: str) -> str:
    """Return the object whose Last-Modified says when a grant was used last."""
    return USED_PREFIX + id_
