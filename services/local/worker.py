"""Does what Lambda does: takes events off a queue and calls the handler, again where it raises.

`python -m services.local.worker QUEUE_URL`, or without a queue, where the S3 sends no
notifications to one: a sweep each second.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError

from services.local.provision import VISIBILITY_SECONDS, make_sqs

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

Handler = Callable[[Any, Any], Any]

TIMEOUT_SECONDS = 60
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event"}


class Context:
    """As much of Lambda's context object as the handler asks for."""

    def __init__(self, seconds: float = TIMEOUT_SECONDS) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return max(0, int((self._end - time.monotonic()) * 1000))


def take_one(sqs: "SQSClient", queue: str, handler: Handler, *, wait_seconds: int = 10) -> bool:
    """Do one message, if one comes in time, and delete it only if the handler did not raise."""
    answer = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=1,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    for message in answer.get("Messages", []):
        try:
            handler(json.loads(message["Body"]), Context())
        except Exception:
            tries = int(message["Attributes"]["ApproximateReceiveCount"])
            logger.exception("event not done", extra={"tries": tries})
            sqs.change_message_visibility(
                QueueUrl=queue,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=min(2**tries, VISIBILITY_SECONDS),
            )
            continue
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return True
    return False


def main(queue: str | None) -> None:
    """Work until the process that started this one is gone."""
    # The handler's module makes its clients when it is imported, as on Lambda.
    from services.resize.handler import SETTINGS, handler

    parent = os.getppid()
    sqs = make_sqs(SETTINGS, boto3.Session(region_name=SETTINGS.region))
    while os.getppid() == parent:
        try:
            if queue:
                take_one(sqs, queue, handler)
            else:
                handler(SCHEDULE, Context())
                time.sleep(1)
        except BotoCoreError:
            logger.warning("the storage does not answer; trying again")
            time.sleep(1)


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else None)
    except KeyboardInterrupt:
        sys.exit(0)
