"""Lambda's own API, as far as it invokes: what boto3's and the command line's `invoke` call.

Source: AWS Lambda API reference, "Invoke". Signatures are not checked, and an asynchronous
invocation that fails is not tried again.
"""

import base64
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

from tests.deploy.images.lambda_runtime import Lambda

PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
LARGEST_EVENT = {"RequestResponse": 6 << 20, "Event": 1 << 20}  # bytes
TAIL_BYTES = 4096


class InvokeApi(ThreadingHTTPServer):
    """Invokes functions by name, on a port of loopback."""

    daemon_threads = True

    def __init__(self, functions: Mapping[str, Lambda]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.functions = functions
        self.background: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Return what clients take as endpoint."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        """Return itself, serving."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Stop, once what was invoked asynchronously has ended."""
        for thread in self.background:
            thread.join()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: InvokeApi

    def do_POST(self) -> None:
        event = self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"null"
        path = PATH.fullmatch(urlsplit(self.path).path)
        name = unquote(path[1]).rpartition(":")[2] if path else ""
        function = self.server.functions.get(name)
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if function is None:
            self._refuse(404, "ResourceNotFoundException", f"Function not found: {name}")
        elif kind == "DryRun":
            self._answer(204)
        elif kind not in LARGEST_EVENT:
            self._refuse(400, "InvalidParameterValueException", f"no invocation type: {kind}")
        elif len(event) > LARGEST_EVENT[kind]:
            self._refuse(413, "RequestTooLargeException", f"{len(event)} bytes")
        elif not _is_json(event):
            self._refuse(400, "InvalidRequestContentException", "Could not parse request body")
        elif kind == "Event":
            thread = threading.Thread(target=function.invoke_bytes, args=[event])
            self.server.background.append(thread)
            thread.start()
            self._answer(202)
        else:
            self._invoke(function, event)

    def _invoke(self, function: Lambda, event: bytes) -> None:
        logged = function.log.stat().st_size
        failed, body = function.invoke_bytes(event)
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        if failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            tail = function.log.read_bytes()[logged:][-TAIL_BYTES:]
            headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
        self._answer(200, body, headers)

    def _refuse(self, status: int, kind: str, message: str) -> None:
        body = json.dumps({"Type": "User", "Message": message}).encode()
        self._answer(status, body, {"X-Amzn-ErrorType": kind})

    def _answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        always = {"Content-Type": "application/json", "X-Amzn-RequestId": "1"}
        if status != 204:
            always["Content-Length"] = str(len(body))
        for name, value in (always | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        pass


def _is_json(event: bytes) -> bool:
    try:
        json.loads(event)
    except ValueError:
        return False
    return True
