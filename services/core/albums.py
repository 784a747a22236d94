"""Albums: who may see and fill one, and the record that says so. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services.core.keys import ALBUM_PATTERN, MAIN_ALBUM
from services.core.order import Order

FORM = 1  # the version of the record's form; a record of another one is not read
ALBUM_PREFIX = "albums/"
MAX_TITLE, MAX_DESCRIPTION = 100, 1000


class Who(StrEnum):
    """Who may do something in an album; each includes the owner, `NOBODY` excepted."""

    ANYONE = "anyone"
    LINK = "link"  # whoever holds a link to the album
    OWNER = "owner"
    NOBODY = "nobody"


class Originals(StrEnum):
    """Whether an album keeps what was uploaded beside the variants, and in which form."""

    NONE = "none"
    UPLOADED = "uploaded"  # byte by byte
    UNLOCATED = "unlocated"  # without the place where it was taken


class State(StrEnum):
    """Where an album is in its life."""

    OPEN = "open"
    DELETING = "deleting"  # its photos are being deleted or moved
    DELETED = "deleted"  # kept, so that a late upload goes nowhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """An album's record; `version` is the ETag it was read with, empty where there is no record."""

    slug: str
    title: str = ""
    description: str = ""
    see: Who = Who.ANYONE
    upload: Who = Who.ANYONE
    listed: bool = True
    originals: Originals = Originals.NONE
    one_of_each: bool = False  # the same bytes again do not become a second photo
    downloads: bool = False  # offers visitors to choose photos, and to save many or all as one ZIP
    cover: str = ""  # photo id; the newest photo where empty
    ends: datetime | None = None  # from when on it takes no uploads
    state: State = State.OPEN
    move_to: str = ""  # where the photos of an album that is being deleted go; empty deletes them
    names: bool = False  # who photos are from is shown
    captions: bool = False  # something may be written under them
    drop: bool = False  # guests see only what their own browser uploaded
    approval: bool = False  # new photos wait until the owner publishes them
    closing: bool = False  # variants that anyone could see are still being moved
    created: datetime | None = None
    order: Order = Order.UPLOADED
    shifts: tuple[tuple[str, int], ...] = ()  # sender → minutes that their clock is put right by
    shifting: bool = False  # photos are still being put right
    version: str = ""

    @property
    def is_public(self) -> bool:
        """Whether anyone may see all of it, so that its variants are under `photos/`."""
        return self.see is Who.ANYONE and not self.drop

    @property
    def is_indexed(self) -> bool:
        """Whether search engines may show it."""
        return self.is_public and self.listed

    @property
    def knows_browsers(self) -> bool:
        """Whether its guests' browsers are told apart: each finds what it uploaded, or has its own clock."""
        return self.approval or self.drop or self.order is Order.TAKEN

    def takes_uploads(self, now: datetime) -> bool:
        """Tell whether anybody at all may upload to it now."""
        ended = self.ends is not None and now >= self.ends
        return self.state is State.OPEN and self.upload is not Who.NOBODY and not ended

    def shift_of(self, sender: str) -> int | None:
        """Return by how many minutes a sender's clock is put right, or None where nobody said."""
        return dict(self.shifts).get(sender)

    def with_shift(self, sender: str, minutes: int) -> "Album":
        """Return the album in which a sender's clock is put right, those before and those to come."""
        shifts = {**dict(self.shifts), sender: minutes}
        return replace(self, shifts=tuple(sorted(shifts.items())), shifting=True)

    def record(self) -> dict[str, Any]:
        """Return the JSON that is stored."""
        content = asdict(replace(self, version=""))
        del content["version"]
        for name in ("ends", "created"):
            content[name] = content[name].isoformat() if content[name] else None
        return {"form": FORM, **content}


MAIN = Album(slug=MAIN_ALBUM)  # what it is where nobody has changed it: the tutorial's gallery


def album_key(slug: str) -> str:
    """Return where an album's record is."""
    return f"{ALBUM_PREFIX}{slug}.json"


def slug_of_key(key: str) -> str | None:
    """Return the album whose record has this key, or None."""
    match = re.fullmatch(rf"{ALBUM_PREFIX}({ALBUM_PATTERN})\.json", key)
    return match[1] if match else None


def is_slug(text: str) -> bool:
    """Tell whether `text` has the form of an album's name in paths and keys."""
    return re.fullmatch(ALBUM_PATTERN, text) is not None


def album_from_record(slug: str, content: Mapping[str, Any], version: str) -> Album | None:
    """Return the album that a record describes, or None where it has another form."""
    try:
        if content["form"] != FORM or content["slug"] != slug:
            return None
        return Album(
            slug=slug,
            title=str(content["title"]),
            description=str(content["description"]),
            see=Who(content["see"]),
            upload=Who(content["upload"]),
            listed=bool(content["listed"]),
            originals=Originals(content["originals"]),
            one_of_each=bool(content["one_of_each"]),
            downloads=bool(content["downloads"]),
            cover=str(content["cover"]),
            ends=_moment(content["ends"]),
            state=State(content["state"]),
            move_to=str(content["move_to"]),
            names=bool(content["names"]),
            captions=bool(content["captions"]),
            drop=bool(content["drop"]),
            approval=bool(content["approval"]),
            closing=bool(content["closing"]),
            created=_moment(content["created"]),
            order=Order(content["order"]),
            shifts=tuple((str(sender), int(minutes)) for sender, minutes in content["shifts"]),
            shifting=bool(content["shifting"]),
            version=version,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
