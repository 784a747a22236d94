"""The embedded S3: one HTTP endpoint with S3's API and the queues that it notifies.

    with LocalS3(folder) as s3:
        boto3.client("s3", endpoint_url=s3.url, aws_access_key_id=s3.access_key_id, …)

What it takes is checked as S3 checks it; what it has acknowledged is in the folder.
"""

import errno
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.credentials import Credentials
from werkzeug.datastructures import Headers

from services.local.s3.application import Application
from services.local.s3.errors import LocalS3Error
from services.local.s3.exchange import Answer, Request
from services.local.s3.object_folder import ObjectFolder

logger = logging.getLogger(__name__)

MAX_DRAINED_BYTES = 1_000_000


def utc_now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


class LocalS3:
    """An S3 on the loopback interface, in a thread of this process.

    `folder` keeps buckets, objects, versions and unfinished uploads; None keeps them in memory.
    `port` 0 takes any free one. Queues are not kept. Raises LocalS3Error on `start` where the port
    is taken or the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        access_key_id: str = "local",
        secret_access_key: str = "local-secret",  # noqa: S107  # a default for tests, on loopback
        session_token: str | None = None,
        region: str = "us-east-1",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self.region = region
        self._credentials = Credentials(access_key_id, secret_access_key, session_token)
        self._folder = folder
        self._address = (host, port)
        self._now = now
        self._application: Application | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The endpoint, once started."""
        if self._server is None:
            raise LocalS3Error("The local S3 has no address before it is started.")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Listen and restore; requests are answered when this returns."""
        try:
            server = _Server(self._address, _Handler)
        except OSError as error:
            host, port = self._address
            if error.errno == errno.EADDRINUSE:
                why = f"Port {port} is in use; stop what uses it or choose another one for the S3."
            else:
                why = f"The local S3 cannot listen on {host}:{port}: {error.strerror}."
            raise LocalS3Error(why) from None
        try:
            folder = ObjectFolder(self._folder) if self._folder else None
        except LocalS3Error:
            server.server_close()
            raise
        self._application = Application(self._credentials, self.region, folder, self._now)
        server.answer = self._application.answer
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), name="local-s3", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, end every connection, and let go of the folder."""
        if self._server is None or self._application is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._application.close()
        self._server.close_connections()
        self._server.server_close()
        self._server = self._application = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection; the connections are known, so that they can be ended."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    answer: Callable[[Request], Answer]

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End every connection: a client may keep one open, and must not reach a stopped server."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it ended by itself

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # socketserver's
        """Log what a handler raised; a client that goes away is none of it."""
        logger.debug("connection ended", extra={"client": str(client_address)})


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with connections kept open; without Nagle's delay, which costs 40 ms an answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # headers and body leave in one packet
    timeout = 120
    server: _Server

    def serve(self) -> None:
        """Answer one request."""
        raw_path, _, raw_query = self.path.partition("?")
        if not raw_path.startswith("/"):  # absolute form: http://host/path
            raw_path = "/" + raw_path.partition("://")[2].partition("/")[2]
        left = 0

        def read(size: int) -> bytes:
            nonlocal left
            data = self.rfile.read(min(size, left))
            left -= len(data)
            return data

        request = Request(
            method=self.command,
            raw_path=raw_path,
            raw_query=raw_query,
            headers=Headers([(name, _text(value)) for name, value in self.headers.items()]),
            source_ip=str(self.client_address[0]),
            read=read,
        )
        length = self.headers.get("Content-Length", "")
        left = int(length) if length.isascii() and length.isdigit() else 0
        answer = self.server.answer(request)
        if left or "Transfer-Encoding" in self.headers:
            # A client that still sends would never see the answer if the connection were cut.
            read(MAX_DRAINED_BYTES)
            self.close_connection = self.close_connection or left > 0
            self.close_connection = self.close_connection or "Transfer-Encoding" in self.headers
        self._send(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = serve  # noqa: N815  # the names that http.server calls

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if answer.status not in (204, 304):
            length = str(len(answer.body))
            if self.command == "HEAD":
                length = answer.headers.get("Content-Length", length)
            self.send_header("Content-Length", length)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(answer.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Let the client send its body at once; it waits for this line."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def version_string(self) -> str:
        """Return what S3 calls itself."""
        return "AmazonS3"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's own name
        """Keep the access log for those who ask for it."""
        logger.debug("request", extra={"line": format % args})


def _text(value: str) -> str:
    """Return a header as UTF-8 where it is that; http.server reads all as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
