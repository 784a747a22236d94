"""`python -m tests.deploy.images.emulator RUNTIME…`: Lambda's runtime interface emulator, in the image.

AWS's own binary is not to be had where no registry is reached. This one starts the runtime that the
image would start, and answers POST /2015-03-31/functions/function/invocations on port 8080 with what
the handler answers; an answer that is an error has the header X-Amz-Function-Error. It ends with the
runtime, as an execution environment does.
"""

import os
import queue
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.deploy.images.runtime_api import Invocation, Outcome, RuntimeApi

PORT = 8080


class Emulator(ThreadingHTTPServer):
    """Hands one invocation after another to one runtime."""

    daemon_threads = True

    def __init__(self, runtime: list[str]) -> None:
        super().__init__(("0.0.0.0", PORT), _Handler)  # noqa: S104 the container's own network
        self.api = RuntimeApi()
        self.one_at_a_time = threading.Lock()
        host = f"127.0.0.1:{self.api.server_port}"
        # Python, as the first process, would reap no orphans and heed no signal.
        self.runtime = subprocess.Popen(runtime, env=os.environ | {"AWS_LAMBDA_RUNTIME_API": host})
        threading.Thread(target=self._end_with_runtime, daemon=True).start()

    def invoke(self, id_: str, event: bytes) -> Outcome:
        """Return what the runtime makes of an event."""
        with self.one_at_a_time:
            seconds = float(os.environ["AWS_LAMBDA_FUNCTION_TIMEOUT"])
            deadline_ms = int((time.time() + seconds) * 1000)
            arn = os.environ["_LAMBDA_FUNCTION_ARN"]  # MiniStack's
            self.api.waiting.put(Invocation(id_, event, deadline_ms, arn))
            while True:
                try:
                    return self.api.outcomes.get(timeout=0.1)
                except queue.Empty:
                    if self.runtime.poll() is not None:
                        body = (
                            b'{"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited"}'
                        )
                        return Outcome(id_, "error", body)

    def _end_with_runtime(self) -> None:
        self.runtime.wait()
        time.sleep(1)  # for the answer to who waits
        self.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement
    server: Emulator

    def do_POST(self) -> None:
        event = self.rfile.read(int(self.headers["Content-Length"] or 0))
        outcome = self.server.invoke(self.headers["X-Amzn-RequestId"], event)
        self.send_response(200)
        if outcome.kind == "error":
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(outcome.body)))
        self.end_headers()
        self.wfile.write(outcome.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        pass


if __name__ == "__main__":
    Emulator(sys.argv[1:]).serve_forever()
