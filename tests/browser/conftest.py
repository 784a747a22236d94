"""A real Chromium before the real product: a gallery of landscapes, and one of each test's own."""

import io
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Page,
    expect,
    sync_playwright,
)  # fmt: skip

from tests import pictures
from tests.browser.scenery import landscape
from tests.conftest import Product, start_product, stop_product

# As Debian calls it, and as Ubuntu does.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# A busy machine takes longer than the default of 5 s to make a picture ready.
expect.set_options(timeout=20_000)

DESKTOP, PHONE = (1280, 800), (390, 844)
PHOTOS = 64
PAGE_SIZE = 60

Open = Callable[..., Page]

# How much what is on the page has moved by itself: the sum of layout shifts.
SHIFT = """() => new Promise(resolve => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(sum), 400);
})"""


@dataclass
class Site:
    """A running product and what was uploaded to it: photo id by file name, oldest first."""

    product: Product
    photos: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The gallery's address."""
        return self.product.url

    def add(self, data: bytes, name: str, type_: str = "image/jpeg") -> str:
        """Upload a picture, wait until it is settled and return its id."""
        photo_id = self.product.upload(data, name, type_)
        self.product.settled(photo_id)
        self.photos[name] = photo_id
        return photo_id


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, ended with this folder: Playwright keeps the thread's event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of landscapes, more than a page of them; tests do not change it."""
    product = start_product(tmp_path_factory.mktemp("gallery"), PAGE_SIZE=str(PAGE_SIZE))
    filled = Site(product)
    for number in range(PHOTOS):
        name = f"Landscape {number:02}.jpg"
        filled.photos[name] = product.upload(landscape(number, 900), name)
    for photo_id in filled.photos.values():
        product.settled(photo_id)
    yield filled
    stop_product(product)


@pytest.fixture(scope="package")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery that tests upload to; each looks for its own pictures."""
    product = start_product(tmp_path_factory.mktemp("workshop"))
    yield Site(product)
    stop_product(product)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address in a context of its own; at the end no page may have reported an error.

    Options are the context's; `size` is the viewport; `errors` is what the console may report.
    """
    contexts: list[BrowserContext] = []
    reported: list[str] = []

    def opened(
        url: str, *, size: tuple[int, int] = DESKTOP, errors: str = r"\Z\A", **options: Any
    ) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type] # a plain dict will do
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()

        def report(text: str) -> None:
            # Open pages go on asking for new photos where a test has stopped its product.
            if not re.search(errors, text) and "ERR_CONNECTION_REFUSED" not in text:
                reported.append(text)

        page.on("console", lambda line: report(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: report(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert reported == []


def jpeg(seed: int = 0, side: int = 320) -> bytes:
    """Return a small picture that is another one for each seed."""
    image = Image.open(io.BytesIO(landscape(seed % 10, 400))).resize((side, side * 2 // 3))
    image.paste((seed * 37 % 256, seed * 91 % 256, seed * 53 % 256), (0, 0, 40, 40))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=80)
    return encoded.getvalue()


def picked(name: str, data: bytes, type_: str = "image/jpeg") -> FilePayload:
    """Return a file as the file chooser hands it over."""
    return {"name": name, "mimeType": type_, "buffer": data}


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders onto the middle of the page as the desktop does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


def card(page: Page, name: str) -> Any:
    """Return the card of an upload."""
    return page.locator(".upload", has=page.locator(f'.upload-name[title="{name}"]'))


SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 60_000}


def tile(page: Page, name: str) -> Any:
    """Return the tile of a photo in the gallery."""
    return page.locator(f'.tile:has(img[alt="{name}"])')


def slow_network(page: Page) -> None:
    """Let the page send no more than 60 kB a second."""
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)


def bulky(seed: int) -> bytes:
    """Return a picture of some 120 kB: two seconds on the slow network."""
    return pictures.jpeg(image=pictures.photo(1600, 1200, seed=seed), quality=85)


def until(page: Page, condition: str, *, seconds: float = 30) -> None:
    """Wait until an expression is true in the page, whose policy forbids Playwright's own way."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(30)


AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
LOOKS: list[dict[str, Any]] = [
    {"size": PHONE, "color_scheme": "dark"},
    {"size": DESKTOP, "color_scheme": "light"},
]


def violations(page: Page) -> list[str]:
    """Return what axe objects to, with the elements."""
    # Playwright evaluates outside the page's policy, as an extension would.
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{item['id']}: {item['help']}: {[node['html'][:120] for node in item['nodes'][:3]]}"
        for item in found["violations"]
    ]
