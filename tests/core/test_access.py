"""The decision on who may do what, for every kind of album and caller."""

from datetime import UTC, datetime, timedelta

import pytest

from services.core.access import Action, may, sees
from services.core.albums import MAIN, Album, State, Who
from services.core.grants import Grant, Kind, Right
from tests.photos import stored_photo

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SEE, UPLOAD, TIDY = Right.SEE, Right.UPLOAD, Right.TIDY


def grant(kind: Kind, *rights: Right, album: str | None = "trip", ends: datetime = LATER) -> Grant:
    """Return a grant."""
    return Grant("0" * 64, kind, ends, album, frozenset(rights))


CALLERS = {
    "nobody": [],
    "sees": [grant(Kind.LINK, SEE)],
    "uploads": [grant(Kind.LINK, UPLOAD)],
    "both": [grant(Kind.LINK, SEE, UPLOAD)],
    "other": [grant(Kind.LINK, SEE, UPLOAD, album="other")],
    "expired": [grant(Kind.LINK, SEE, UPLOAD, ends=NOW)],
    "key": [grant(Kind.KEY, SEE, UPLOAD, TIDY)],
    "see key": [grant(Kind.KEY, SEE, album=None)],
    "owner": [grant(Kind.OWNER, album=None)],
    "past owner": [grant(Kind.OWNER, album=None, ends=NOW)],
    "feed": [grant(Kind.FEED, SEE)],
    "sign-in link": [grant(Kind.SIGN_IN, album=None)],
}

# Who may see and upload → what each caller may do: s(ee), u(pload), f(ollow), t(idy), o(wn).
TABLE = {
    (Who.ANYONE, Who.ANYONE): {
        "nobody": "suf", "sees": "suf", "uploads": "suf", "both": "suf", "other": "suf",
        "expired": "suf", "key": "suft", "see key": "suf", "owner": "sufto", "past owner": "suf",
        "feed": "suf", "sign-in link": "suf",
    },
    (Who.ANYONE, Who.LINK): {
        "nobody": "s", "sees": "s", "uploads": "suf", "both": "suf", "other": "s",
        "expired": "s", "key": "suft", "see key": "s", "owner": "sufto", "past owner": "s",
        "feed": "s", "sign-in link": "s",
    },
    (Who.ANYONE, Who.NOBODY): {
        "nobody": "s", "sees": "s", "uploads": "sf", "both": "sf", "other": "s",
        "expired": "s", "key": "sft", "see key": "s", "owner": "sfto", "past owner": "s",
        "feed": "s", "sign-in link": "s",
    },
    (Who.LINK, Who.LINK): {
        "nobody": "", "sees": "s", "uploads": "uf", "both": "suf", "other": "",
        "expired": "", "key": "suft", "see key": "s", "owner": "sufto", "past owner": "",
        "feed": "", "sign-in link": "",
    },
    (Who.LINK, Who.ANYONE): {
        "nobody": "uf", "sees": "suf", "uploads": "uf", "both": "suf", "other": "uf",
        "expired": "uf", "key": "suft", "see key": "suf", "owner": "sufto", "past owner": "uf",
        "feed": "uf", "sign-in link": "uf",
    },
    (Who.OWNER, Who.LINK): {
        "nobody": "", "sees": "", "uploads": "uf", "both": "uf", "other": "",
        "expired": "", "key": "suft", "see key": "s", "owner": "sufto", "past owner": "",
        "feed": "", "sign-in link": "",
    },
    (Who.OWNER, Who.OWNER): {
        "nobody": "", "sees": "", "uploads": "", "both": "", "other": "",
        "expired": "", "key": "suft", "see key": "s", "owner": "sufto", "past owner": "",
        "feed": "", "sign-in link": "",
    },
}  # fmt: skip
LETTERS = {"s": Action.SEE, "u": Action.UPLOAD, "f": Action.FOLLOW, "t": Action.TIDY, "o": Action.OWN}  # fmt: skip


def allowed(album: Album, caller: str) -> str:
    """Return the letters of what a caller may do."""
    return "".join(
        letter for letter, act in LETTERS.items() if may(act, album, CALLERS[caller], NOW)
    )


@pytest.mark.parametrize("who", TABLE, ids=lambda who: f"see-{who[0]}-upload-{who[1]}")
def test_every_caller_in_every_album(who: tuple[Who, Who]) -> None:
    """The whole table, written out."""
    album = Album(slug="trip", see=who[0], upload=who[1])
    assert {caller: allowed(album, caller) for caller in CALLERS} == TABLE[who]


@pytest.mark.parametrize(
    ("see", "callers"), [(Who.ANYONE, set(CALLERS)), (Who.LINK, {"feed", "owner"}), (Who.OWNER, {"owner"})]
)  # fmt: skip
def test_a_feeds_link_reads_the_feed_and_nothing_else_does(see: Who, callers: set[str]) -> None:
    """Where a link may see the album at all."""
    album = Album(slug="trip", see=see)
    found = {who for who in CALLERS if may(Action.SUBSCRIBE, album, CALLERS[who], NOW)}
    assert found == callers | ({"key", "see key"} if see is not Who.ANYONE else set())


def test_the_main_album_is_the_tutorials_where_nobody_changed_it() -> None:
    """Anyone sees, anyone uploads."""
    assert may(Action.SEE, MAIN, [], NOW)
    assert may(Action.UPLOAD, MAIN, [], NOW)
    assert not may(Action.TIDY, MAIN, [], NOW)


def test_an_album_that_ended_takes_no_uploads() -> None:
    """Not even the owner's; who uploaded still learns what became of it."""
    ended = Album(slug="trip", see=Who.LINK, upload=Who.LINK, ends=NOW)
    assert {caller: allowed(ended, caller) for caller in ("nobody", "both", "owner")} == {
        "nobody": "",
        "both": "sf",
        "owner": "sfto",
    }


@pytest.mark.parametrize("state", [State.DELETING, State.DELETED])
def test_an_album_that_is_deleted_is_the_owners_alone(state: State) -> None:
    """While its photos go, and afterwards."""
    album = Album(slug="trip", state=state)
    assert {caller: allowed(album, caller) for caller in ("nobody", "both", "key", "owner")} == {
        "nobody": "",
        "both": "",
        "key": "",
        "owner": "sfto",
    }


PHOTO = stored_photo("7ZZZZZZZZZ0123456789ABCDEF", album="trip", browser="anna")
SEEN = {
    # Who asks → in an album of who has a link: what an ordinary one shows, and one of one's own only,
    # to Anna's browser, to another, and to one that is not known.
    "nobody": ("", ""), "sees": ("anna ben nobody", "anna"), "uploads": ("", ""),
    "both": ("anna ben nobody", "anna"), "other": ("", ""), "expired": ("", ""), "feed": ("anna ben nobody", ""),
    "key": ("anna ben nobody", "anna ben nobody"), "see key": ("anna ben nobody", "anna ben nobody"),
    "owner": ("anna ben nobody", "anna ben nobody"), "past owner": ("", ""), "sign-in link": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
def test_which_photos_each_caller_sees(caller: str) -> None:
    """Where guests see only their own, another's needs an owner, or a key that sees."""
    found = []
    for drop in (False, True):
        album = Album(slug="trip", see=Who.LINK, upload=Who.LINK, drop=drop)
        browsers = {"anna": "anna", "ben": "ben", "nobody": ""}
        found.append(
            " ".join(
                name
                for name, browser in browsers.items()
                if sees(PHOTO, album, CALLERS[caller], browser, NOW)
            )
        )
    assert tuple(found) == SEEN[caller]


def test_an_album_of_ones_own_photos_is_never_public() -> None:
    """Whoever may open it: no photo is under `photos/`, where a CDN reads; no feed shows it."""
    album = Album(slug="trip", drop=True)
    assert not album.is_public
    assert may(Action.SEE, album, [], NOW)
    assert not may(Action.SEE_ALL, album, [], NOW)
    assert not may(Action.SUBSCRIBE, album, [grant(Kind.FEED, SEE)], NOW)
    unsent = stored_photo("7ZZZZZZZZZ0123456789ABCDEF", album="trip")
    assert not sees(unsent, album, [], "", NOW)
