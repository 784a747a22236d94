"""The album that a request is about, and what its caller may do there."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.core.access import Action, may, offers_original, sees
from services.core.albums import Album
from services.core.grants import Grant, Kind
from services.core.keys import MAIN_ALBUM
from services.core.photo import KeptOriginal, Photo
from services.web import markup


@dataclass(frozen=True, slots=True)
class Place:
    """An album, and the grant by which somebody is there, if any.

    `browser` tells browsers apart in an album that knows them; else it is empty.
    """

    album: Album
    grant: Grant | None
    is_owner: bool
    browser: str = ""

    @property
    def slug(self) -> str:
        """The album's name in paths and keys."""
        return self.album.slug

    def now(self) -> datetime:
        """Return this moment, in UTC."""
        return datetime.now(UTC)

    def may(self, action: Action) -> bool:
        """Tell whether the caller may do something here."""
        grants = [self.grant] if self.grant else []
        return may(action, self.album, grants, self.now())

    def original_of(self, photo: Photo, days: int) -> KeptOriginal | None:
        """Return a photo's original if the caller may have it; `days` is how long it is kept."""
        original = photo.original
        if original is None or self.now() > photo.uploaded_at + timedelta(days):
            return None
        tidies = self.may(Action.TIDY)
        return original if offers_original(original, self.album, tidies=tidies) else None

    def sees(self, photo: Photo) -> bool:
        """Tell whether the caller may see a published photo of this album."""
        grants = [self.grant] if self.grant else []
        return sees(photo, self.album, grants, self.browser, self.now())

    @property
    def shows_names(self) -> bool:
        """Whether the caller is told whom photos are from."""
        return self.album.names or self.may(Action.TIDY)

    @property
    def sees_all(self) -> bool:
        """Whether the caller may see every published photo."""
        return self.may(Action.SEE_ALL) or self.may(Action.SUBSCRIBE)


def page_values(place: Place | None) -> dict[str, Any]:
    """Return where the links and scripts of a page lead, and what its reader may do there."""
    slug = place.slug if place else MAIN_ALBUM
    base = markup.within(slug)
    return {
        "album": place.album if place else None,
        "base": base,
        "gallery_path": markup.album_path(slug),
        "photos_api": f"/api{base}/photos",
        "uploads_api": f"/api{base}/uploads",
        "may_see": place.may(Action.SEE) if place else False,
        "sees_all": place.sees_all if place else False,
        "may_upload": place.may(Action.UPLOAD) if place else False,
        "may_tidy": place.may(Action.TIDY) if place else False,
        "by_link": bool(place and place.grant and place.grant.kind is Kind.LINK),
        "is_owner": place.is_owner if place else False,
    }
