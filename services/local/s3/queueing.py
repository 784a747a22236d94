"""The SQS side: short calls under a lock, long polling by waiting for the next message."""

import json
import logging
import threading
import time
from typing import Any

from services.local.s3.errors import S3Error
from services.local.s3.exchange import Answer, Request
from services.local.s3.moto_backend import MotoBackend

logger = logging.getLogger(__name__)

# Messages also become visible by time alone; nobody tells of that.
RECHECK_SECONDS = 0.2
TARGET = "AmazonSQS.ReceiveMessage"


class Queueing:
    """The queues of the local S3; they live as long as the process."""

    def __init__(self, moto: MotoBackend) -> None:
        self._moto = moto
        self._arrival = threading.Condition()
        self._closed = False

    def answer(self, request: Request, body: bytes) -> Answer:
        """Answer one SQS request of the JSON protocol, as boto3 and the AWS CLI speak it.

        moto waits for messages inside its call; here the waiting is ours, so that a message is
        received in the moment it is sent and two receivers never get the same one.
        """
        wait_seconds = 0.0
        if request.headers.get("X-Amz-Target") == TARGET:
            parameters = _json(body)
            wait_seconds = float(parameters.pop("WaitTimeSeconds", 0))
            body = json.dumps({**parameters, "WaitTimeSeconds": 0}).encode()
        deadline = time.monotonic() + wait_seconds
        with self._arrival:
            while True:
                answer = self._moto.call_sqs(request, body)
                left = deadline - time.monotonic()
                if self._closed or not answer.ok or left <= 0 or _json(answer.body):
                    break
                self._arrival.wait(min(left, RECHECK_SECONDS))
            if request.headers.get("X-Amz-Target", "").startswith("AmazonSQS.SendMessage"):
                self._arrival.notify_all()
        return answer

    def send(self, queue_arn: str, message: str) -> None:
        """Put a notification into the queue that a bucket's configuration names."""
        queue = queue_arn.rsplit(":", 1)[-1]
        with self._arrival:
            if queue not in self._moto.sqs.queues:
                logger.warning("notification lost: no such queue", extra={"queue": queue_arn})
                return
            self._moto.send(queue, message)
            self._arrival.notify_all()

    def close(self) -> None:
        """Let everybody who waits go."""
        with self._arrival:
            self._closed = True
            self._arrival.notify_all()


def refusal(error: S3Error) -> Answer:
    """Return a refusal as SQS words it."""
    answer = Answer(error.status)
    answer.headers["Content-Type"] = "application/x-amz-json-1.0"
    answer.body = json.dumps(
        {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
    ).encode()
    return answer


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
