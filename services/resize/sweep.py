"""The scheduled sweep: finds uploads that no event brought, because no event path is lossless."""

import logging
from datetime import UTC, datetime, timedelta

from services.core.settings import Settings
from services.resize.events import UploadEvent
from services.resize.publish import photo_id_of
from services.store import Store
from services.store.attempts import Tried

logger = logging.getLogger(__name__)


def overdue(store: Store, settings: Settings, now: datetime | None = None) -> list[UploadEvent]:
    """Return the uploads that have waited longer than they should: least tried first, then newest.

    So what fails cannot starve what was lost; what was given up on is left out, and what failed a
    moment ago waits, since a busy machine may be to blame.
    """
    now = now or datetime.now(UTC)
    moment = now - timedelta(seconds=settings.sweep_after_seconds)
    tried, given_up = store.attempts.tried()
    waiting = [
        (tried.get(photo_id, Tried(0, version.modified)), version)
        for version in store.uploads.waiting(moment)
        if (photo_id := photo_id_of(version, store)) not in given_up
    ]
    waiting.sort(key=lambda item: (item[0].times, -item[1].modified.timestamp()))
    found = [
        UploadEvent(store.uploads.name, version.key, version.version_id)
        for tries, version in waiting
        if tries.again <= now
    ]
    if found:
        logger.warning("uploads without an event", extra={"uploads": len(found)})
    return found
