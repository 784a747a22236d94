"""Photos that look alike, for whoever may delete them."""

from fastapi import APIRouter, Request, Response

from services.core import keys
from services.core.similar import groups_of
from services.web.access import CanTidy
from services.web.dependencies import StoreDep
from services.web.rendering import render

router = APIRouter()

NEWEST = 1000  # one listing
ON_A_PAGE = 60


@router.get("/similar")
def similar_page(request: Request, place: CanTidy, store: StoreDep, after: str = "") -> Response:
    """Show groups of the newest photos that look alike; `after` is the first photo of a group.

    One request to S3, however many groups there are.
    """
    photos, more = store.pages.page(place.slug, None, NEWEST)
    groups = groups_of(photos)
    if keys.is_photo_id(after):
        groups = [group for group in groups if group[0].id > after]
    shown, count = [], 0
    while groups and count < ON_A_PAGE:
        group = groups.pop(0)
        shown.append((len(group), group[:ON_A_PAGE]))
        count += len(group)
    following = shown[-1][1][0].id if groups else None
    return render(
        request, "owner/similar.html", groups=shown, following=following, bounded=bool(more)
    )
