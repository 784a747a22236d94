"""The scheduled sweep: finds uploads that no event brought, because no event path is lossless."""

import logging
from datetime import UTC, datetime, timedelta

from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.store import Store

logger = logging.getLogger(__name__)


def overdue(store: Store, settings: Settings, now: datetime | None = None) -> list[UploadEvent]:
    """Return the uploads that have waited longer than they should, the older version first."""
    moment = (now or datetime.now(UTC)) - timedelta(seconds=settings.sweep_after_seconds)
    found = [
        UploadEvent(store.uploads.name, version.key, version.version_id)
        for version in store.uploads.waiting(moment)
    ]
    if found:
        logger.warning("uploads without an event", extra={"uploads": len(found)})
    return found[::-1]  # S3 lists the versions of a key newest first
