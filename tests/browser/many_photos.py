"""An album of any number of photos whose bytes a server makes up, and a reader of the ZIP they become.

What the gallery shows and signs is real; only the objects are not stored anywhere.
"""

import contextlib
import io
import queue
import struct
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3
import uvicorn
from PIL import Image

from services.core.albums import MAIN, album_key
from services.core.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.conftest import free_port
from tests.generated_s3 import GeneratedS3
from tests.loopback import LoopbackServer


class Bytes(BaseHTTPRequestHandler):
    """Answers GETs of variants as S3 does, ranges and preflights too, and takes a ZIP by POST."""

    protocol_version = "HTTP/1.1"
    server: "ByteServer"

    def do_OPTIONS(self) -> None:
        """Allow what the template's CORS rule allows."""
        self._respond(204, b"", Access_Control_Allow_Headers="range, if-match")

    def do_GET(self) -> None:
        """Send a photo's bytes, or fail as the test has it."""
        photo_id, name = self.path.split("?")[0].split("/")[-2:]
        if name != "1600.jpg":
            self._respond(200, self.server.tile, Content_Type="image/jpeg")
            return
        asked = self.headers.get("range")
        self.server.asked[photo_id].append(asked)
        failures = self.server.failures[photo_id]
        failure = failures.pop(0) if failures else ""
        if failure.isdigit():
            self._respond(int(failure), b"")
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        body = self.server.body(photo_id)[start:]
        cut = len(body) // 2 if failure == "cut" else len(body)
        self._respond(206 if asked else 200, body[:cut], len(body), ETag='"1"')
        if failure == "cut":
            time.sleep(0.5)  # what came is read by then; an error empties the browser's queue
            self.close_connection = True

    def do_POST(self) -> None:
        """Take the next bytes of the ZIP."""
        self.server.zip.put(self.rfile.read(int(self.headers["content-length"])))
        self._respond(204, b"")

    def _respond(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "ETag")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class ByteServer(LoopbackServer):
    """Stands in for the gallery bucket: each photo's largest variant has `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(Bytes)
        self.size = size
        self.filler = bytes(range(256)) * (size // 256 + 1)
        self.failures: dict[str, list[str]] = defaultdict(list)
        self.asked: dict[str, list[str | None]] = defaultdict(list)
        self.zip: queue.Queue[bytes] = queue.Queue(4)

    def body(self, photo_id: str) -> bytes:
        """Return the bytes of a photo: its id, and the same for all."""
        return photo_id.encode() + self.filler[26 : self.size]

    @cached_property
    def tile(self) -> bytes:
        """A picture for the tiles."""
        encoded = io.BytesIO()
        Image.new("RGB", (400, 300), (90, 120, 150)).save(encoded, "JPEG")
        return encoded.getvalue()


@dataclass
class ManyPhotos:
    """A running gallery of made-up photos."""

    url: str
    bytes: ByteServer
    s3: GeneratedS3


@contextlib.contextmanager
def many_photos(session: boto3.Session, photos: int, size: int) -> Iterator[ManyPhotos]:
    """Run a gallery of `photos` photos of `size` bytes each, which offers downloads."""
    with GeneratedS3(photos) as s3, ByteServer(size) as server:
        s3.prefixed = True
        s3.records[album_key("main")] = replace(MAIN, downloads=True).record()
        settings = Settings(s3_endpoint_url=s3.url, image_base_url=server.url, page_size=20)
        app, port = create_app(settings, Store.connect(settings, session)), free_port()
        config = uvicorn.Config(app, "127.0.0.1", port, log_level="warning", lifespan="off")
        web = uvicorn.Server(config)
        running = threading.Thread(target=web.run)
        running.start()
        while not web.started:
            time.sleep(0.01)
        yield ManyPhotos(f"http://127.0.0.1:{port}", server, s3)
        web.should_exit = True
        running.join()


@dataclass
class Entry:
    """A file in a ZIP: its name, and the id that its bytes begin with."""

    name: str
    photo_id: str
    offset: int
    crc: int


class ZipReader(threading.Thread):
    """Reads a ZIP while it is made, keeping none of it, and holds it to PKWARE's APPNOTE 6.3.10.

    Every file is stored, `size` bytes long and has its CRC behind it; the directory at the end says the
    same, with ZIP64 records beyond 4 GiB. `entries` are there once it has ended.
    """

    def __init__(self, source: "queue.Queue[bytes]", size: int) -> None:
        super().__init__(daemon=True)
        self._source, self._size = source, size
        self._buffer, self._at, self._offset = b"", 0, 0
        self.entries: list[Entry] = []
        self.failure: BaseException | None = None
        self.bytes = 0

    def run(self) -> None:
        """Read to the end."""
        try:
            self._read()
        except BaseException as error:  # noqa: BLE001 the test raises it
            self.failure = error
            while True:  # let the page go on, so that the test ends
                self._source.get()

    def _take(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            if self._at == len(self._buffer):
                self._buffer, self._at = self._source.get(), 0
            part = self._buffer[self._at : self._at + count - len(found)]
            self._at += len(part)
            found += part
        self._offset += count
        self.bytes = self._offset
        return found

    def _read(self) -> None:
        central, start = 0, 0
        while True:
            offset, signature = self._offset, self._take(4)
            if signature == b"PK\x03\x04":
                self._file(offset)
            elif signature == b"PK\x01\x02":
                start = start or offset
                self._described(self.entries[central])
                central += 1
            elif signature == b"PK\x06\x06":
                (length,) = struct.unpack("<Q", self._take(8))
                record = struct.unpack("<HHIIQQQQ", self._take(length))
                assert record[4:] == (central, central, offset - start, start)
            elif signature == b"PK\x06\x07":
                self._take(16)
            else:
                assert signature == b"PK\x05\x06"
                _, _, here, total, length, first, _ = struct.unpack("<HHHHIIH", self._take(18))
                assert (here, total) == (central, central)
                assert central == len(self.entries)
                assert first == min(start, 0xFFFFFFFF)
                assert length > 0
                return

    def _file(self, offset: int) -> None:
        _, flags, method, *_, names, extra = struct.unpack("<HHHHHIIIHH", self._take(26))
        assert (flags, method, extra) == (0x0808, 0, 0)  # sizes follow, UTF-8, stored
        name, data = self._take(names).decode(), self._take(self._size)
        crc, packed, size = struct.unpack("<III", self._take(16)[4:])
        assert (packed, size) == (self._size, self._size)
        assert crc == zlib.crc32(data)
        self.entries.append(Entry(name, data[:26].decode(), offset, crc))

    def _described(self, entry: Entry) -> None:
        fields = struct.unpack("<HHHHHHIIIHHHHHII", self._take(42))
        crc, packed, size, names, extra, comment = fields[6:12]
        assert self._take(names).decode() == entry.name
        assert (crc, packed, size, comment) == (entry.crc, self._size, self._size, 0)
        offset, more = fields[15], self._take(extra)
        if offset == 0xFFFFFFFF:
            tag, length, offset = struct.unpack("<HHQ", more)
            assert (tag, length) == (1, 8)
        assert offset == entry.offset
