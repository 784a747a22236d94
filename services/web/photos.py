"""The API's photos: list, look up, follow, delete."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, computed_field

from services.core import keys
from services.core import photo as photos
from services.core.access import Action
from services.core.order import POSITION_PATTERN
from services.core.reasons import Reason
from services.core.settings import Settings
from services.core.variants import original_type
from services.store import Store
from services.web.access import CanDelete, CanFollow, CanSee
from services.web.days import iso_taken
from services.web.dependencies import DeleteToken, PhotoId, SettingsDep, StoreDep
from services.web.gallery import Gallery, NotUploaderError, Status, fitting
from services.web.markup import base64_text, original_path, photo_path
from services.web.place import Place
from services.web.problems import (
    MALFORMED,
    NO_SUCH_ALBUM,
    UNAVAILABLE,
    ProblemError,
    documented,
)  # fmt: skip

router = APIRouter(prefix="/photos", tags=["photos"])

MAX_LIMIT = 1000  # S3 lists no more at once
MAX_IDS = 100
MOST_COUNTED = 10_000  # ten listings; a larger album is not counted to its end

NOT_FOUND = (HTTPStatus.NOT_FOUND, "There is no such photo, or no such album.")
GONE = (HTTPStatus.GONE, "This photo was deleted.")
NOT_YOURS = (HTTPStatus.FORBIDDEN, "Only whoever uploaded the photo can delete it.")


class Variant(BaseModel):
    """One picture file; `size` is the side of the box it was fitted into."""

    model_config = ConfigDict(from_attributes=True)

    size: int = Field(examples=[400])
    width: int = Field(examples=[400])
    height: int = Field(examples=[267])
    format: str = Field(examples=["webp"], validation_alias=AliasPath("format", "name"))
    type: str = Field(examples=["image/webp"], validation_alias=AliasPath("format", "content_type"))
    # The context of the validation is what makes an address of a key.
    url: Annotated[str, BeforeValidator(lambda key, info: info.context(key))] = Field(
        description="Valid for at least an hour, and the same for browsers' caches.",
        validation_alias="key",
    )


class Original(BaseModel):
    """What was uploaded, where the album keeps it and the caller may have it."""

    bytes: int = Field(examples=[4_100_000])
    type: str = Field(examples=["image/jpeg"])
    located: bool = Field(description="Whether it may say where it was taken.")
    path: str = Field(description="Leads to it, saved under the photo's name.")


class Photo(BaseModel):
    """A published photo; width and height are the upright original's."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    album: str = Field(examples=[keys.MAIN_ALBUM])
    state: Literal["ready"] = "ready"
    name: str = Field(description="The file name it was uploaded under.", examples=["beach.jpg"])
    width: int = Field(examples=[3000])
    height: int = Field(examples=[2000])
    animated: bool
    guest: str = Field(
        default="", description="Who it is from, where the album shows that.", examples=["Käthe"]
    )
    caption: str | None = Field(
        default=None, description="What stands under it; only of a photo that is looked up alone."
    )
    uploaded_at: datetime
    taken_at: Annotated[str | None, BeforeValidator(iso_taken)] = Field(
        description="What the camera's clock showed, with its offset from UTC where it noted one.",
        examples=["2026-07-15T18:30:00.000+02:00"],
        validation_alias="taken",
    )
    thumbhash: Annotated[str, BeforeValidator(base64_text)] = Field(
        description="Placeholder, base64 (see thumbhash)."
    )
    variants: list[Variant]
    # Who may have it is not the photo's to say, so no attribute is it.
    original: Original | None = Field(default=None, validation_alias="offered_original")

    @computed_field(description="Path of the photo's own page.")
    def page(self) -> str:
        """Return the path of the photo's own page."""
        return photo_path(self.album, self.id)


class Rejected(BaseModel):
    """An upload that cannot become a photo."""

    id: str
    state: Literal["rejected"] = "rejected"
    reason: str = Field(description="Stable code.", examples=["truncated"])
    message: str = Field(description="One sentence for a person.")
    note: str = Field(default="", description="What the owner wrote who did not publish it.")


class Duplicate(BaseModel):
    """An upload whose very bytes another photo of the album has; it was not kept a second time."""

    id: str
    state: Literal["duplicate"] = "duplicate"
    of: str = Field(description="The photo that has them.")
    page: str = Field(description="Path of that photo's page.")


class Waiting(BaseModel):
    """An upload that is stored and not yet resized."""

    id: str
    state: Literal["waiting"] = "waiting"


class Pending(BaseModel):
    """An upload that waits until the album's owner publishes it."""

    id: str
    state: Literal["pending"] = "pending"
    page: str = Field(description="Path of the page that tells what became of it.")


class Stored(BaseModel):
    """An upload that is a photo, for whoever may upload to the album and not see it."""

    id: str
    state: Literal["stored"] = "stored"


class Absent(BaseModel):
    """An id without a photo: deleted by its uploader, or never seen here."""

    id: str
    state: Literal["deleted", "unknown"]


AnyState = Annotated[
    Photo | Rejected | Duplicate | Waiting | Pending | Stored | Absent,
    Field(discriminator="state"),
]


class PhotoList(BaseModel):
    """Photos in the album's order, newest first; `next` is the `after` of the next page."""

    photos: list[AnyState]
    next: str | None = None


class PhotoCount(BaseModel):
    """How many photos there are; null stands for more than are counted."""

    count: int | None = Field(examples=[3482])
    newer: int | None = Field(description="Those newer than `newer_than`.", examples=[120])


_AFTER = Query(
    pattern=f"^{POSITION_PATTERN}$",
    description="Only photos behind this one: a photo's id, or the `next` of an earlier page.",
)
_LIMIT = Query(
    ge=1, le=MAX_LIMIT,
    description="Photos at most, fewer where their addresses are long; a setting if absent.",
)  # fmt: skip
_BY = Query(
    max_length=60,
    description="Only photos of guests whose name has this in it, where the album shows names. A page "
    "may then have few photos, or none, and yet a `next`.",
)
_IDS = Query(
    max_length=27 * MAX_IDS,
    description=f"Up to {MAX_IDS} ids with commas between: the state of each instead.",
)


@router.get(
    "",
    summary="List photos, or follow uploads",
    responses=documented(NO_SUCH_ALBUM, MALFORMED, UNAVAILABLE),
)
def list_photos(
    place: CanFollow,
    store: StoreDep,
    settings: SettingsDep,
    after: Annotated[str | None, _AFTER] = None,
    limit: Annotated[int | None, _LIMIT] = None,
    ids: Annotated[str | None, _IDS] = None,
    by: Annotated[str, _BY] = "",
) -> PhotoList:
    """Newest first, or with `ids` the state of each, in the order given."""
    gallery = Gallery.seen_from(store, place, by.strip(), place.album.order)
    if ids is not None:
        statuses = gallery.statuses([id_ for id_ in ids.split(",") if keys.is_photo_id(id_)])
        unknown = Status("", "unknown")
        asked = [id_ for id_ in ids.split(",") if id_]
        states = [_state(id_, statuses.get(id_, unknown), place, store, settings) for id_ in asked]
        return PhotoList(photos=states)
    if not place.may(Action.SEE):
        raise ProblemError(*NO_SUCH_ALBUM)
    page = gallery.page(after, limit or settings.page_size)
    shown = {photo.id: _shown(photo, place, store, settings) for photo in page.photos}
    page = fitting(page, gallery.order, lambda photo: len(shown[photo.id].model_dump_json()))
    return PhotoList(photos=[shown[photo.id] for photo in page.photos], next=page.next)


@router.get(
    "/count",
    summary="Count the photos",
    responses=documented(NO_SUCH_ALBUM, MALFORMED, UNAVAILABLE),
)
def count_photos(
    place: CanSee,
    store: StoreDep,
    newer_than: Annotated[
        str | None, Query(pattern=f"^{keys.PHOTO_ID_PATTERN}$", description="A photo id.")
    ] = None,
) -> PhotoCount:
    """How many photos there are, and how many of them are newer than one."""
    gallery = Gallery.seen_from(store, place, order=place.album.order)
    count, newer = gallery.count(newer_than, MOST_COUNTED)
    return PhotoCount(count=count, newer=newer)


@router.get(
    "/{photo_id}",
    summary="Look up one photo",
    responses=documented(NOT_FOUND, GONE, UNAVAILABLE),
)
def get_photo(
    photo_id: PhotoId, place: CanFollow, store: StoreDep, settings: SettingsDep
) -> Photo | Rejected | Duplicate | Waiting | Pending | Stored:
    """Ready with its variants, rejected with its reason, waiting, or waiting for approval."""
    known = keys.is_photo_id(photo_id)
    status = Gallery.seen_from(store, place).status(photo_id) if known else None
    _refuse_absent(status)
    state = _state(photo_id, status, place, store, settings) if status else None
    if state is None or isinstance(state, Absent):
        raise ProblemError(*NOT_FOUND)
    if isinstance(state, Photo) and status and status.photo and place.album.captions:
        state.caption = Gallery(store, place.slug).caption(status.photo)
    return state


@router.delete(
    "/{photo_id}",
    summary="Delete a photo",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(NOT_YOURS, NOT_FOUND, GONE, MALFORMED, UNAVAILABLE),
)
def delete_photo(
    photo_id: PhotoId,
    place: CanDelete,
    store: StoreDep,
    delete_token: DeleteToken = None,
) -> Response:
    """Delete for good a photo, or an upload that waits or was rejected.

    The owner, and a key that may tidy the album, need no token.
    """
    known = keys.is_photo_id(photo_id)
    token = None if place.may(Action.TIDY) else delete_token or ""
    try:
        before = (
            Gallery.seen_from(store, place).delete(photo_id, token, browser=place.browser)
            if known
            else None
        )
    except NotUploaderError:
        raise ProblemError(*NOT_YOURS) from None
    _refuse_absent(before)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _refuse_absent(status: Status | None) -> None:
    if status is None or status.state == "unknown":
        raise ProblemError(*NOT_FOUND)
    if status.state == "deleted":
        raise ProblemError(*GONE)


def _shown(photo: photos.Photo, place: Place, store: Store, settings: Settings) -> Photo:
    told = photo if place.shows_names else replace(photo, guest="")
    shown = Photo.model_validate(told, context=store.gallery.url)
    if original := place.original_of(photo, settings.originals_days):
        shown.original = Original(
            bytes=original.bytes,
            type=original_type(original.extension),
            located=original.located,
            path=original_path(photo),
        )
    return shown


def _state(
    photo_id: str, status: Status, place: Place, store: Store, settings: Settings
) -> Photo | Rejected | Duplicate | Waiting | Pending | Stored | Absent:
    if status.state == "stored" and place.may(Action.FOLLOW):
        return Stored(id=photo_id)
    if status.state == "pending" or status.twin_waits:
        return Pending(id=photo_id, page=photo_path(place.slug, photo_id))
    if status.reason == Reason.DUPLICATE:
        # Whoever may not see the other one learns no more than that the album has the picture.
        if not status.of:
            return Stored(id=photo_id)
        return Duplicate(id=photo_id, of=status.of, page=photo_path(place.slug, status.of))
    if status.photo:
        return _shown(status.photo, place, store, settings)
    if status.state == "rejected":
        return Rejected(id=photo_id, reason=status.reason, message=status.message, note=status.note)
    if status.state == "waiting":
        return Waiting(id=photo_id)
    return Absent(id=photo_id, state="deleted" if status.state == "deleted" else "unknown")
