"""Whether the process lives, and whether it can do its work."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.core import keys
from services.web.dependencies import StoreDep
from services.web.problems import UNAVAILABLE, documented

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well; anything else is a problem."""

    status: str = "ok"


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Liveness: depends on nothing else."""
    return Health()


@router.get(
    "/readyz",
    summary="Are the buckets reachable?",
    responses=documented(UNAVAILABLE),
)
def readyz(store: StoreDep) -> Health:
    """Readiness: lists one key of each bucket."""
    store.uploads.check(keys.UPLOAD_PREFIX)
    store.gallery.check(keys.INDEX_PREFIX)
    return Health()
