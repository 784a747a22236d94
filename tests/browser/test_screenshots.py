"""The main states as pictures for the README: `SCREENSHOTS=1` takes them anew."""

import io
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from services.core.albums import Album
from services.core.order import Order
from tests import pictures
from tests.browser.conftest import DESKTOP, PHONE, Open, Site, card, picked
from tests.browser.owner import make_album, signed_in
from tests.browser.scenery import landscape
from tests.conftest import start_product, stop_product

DOCS = Path(__file__).parents[2] / "docs/screenshots"


pytestmark = pytest.mark.skipif(
    not os.environ.get("SCREENSHOTS"), reason="they change with every font and are looked at by eye"
)

ON_BOTH = pytest.mark.parametrize(
    ("form", "size", "theme"), [("desktop", DESKTOP, "light"), ("phone", PHONE, "dark")]
)


def shoot(page: Page, name: str) -> None:
    """Save what is seen, once all of it is loaded; a page that shows one colour is none."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    image = Image.open(io.BytesIO(page.screenshot()))
    assert len(image.convert("RGB").getcolors(image.width * image.height) or []) > 20
    image.save(DOCS / f"{name}.webp", quality=84, method=6)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("form", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_states(site: Site, open_page: Open, theme: str, form: str, size: tuple[int, int]) -> None:
    """Gallery, viewer and photo page, on both screens and in both themes."""
    page = open_page(site.url, size=size, color_scheme=theme)
    shoot(page, f"gallery-{form}-{theme}")
    page.goto(f"{site.url}/photos/{site.photos['Landscape 60.jpg']}")
    shoot(page, f"photo-{form}-{theme}")
    page.goto(site.url)
    page.locator(".tile a").nth(3).click()
    page.wait_for_selector(".pswp--ui-visible")
    shoot(page, f"viewer-{form}-{theme}")


@ON_BOTH
def test_upload_states(
    open_page: Open, tmp_path: Path, form: str, size: tuple[int, int], theme: str
) -> None:
    """The empty gallery's invitation, and then the panel in the middle of its work."""
    product = start_product(tmp_path / "data")
    try:
        page = open_page(product.url, size=size, color_scheme=theme, errors="404|ERR_")
        expect(page.get_by_role("heading", name="The sheet is blank")).to_be_visible()
        shoot(page, f"empty-{form}-{theme}")
        torn = pictures.jpeg(image=pictures.photo(800, 600))[:20_000]
        first = [picked(f"Ridge {n}.jpg", landscape(n + 10, 900)) for n in range(5)]
        page.set_input_files("[data-chooser]", [picked("Torn.jpg", torn), *first])
        expect(page.locator(".tile")).to_have_count(5)
        expect(page.locator("#empty")).to_have_count(0)
        session = page.context.new_cdp_session(page)
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
        session.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": 60_000})
        second = [picked(f"Lake {n}.jpg", landscape(n + 20, 1800)) for n in range(4)]
        page.set_input_files("[data-chooser]", second)
        state = card(page, "Lake 0.jpg").locator(".upload-state")
        expect(state).to_have_text(re.compile(r"^[4-9]\d% of"))
        expect(card(page, "Lake 3.jpg")).to_contain_text("Waiting")
        page.locator(".uploads ul").evaluate("list => list.scrollTop = list.scrollHeight")
        image = Image.open(io.BytesIO(page.screenshot()))
        image.save(DOCS / f"upload-{form}-{theme}.webp", quality=84, method=6)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{product.url}/nowhere")
        shoot(page, f"not-found-{form}-{theme}")
        page.goto(f"{product.url}/upload")
        shoot(page, f"form-{form}-{theme}")
    finally:
        stop_product(product)


@ON_BOTH
def test_owner_states(
    open_page: Open, tmp_path: Path, form: str, size: tuple[int, int], theme: str
) -> None:
    """What an owner sees: the owner's page, albums, an album, its links and the sheet to print."""
    product = start_product(tmp_path / "data")
    site = Site(product)
    try:
        owner = signed_in(site, open_page, size=size, color_scheme=theme)
        make_album(owner, site, "summer", "Summer 2026")
        make_album(owner, site, "wedding", "Käthe & Jun")
        ids = [site.add(landscape(n, 900), f"Ridge {n}.jpg") for n in range(12)]
        moved = {"action": "move", "ids": ids[2:], "to": "wedding"}
        assert owner.request.post(f"{site.url}/api/tidy", data=moved).ok
        for label, rights in (("Tables", "see_upload"), ("Family", "see")):
            link: dict[str, Any] = {"label": label, "rights": rights}
            owner.request.post(f"{site.url}/albums/wedding/links", form=link)
        for name, path in (
            ("owner", "/owner"),
            ("albums", "/albums"),
            ("settings", "/albums/wedding/settings"),
            ("links", "/albums/wedding/links"),
        ):
            owner.goto(site.url + path)
            shoot(owner, f"{name}-{form}-{theme}")
        owner.get_by_role("link", name="QR code to print").last.click()
        expect(owner.locator(".qr svg")).to_be_visible()
        shoot(owner, f"sheet-{form}-{theme}")
        owner.goto(f"{site.url}/albums/wedding")
        owner.get_by_role("button", name="Select").click()
        for number in (1, 2, 4):
            owner.locator(".tile a").nth(number).click()
        shoot(owner, f"album-{form}-{theme}")
        owner.goto(f"{site.url}/albums/wedding/photos/{ids[5]}")
        shoot(owner, f"tidy-{form}-{theme}")
    finally:
        stop_product(product)


@ON_BOTH
def test_event_states(
    open_page: Open, tmp_path: Path, form: str, size: tuple[int, int], theme: str
) -> None:
    """An event: its album by day with names, the tray of what waits, and the wall."""
    product = start_product(tmp_path / "data")
    site = Site(product)
    event = Album(
        slug="wedding", title="Käthe & Jun", order=Order.TAKEN, names=True, downloads=True
    )
    product.store.albums.save(event)
    try:
        owner = signed_in(site, open_page, size=size, color_scheme=theme)
        guest = open_page(f"{site.url}/albums/wedding")

        def send(numbers: range) -> None:
            files = [picked(f"Ridge {n}.jpg", dated(n)) for n in numbers]
            guest.set_input_files("[data-chooser]", files)
            if (name := guest.locator(".uploads-name input")).is_visible():
                name.fill("Tante Käthe")
                name.press("Enter")

        send(range(14))
        expect(guest.locator(".tile")).to_have_count(14, timeout=60_000)
        owner.goto(f"{site.url}/albums/wedding")
        shoot(owner, f"event-{form}-{theme}")
        owner.goto(f"{site.url}/albums/wedding/wall")
        expect(owner.locator("img").first).to_be_visible()
        shoot(owner, f"wall-{form}-{theme}")
        owner.goto(f"{site.url}/albums/wedding/settings")
        owner.locator("input[name=approval]").check()
        owner.get_by_role("button", name="Save").click()
        guest.reload()
        send(range(14, 18))
        expect(guest.get_by_text("Waits for approval")).to_have_count(4, timeout=60_000)
        owner.goto(f"{site.url}/albums/wedding/waiting")
        shoot(owner, f"tray-{form}-{theme}")
    finally:
        stop_product(product)


def dated(number: int) -> bytes:
    """Return a landscape that was taken on one of two days."""
    moment = datetime(2026, 7, 11, 15, 40) + timedelta(hours=number)  # noqa: DTZ001 a camera's clock
    image = Image.open(io.BytesIO(landscape(number, 900)))
    dates = {0x9003: f"{moment:%Y:%m:%d %H:%M:%S}"}
    return pictures.jpeg(image=image, exif_block=pictures.exif(dates=dates))
