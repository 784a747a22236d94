"""What the page asks of a phone and of a slow network.

`python -m benchmarks.page [--tiles 2000]` starts the whole product and a headless Chromium, prints the
table, and writes benchmarks/results/page.json.
"""

import argparse
import gzip
import json
import logging
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from services.core import keys
from services.core.variants import FORMATS
from tests.browser.conftest import CHROMIUM, FLAGS, jpeg, picked
from tests.browser.scenery import landscape
from tests.conftest import Product, start_product, stop_product
from tests.photos import stored_photo

RESULT = Path(__file__).parent / "results" / "page.json"
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SHIFTS = """
  window.shift = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({type: 'layout-shift', buffered: true});
"""
SEEN = """wanted => [...document.querySelectorAll('.tile img')]
  .filter(i => { const b = i.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0; })
  .slice(0, wanted).every((i, n, all) => all.length && i.complete && i.naturalWidth)"""


class Traffic:
    """Counts what a page fetches."""

    def __init__(self, page: Page) -> None:
        self.requests = self.bytes = self.scripts = self.pages = 0
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.on("Network.loadingFinished", self._finished)
        page.on("response", lambda response: self._answered(response.request.resource_type))

    def _finished(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.bytes += int(event["encodedDataLength"])

    def _answered(self, kind: str) -> None:
        self.pages += kind in ("document", "fetch")


@contextmanager
def product(**environ: str) -> Iterator[Product]:
    """Run the product over an empty gallery."""
    with tempfile.TemporaryDirectory() as folder:
        running = start_product(Path(folder), **environ)
        try:
            yield running
        finally:
            stop_product(running)


def slow_network(browser: Browser, url: str) -> dict[str, float]:
    """Return the seconds to the first picture and to the first screen of them, and what they took."""
    page = browser.new_context(**PHONE).new_page()
    traffic = Traffic(page)
    traffic.session.send("Network.emulateNetworkConditions", SLOW)
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(SEEN, arg=1, polling=50)
    first = time.perf_counter() - start
    page.wait_for_function(SEEN, arg=100, polling=50)
    screen = time.perf_counter() - start
    found = {"bytes": traffic.bytes, "requests": traffic.requests}
    page.context.close()
    return {"first_picture_s": round(first, 1), "first_screen_s": round(screen, 1), **found}


def scripts(browser: Browser, url: str) -> int:
    """Return the bytes of scripts, as gzip, that the page needs before anybody does anything."""
    page = browser.new_context().new_page()
    bodies: list[bytes] = []
    page.on("response", lambda r: bodies.append(r.body()) if r.url.endswith(".js") else None)
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: 1}})")
    page.goto(url, wait_until="networkidle")
    page.context.close()
    return sum(len(gzip.compress(body, 6)) for body in bodies)


def uploads(browser: Browser, url: str, number: int, *, scrolled: bool) -> dict[str, float]:
    """Return what a page fetches while it uploads pictures, and how much moves meanwhile."""
    page = browser.new_context(**PHONE).new_page()
    page.add_init_script(SHIFTS)
    page.goto(url, wait_until="networkidle")
    if scrolled:
        page.evaluate("scrollTo(0, 1200)")
        page.wait_for_timeout(500)
    traffic = Traffic(page)
    page.evaluate("window.shift = 0")
    files = [picked(f"{n}.jpg", jpeg(number + n)) for n in range(number)]
    page.set_input_files("[data-chooser]", files)
    page.locator(".uploads-total", has_text="photos uploaded").wait_for(timeout=900_000)
    page.wait_for_timeout(3000)
    found = {
        "requests": traffic.requests,
        "pages_and_questions": traffic.pages,
        "bytes": traffic.bytes,
        "shift": round(page.evaluate("window.shift"), 4),
    }
    page.context.close()
    return found


def fill(running: Product, photos: int) -> None:
    """Publish photos without resizing each: the variants that a phone loads are one picture's."""
    gallery = running.store.gallery
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = running.upload(landscape(0, 900), "a.jpg")
    running.settled(made)
    stored = gallery.photos(keys.MAIN_ALBUM, [made])[made]
    bodies = {v.key.rpartition("/")[2]: gallery.get_bytes(v.key) for v in stored.variants}

    def publish(number: int) -> None:
        photo_id = keys.new_photo_id(start + timedelta(minutes=number))
        photo = stored_photo(
            photo_id,
            size=(900, 600),
            boxes=(400, 800),
            formats=("webp", "jpeg"),
            thumbhash=stored.thumbhash,
        )
        for variant in photo.variants:
            name = variant.key.rpartition("/")[2]
            if variant.format == FORMATS["webp"]:
                gallery.put_variant(variant.key, bodies[name] or b"", variant.format, source="v")
        gallery.put_json(photo.key(), {})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(photos)))


def memory(browser: Browser, url: str, tiles: int) -> int:
    """Return the megabytes that the renderer needs after one has scrolled through that many tiles.

    Its own memory once what it can do without is gone: without a graphics card Chromium keeps up to
    400 MB of decoded pictures until memory is short.
    """
    page = browser.new_context(**PHONE).new_page()
    page.goto(url)
    while page.locator(".tile").count() < tiles:
        page.evaluate("scrollBy(0, 1500)")
        page.wait_for_timeout(250)
    short = {"level": "critical"}
    page.context.new_cdp_session(page).send("Memory.simulatePressureNotification", short)
    page.wait_for_timeout(3000)
    running = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    most = max(private(int(one["id"])) for one in running if one["type"] == "renderer")
    page.context.close()
    return most // 1000


def private(pid: int) -> int:
    """Return a process's own resident memory in kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(int(status.partition(f"{name}:")[2].split()[0]) for name in ("RssAnon", "RssShmem"))


def main() -> None:
    """Measure, print each row as it comes, and write them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tiles", type=int, default=2000)
    tiles = parser.parse_args().tiles
    logging.getLogger().setLevel(logging.WARNING)
    result: dict[str, Any] = {}

    def note(name: str, figures: dict[str, float]) -> None:
        result[name] = figures
        print(name, figures, flush=True)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with product(PAGE_SIZE="60") as running:
            for photo_id in [running.upload(landscape(n, 1800), f"{n}.jpg") for n in range(60)]:
                running.settled(photo_id)
            note("slow network, 60 photos", slow_network(browser, running.url))
            note("before anybody does anything", {"gzip_js": scripts(browser, running.url)})
            note("200 uploads, scrolled", uploads(browser, running.url, 200, scrolled=True))
        with product() as running:
            note("60 uploads", uploads(browser, running.url, 60, scrolled=False))
        with product() as running:
            fill(running, tiles)
            note(f"{tiles} tiles", {"renderer_mb": memory(browser, running.url, tiles)})
        browser.close()
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
