"""Many people at once: 500 uploads from 50 clients while others read the gallery.

`python -m benchmarks.load [--uploads 500 --clients 50]` starts the whole product, checks that nothing
is lost, doubled or refused, and writes benchmarks/results/load.json.
"""

import argparse
import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests import pictures
from tests.conftest import Product, start_product, stop_product

RESULT = Path(__file__).parent / "results" / "load.json"


class Load:
    """What is sent, and when it was seen."""

    def __init__(self, product: Product, uploads: int, clients: int) -> None:
        self.url = product.url
        self.uploads, self.clients = uploads, clients
        self.arrived: dict[str, float] = {}
        self.visible: dict[str, float] = {}
        self.errors: list[str] = []
        self.pages: list[float] = []
        self.done = asyncio.Event()

    async def client(self, http: httpx.AsyncClient, number: int, data: bytes) -> None:
        """Upload one picture after another."""
        for turn in range(self.uploads // self.clients):
            wanted = {"filename": f"{number}-{turn}.jpg", "type": "image/jpeg", "size": len(data)}
            begun = await http.post(f"{self.url}/api/uploads", json=wanted)
            if begun.status_code != 201:
                self.errors.append(begun.text)
                continue
            post = begun.json()["upload"]
            sent = await http.post(
                post["url"], data=post["fields"], files={"file": ("a.jpg", data)}
            )
            if sent.status_code != 201:
                self.errors.append(sent.text)
            self.arrived[begun.json()["id"]] = time.perf_counter()

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Ask for all pending uploads at once, as the page does, until none is left."""
        while len(self.visible) < self.uploads:
            pending = [id_ for id_ in self.arrived if id_ not in self.visible][:100]
            if pending:
                answer = await http.get(f"{self.url}/api/photos", params={"ids": ",".join(pending)})
                now = time.perf_counter()
                for photo in answer.json()["photos"]:
                    if photo["state"] == "ready":
                        self.visible[photo["id"]] = now
                    elif photo["state"] != "waiting":
                        self.errors.append(str(photo))
                        self.visible[photo["id"]] = now
            await asyncio.sleep(0.1)
        self.done.set()

    async def read(self, http: httpx.AsyncClient) -> None:
        """Look at the gallery, again and again."""
        while not self.done.is_set():
            began = time.perf_counter()
            page = await http.get(self.url)
            self.pages.append(time.perf_counter() - began)
            if page.status_code != 200:
                self.errors.append(f"GET / {page.status_code}")
            await asyncio.sleep(0.2)

    async def run(self) -> None:
        """Do all of it."""
        data = pictures.jpeg(1600, 1200)
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(timeout=120, limits=limits) as http:
            await asyncio.gather(
                *(self.client(http, number, data) for number in range(self.clients)),
                self.follow(http),
                self.read(http),
                self.read(http),
            )


def peak_mib(pid: int) -> dict[str, int]:
    """Return the peak resident memory of a process and of each below it, by command."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    family, found = {str(pid)}, {}
    for child, parent, command in rows:
        if parent in family or child in family:
            family.add(child)
            status = Path(f"/proc/{child}/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
            found[f"{command.rpartition('-m ')[2].split()[0]} {child}"] = peak
    return found


def percentiles(values: list[float]) -> dict[str, int]:
    """Return p50, p95 and p99 in milliseconds."""
    cuts = statistics.quantiles(values, n=100)
    return {f"p{n}": round(cuts[n - 1] * 1000) for n in (50, 95, 99)}


def main() -> None:
    """Measure, check, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=500)
    parser.add_argument("--clients", type=int, default=50)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        product = start_product(Path(folder), UPLOADS_PER_MINUTE="100000")
        try:
            load = Load(product, options.uploads, options.clients)
            began = time.perf_counter()
            asyncio.run(load.run())
            ended = time.perf_counter()
            peaks = peak_mib(product.process.pid)
            listed: list[dict[str, Any]] = []
            after: str | None = None
            while True:
                query = {"limit": 1000} | ({"after": after} if after else {})
                page = httpx.get(f"{product.url}/api/photos", params=query).json()
                listed += page["photos"]
                if not (after := page["next"]):
                    break
        finally:
            stop_product(product)
    ids = [photo["id"] for photo in listed]
    result = {
        "uploads": options.uploads,
        "clients": options.clients,
        "cores": os.cpu_count(),
        "lost": len(set(load.arrived) - set(ids)),
        "doubled": len(ids) - len(set(ids)),
        "errors": len(load.errors),
        "upload_to_visible_ms": percentiles(
            [load.visible[id_] - at for id_, at in load.arrived.items()]
        ),
        "gallery_page_ms": percentiles(load.pages),
        "pictures_a_second_a_core": round(
            options.uploads / (ended - began) / (os.cpu_count() or 1), 2
        ),
        "drain_seconds": round(ended - max(load.arrived.values()), 1),
        "peak_mib": peaks,
    }
    print(json.dumps(result, indent=2))
    if result["lost"] or result["doubled"] or load.errors:
        sys.exit(f"not all is well: {load.errors[:5]}")
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
