"""An S3 whose gallery has any number of photos: it makes up its listings and keeps nothing."""

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from services.core import keys
from services.core.photo import Photo, stored_variants
from services.core.variants import FORMATS, Fit
from tests.loopback import LoopbackServer

START = datetime(2020, 1, 1, tzinfo=UTC)
FORMS = (FORMATS["webp"], FORMATS["jpeg"])
SIZES = [(Fit(size, size, size * 3 // 4), FORMS) for size in (400, 800, 1600)]
INDEX = f"{keys.INDEX_PREFIX}{keys.MAIN_ALBUM}/"


def photo_id(number: int) -> str:
    """Return the id of a photo; one a second, number 0 the oldest."""
    return keys.photo_id_of_object("", "x", str(number), START + timedelta(seconds=number))


def index_key(number: int) -> str:
    """Return the index entry of a photo."""
    album, id_ = keys.MAIN_ALBUM, photo_id(number)
    variants = stored_variants(album, id_, SIZES, private=False)
    photo = Photo(album, id_, 4000, 3000, b"twenty-four bytes of hash", variants, "holiday.jpg")
    return photo.key()


class Listing(BaseHTTPRequestHandler):
    """Answers ListObjectsV2 of the index."""

    protocol_version = "HTTP/1.1"
    server: "GeneratedS3"

    def do_GET(self) -> None:
        """Make up as many entries as are asked for, from where they are asked for."""
        if "list-type" not in self.path:  # an album's record
            self.server.reads += 1
            record = self.server.records.get(urlsplit(self.path).path.split("/", 2)[-1])
            if record is None:
                self._respond(404, "<Error><Code>NoSuchKey</Code></Error>")
            else:
                self._respond(200, json.dumps(record))
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        start = query.get("continuation-token") or query.get("start-after", "")
        after = start.removeprefix(INDEX)[:26]
        newest = self.server.photos - 1
        if keys.is_photo_id(after):
            newest = int((keys.uploaded_at(after) - START).total_seconds()) - 1
        oldest = max(0, newest + 1 - int(query.get("max-keys", "1000")))
        if self.server.prefixed and (prefix := query["prefix"]) != INDEX:
            one = prefix.removeprefix(INDEX)[:26]
            known = prefix.startswith(INDEX) and keys.is_photo_id(one)
            number = int((keys.uploaded_at(one) - START).total_seconds()) if known else -1
            newest, oldest = (number, number) if 0 <= number < self.server.photos else (-1, 0)
        contents = "".join(
            f"<Contents><Key>{index_key(number)}</Key><Size>900</Size></Contents>"
            for number in range(newest, oldest - 1, -1)
        )
        truncated = "true" if oldest > 0 else "false"
        body = (
            f'<?xml version="1.0"?><ListBucketResult><IsTruncated>{truncated}</IsTruncated>'
            f"<NextContinuationToken>{photo_id(oldest)}</NextContinuationToken>"
            f"<KeyCount>{newest + 1 - oldest}</KeyCount>{contents}</ListBucketResult>"
        )
        self.server.requests += 1
        self._respond(200, body)

    def _respond(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class GeneratedS3(LoopbackServer):
    """The server; `photos` may be changed at any time, `requests` counts what was asked.

    `records` are the JSON objects that it has, by key. Whatever prefix is asked for, it has as many
    entries as the index, unless `prefixed`: then it has the index alone.
    """

    def __init__(self, photos: int) -> None:
        super().__init__(Listing)
        self.photos = photos
        self.prefixed = False
        self.records: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.reads = 0
