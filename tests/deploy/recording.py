"""`hypercorn tests.deploy.recording:app`: MiniStack, and a list of the rights that were asked for.

With AUTH=true MiniStack holds each request to the policies of whoever signed it. This writes its
questions to the file that RECORD names, a line of JSON each: who (an access key id), action, resource,
and whether it was allowed.
"""

import json
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator

_asked: ContextVar[list[tuple[str, str]] | None] = ContextVar("asked", default=None)
_enforce: Callable[..., Any] = iam_evaluator.enforce
_file = open(os.environ["RECORD"], "a", buffering=1)  # noqa: SIM115, PTH123 open as long as it runs


def _write(who: str, action: str, resource: str, *, allowed: bool) -> None:
    line = {"who": who, "action": action, "resource": resource, "allowed": allowed}
    _file.write(json.dumps(line) + "\n")


def enforce(
    who: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any
) -> Any:
    """Ask MiniStack's evaluator, and write down the question and its answer."""
    refused = _enforce(who, action, service, region, resource_arn, **more)
    _write(who, action, resource_arn, allowed=refused is None)
    if (asked := _asked.get()) is not None:
        asked.append((who, resource_arn))
    return refused


iam_evaluator.enforce = enforce

from ministack.app import app as ministack  # noqa: E402 it takes `enforce` along


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve MiniStack.

    "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403": that
    an object is missing is said only to who may list, so each 404 is a use of that right.
    """
    asked: list[tuple[str, str]] = []
    _asked.set(asked)

    async def noted(message: dict[str, Any]) -> None:
        if message.get("status") == 404:
            for who, resource in asked:
                bucket, slash, _ = resource.partition("/")
                if slash and resource.startswith("arn:aws:s3:::"):
                    _write(who, "s3:ListBucket", bucket, allowed=True)
        await send(message)

    await ministack(scope, receive, noted)
