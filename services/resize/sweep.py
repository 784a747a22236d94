"""The scheduled sweep: finds uploads that no event brought, because no event path is lossless."""

import logging
from datetime import UTC, datetime, timedelta

from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.publish import photo_id_of
from services.store import Store

logger = logging.getLogger(__name__)


def overdue(store: Store, settings: Settings, now: datetime | None = None) -> list[UploadEvent]:
    """Return the uploads that have waited longer than they should: least tried first, then newest.

    So what fails cannot starve what was lost; what was given up on is left out.
    """
    moment = (now or datetime.now(UTC)) - timedelta(seconds=settings.sweep_after_seconds)
    tried, given_up = store.attempts.tried()
    waiting = [(photo_id_of(version, store), version) for version in store.uploads.waiting(moment)]
    waiting.sort(key=lambda item: (tried[item[0]], -item[1].modified.timestamp()))
    found = [
        UploadEvent(store.uploads.name, version.key, version.version_id)
        for photo_id, version in waiting
        if photo_id not in given_up
    ]
    if found:
        logger.warning("uploads without an event", extra={"uploads": len(found)})
    return found
