"""What a gallery page costs: by the number of photos, beside a bare hello and the tutorial's way.

`python -m benchmarks.gallery` interleaves everything in one process, prints medians of CPU time and
writes benchmarks/results/gallery.json. The S3 makes up its listings in a process of its own, so that
its time is not counted.
"""

import contextlib
import json
import logging
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import boto3
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.local.provision import provision_buckets
from services.store import Store
from services.store.client import make_s3
from services.web.app import create_app
from tests.generated_s3 import GeneratedS3, index_key
from tests.object_store import KEY_PAIR, ObjectStore

RESULT = Path(__file__).parent / "results" / "gallery.json"
SIZES = (100, 10_000, 1_000_000)
TUTORIAL_PHOTOS = 2_000  # its way lists everything; more would take minutes
ROUNDS = 25
REAL_UP_TO = 10_000


def serve(photos: int, pipe: Connection) -> None:
    """Run an S3 of that many photos until the pipe closes: a real one up to 10,000."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        if photos > REAL_UP_TO:
            url = running.enter_context(GeneratedS3(photos)).url
        else:
            url = running.enter_context(ObjectStore(Path(folder))).url
            fill(url, photos)
        pipe.send(url)
        with contextlib.suppress(EOFError):
            pipe.recv()


def fill(url: str, photos: int) -> None:
    """Write that many index entries to a real S3."""
    settings = Settings(s3_endpoint_url=url)
    session = boto3.Session(*KEY_PAIR, region_name="us-east-1")
    provision_buckets(settings, session, ["http://gallery.test"])
    gallery = Store.connect(settings, session).gallery
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: gallery.put_json(index_key(number), {}), range(photos)))


def cpu_ms(work: Callable[[], Any]) -> float:
    """Return the CPU milliseconds that one call takes in this process."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def tutorials_way(settings: Settings, session: boto3.Session) -> Callable[[], Any]:
    """List everything, sort it, presign all: what the tutorial's gallery does for each page."""
    s3 = make_s3(settings, session)

    def page() -> list[str]:
        found = [
            item["Key"]
            for listing in s3.get_paginator("list_objects_v2").paginate(
                Bucket=settings.gallery_bucket
            )
            for item in listing["Contents"]
        ]
        return [
            s3.generate_presigned_url(
                "get_object", Params={"Bucket": settings.gallery_bucket, "Key": key}
            )
            for key in sorted(found)
        ]

    return page


def main() -> None:
    """Measure, print and write."""
    logging.disable(logging.WARNING)
    session = boto3.Session(*KEY_PAIR, region_name="us-east-1")
    processes, works = [], {}
    for photos in (*SIZES, TUTORIAL_PHOTOS):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=serve, args=(photos, theirs), daemon=True)
        process.start()
        processes.append((process, ours))
        settings = Settings(s3_endpoint_url=ours.recv())
        store = Store.connect(settings, session)
        if photos == TUTORIAL_PHOTOS:
            works[f"the tutorial's way, {photos} photos"] = tutorials_way(settings, session)
            continue
        client = TestClient(create_app(settings, store))
        works[f"page of {photos} photos"] = lambda c=client: c.get("/")  # type: ignore[misc] # a default that binds the loop's value
    newest, _ = store.pages.page("main", None, 60)
    keys, fresh = [variant.key for photo in newest for variant in photo.variants], count()
    works[f"presigning {len(keys)} new addresses"] = lambda: [
        store.gallery.url(f"{key}{next(fresh)}") for key in keys
    ]
    hello = FastAPI()
    hello.get("/")(lambda: {"hello": "world"})
    bare = TestClient(hello)
    works["bare FastAPI hello"] = lambda: bare.get("/")
    samples: dict[str, list[float]] = {name: [] for name in works}
    for round_number in range(ROUNDS + 1):
        for name, work in works.items():
            slow = name.startswith("the tutorial")
            if slow and round_number > 3:
                continue
            sample = cpu_ms(work)
            if round_number:  # the first one warms up
                samples[name].append(sample)
    for process, pipe in processes:
        pipe.close()
        process.terminate()
    rows = {name: round(statistics.median(values), 2) for name, values in samples.items()}
    result = {
        "cpu_ms": rows,
        "a million over a hundred": round(
            rows["page of 1000000 photos"] / rows["page of 100 photos"], 3
        ),
        "pages a second a core": round(1000 / rows["page of 1000000 photos"]),
    }
    print(json.dumps(result, indent=2))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
