"""The object store that tests stand on: one SeaweedFS a session, with buckets made ahead."""

import json
import os
import queue
import secrets
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from services.core import keys
from services.local.bridge import Bridge
from services.local.children import Children
from services.local.weed import start_weed

ID, SECRET = KEY_PAIR = ("test", "test-secret")
REGION = "us-east-1"
AHEAD = 6  # pairs of buckets


class ObjectStore:
    """SeaweedFS over a folder, and what it tells of objects that are created.

    The first object of a bucket takes SeaweedFS 0.2 s, as each bucket has volumes of its own: so
    buckets are made, and used once, before a test asks for them.
    """

    def __init__(self, folder: Path, *others: str, origins: Sequence[str] = ()) -> None:
        """`others` are access key ids that may do as much, with the same secret."""
        self._told: dict[str, queue.Queue[dict[str, Any]]] = {}
        self.folder = folder
        self._bridge = Bridge(self._tell)
        options = {
            "s3.allowDeleteBucketNotEmpty": "true",
            "master.volumeSizeLimitMB": "64",
        }
        if others:
            config = folder / "identities.json"
            config.write_text(json.dumps({"identities": [_identity(i) for i in (ID, *others)]}))
            options["s3.config"] = str(config)
        self._children = Children()
        self._start = partial(
            start_weed,
            folder,
            KEY_PAIR,
            self._children,
            settings=self._bridge.settings("/buckets/"),
            origins=origins,
            options=options,
        )
        self._pool = ThreadPoolExecutor(4)
        self._ready: queue.SimpleQueue[Future[tuple[str, str]]] = queue.SimpleQueue()
        self.session = boto3.Session(*KEY_PAIR, region_name=REGION)

    def __enter__(self) -> Self:
        """Start it."""
        self.url = self._start()
        config = Config(max_pool_connections=20, s3={"addressing_style": "path"})
        self.s3 = self.session.client("s3", endpoint_url=self.url, config=config)
        for _ in range(AHEAD):
            self._ready.put(self._pool.submit(self._make_pair))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._pool.shutdown(cancel_futures=True)
        self._children.__exit__()
        self._bridge.server_close()

    def buckets(self) -> tuple[str, str]:
        """Return the names of two empty buckets that nobody else has."""
        self._ready.put(self._pool.submit(self._make_pair))
        return self._ready.get().result()

    def drop(self, *buckets: str) -> None:
        """Delete buckets with all that is in them, a little later."""
        for bucket in buckets:
            self._pool.submit(self.s3.delete_bucket, Bucket=bucket)

    def events(self, bucket: str) -> list[dict[str, Any]]:
        """Return what was told of a bucket since the last look."""
        mark, seen = f"until-{secrets.token_hex(8)}", False
        self.s3.put_object(Bucket=bucket, Key=mark, Body=b"")
        found: list[dict[str, Any]] = []
        while True:  # five connections tell at once: one may be a moment behind the mark
            try:
                event = self._queue(bucket).get(timeout=0.05 if seen else 5)
            except queue.Empty:
                assert seen, "the webhook is silent"
                return found
            if event["Records"][0]["s3"]["object"]["key"] == mark:
                seen = True
            elif event["Records"][0]["s3"]["object"]["key"].startswith(keys.UPLOAD_PREFIX):
                found.append(event)

    def _queue(self, bucket: str) -> "queue.Queue[dict[str, Any]]":
        return self._told.setdefault(bucket, queue.Queue())

    def _tell(self, event: dict[str, Any]) -> None:
        bucket = event["Records"][0]["s3"]["bucket"]["name"]
        self._queue(bucket).put(event)

    def _make_pair(self) -> tuple[str, str]:
        mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        uploads, gallery = f"uploads-{mark}", f"gallery-{mark}"
        for bucket in (uploads, gallery):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_object(Bucket=bucket, Key="first", Body=b"x")
            self.s3.delete_object(Bucket=bucket, Key="first")
        return uploads, gallery


def _identity(access_key_id: str) -> dict[str, Any]:
    pair = {"accessKey": access_key_id, "secretKey": SECRET}
    return {"name": access_key_id, "credentials": [pair], "actions": ["Admin"]}
