"""An S3 that has any list of keys, without contents, and counts what is asked of it."""

import json
from bisect import bisect_left, bisect_right
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import LoopbackServer


class Listing(BaseHTTPRequestHandler):
    """Answers ListObjectsV2, with a delimiter or without, and GETs of the objects that have contents."""

    protocol_version = "HTTP/1.1"
    server: "ListedS3"

    def do_GET(self) -> None:
        """List, or return an object."""
        address = urlsplit(self.path)
        if "list-type" in address.query:
            self.server.listings += 1
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._respond(200, self._listed(query))
            return
        self.server.reads += 1
        kept = self.server.contents.get(unquote(address.path).split("/", 2)[2])
        if kept is None:
            self._respond(404, "<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._respond(200, json.dumps(kept))

    def _listed(self, query: dict[str, str]) -> str:
        prefix, most = query.get("prefix", ""), int(query.get("max-keys", "1000"))
        start = query.get("continuation-token") or query.get("start-after", "")
        names = self.server.names
        at = max(bisect_left(names, prefix), bisect_right(names, start))
        found: list[str] = []
        while at < len(names) and names[at].startswith(prefix) and len(found) <= most:
            name = names[at]
            folder, slash, _ = name[len(prefix) :].partition("/")
            if query.get("delimiter") and slash:
                name = f"{prefix}{folder}/"
                at = bisect_left(names, f"{prefix}{folder}0")
            else:
                at += 1
            if name > start:
                found.append(name)
        more, found = len(found) > most, found[:most]
        items = "".join(
            f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"
            if name.endswith("/")
            else f"<Contents><Key>{name}</Key><Size>2</Size></Contents>"
            for name in found
        )
        token = f"<NextContinuationToken>{found[-1]}~</NextContinuationToken>" if more else ""
        return (
            f'<?xml version="1.0"?><ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>'
            f"{token}<KeyCount>{len(found)}</KeyCount>{items}</ListBucketResult>"
        )

    def _respond(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("ETag", '"e"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class ListedS3(LoopbackServer):
    """The server of these keys; `contents` are JSON objects by key."""

    def __init__(self, names: list[str], contents: dict[str, Any]) -> None:
        super().__init__(Listing)
        self.names = sorted([*names, *contents])
        self.contents = contents
        self.listings = self.reads = 0
