"""What visitors told the owner of a photo, in the gallery bucket: one report a photo at most."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from services.core.keys import REPORT_PREFIX, report_key
from services.store.bucket import Bucket


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody wrote of a photo; `reported` is ISO 8601."""

    album: str
    photo_id: str
    text: str
    reported: str


class Reports:
    """The objects under `reports/<album>/<photo id>`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, album: str, photo_id: str, text: str) -> None:
        """Keep a report; of several of one photo the first, so that nobody fills the bucket."""
        report = Report(album, photo_id, text, datetime.now(UTC).isoformat())
        self._bucket.put_json(report_key(album, photo_id), asdict(report), IfNoneMatch="*")

    def some(self, most: int) -> list[Report]:
        """Return at most so many reports."""
        read = [self._bucket.get_json(key) for key in [*self._bucket.listed(REPORT_PREFIX)][:most]]
        return [Report(**record) for record in read if record]

    def remove(self, album: str, photo_id: str) -> None:
        """Be done with a photo's report."""
        self._bucket.drop(report_key(album, photo_id))
