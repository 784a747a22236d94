"""The one decision on who may do what in an album. Pure."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from services.core.albums import Album, Originals, State, Who
from services.core.grants import Grant, Kind, Right
from services.core.photo import KeptOriginal, Photo


class Action(StrEnum):
    """What somebody wants to do in an album."""

    SEE = "see"
    SEE_ALL = "see all"  # the photos of others, too
    SUBSCRIBE = "subscribe"  # read the feed and its pictures by a link to nothing else
    UPLOAD = "upload"
    FOLLOW = "follow"  # learn what became of uploads of one's own, and take them back
    TIDY = "tidy"  # delete, hide and move any photo
    OWN = "own"  # edit the album, make and withdraw links


_RIGHTS = {
    Action.SEE: Right.SEE,
    Action.SEE_ALL: Right.SEE,
    Action.SUBSCRIBE: Right.SEE,
    Action.UPLOAD: Right.UPLOAD,
    Action.FOLLOW: Right.UPLOAD,
    Action.TIDY: Right.TIDY,
}


def may(action: Action, album: Album, grants: Iterable[Grant], now: datetime) -> bool:
    """Tell whether the holder of these grants may do something in an album.

    An album's own setting comes first: what anyone may needs no grant, and a link opens nothing that
    is the owner's alone. A key is the owner's program and does what its rights say.
    """
    if action is Action.UPLOAD and not album.takes_uploads(now):
        return False
    valid = [grant for grant in grants if grant.ends > now]
    if any(grant.kind is Kind.OWNER for grant in valid):
        return True
    if album.state is not State.OPEN or action is Action.OWN:
        return False
    sees_all = Who.OWNER if album.drop else album.see
    who = {
        Action.SEE: album.see,
        Action.SEE_ALL: sees_all,
        Action.SUBSCRIBE: sees_all,
        Action.UPLOAD: album.upload,
        # An album that is closed for uploads still tells what became of earlier ones.
        Action.FOLLOW: Who.LINK if album.upload is Who.NOBODY else album.upload,
    }.get(action, Who.OWNER)
    link = Kind.FEED if action is Action.SUBSCRIBE else Kind.LINK
    kinds = {Kind.KEY} if who is Who.OWNER else {Kind.KEY, link}
    return who is Who.ANYONE or any(
        grant.kind in kinds
        and grant.album in (None, album.slug)
        and _RIGHTS[action] in grant.rights
        for grant in valid
    )


def offers_original(original: KeptOriginal, album: Album, *, tidies: bool) -> bool:
    """Tell whether who may see an album, or tidy it, may have a photo's original.

    An album that was opened with the place of each picture in it, and has been set to hide that since,
    or a photo that came from such a one, shows it to nobody but who may tidy.
    """
    if tidies or album.originals is Originals.UPLOADED:
        return True
    return album.originals is Originals.UNLOCATED and not original.located


def sees(photo: Photo, album: Album, grants: Iterable[Grant], browser: str, now: datetime) -> bool:
    """Tell whether the holder of these grants, in this browser, may see a published photo.

    Where guests see only their own, those are the ones that came from the same browser.
    """
    held = list(grants)
    if may(Action.SEE_ALL, album, held, now) or may(Action.SUBSCRIBE, album, held, now):
        return True
    own = bool(browser) and photo.browser == browser
    return album.drop and own and may(Action.SEE, album, held, now)
