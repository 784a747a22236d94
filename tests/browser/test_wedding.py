"""One wedding, from the invitation to everybody's photos on everybody's disk."""

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect

from tests import pictures
from tests.browser.conftest import DESKTOP, PHONE, Open, Site, picked
from tests.browser.owner import signed_in
from tests.conftest import start_product, stop_product

CAKE, DANCE = datetime(2026, 7, 11, 16, 5), datetime(2026, 7, 12, 0, 20)  # noqa: DTZ001 cameras' clocks
GONE = r"status of (404|410)"  # what the console says of a page that is not there
# A place on the disk that needs no dialog: the browser's own, through a service worker.
NO_PICKER = "delete window.showSaveFilePicker"


def shot(moment: datetime, seed: int) -> bytes:
    """Return what a phone makes of a moment, place and all."""
    dates = {0x9003: f"{moment:%Y:%m:%d %H:%M:%S}"}
    image = pictures.photo(900, 600, seed=seed)
    return pictures.jpeg(image=image, exif_block=pictures.exif(dates=dates, gps=True))


def place_of(data: bytes) -> dict[int, Any]:
    """Return what a picture says of where it was taken."""
    return Image.open(io.BytesIO(data)).getexif().get_ifd(ExifTags.IFD.GPSInfo)


def choose(page: Page, **files: bytes) -> None:
    """Choose pictures by their names."""
    page.locator("input[data-chooser]").set_input_files(
        [picked(f"{name}.jpg", data) for name, data in files.items()]
    )


def prepared(owner: Page, site: Site) -> str:
    """Make the album by its forms, each setting of an event on, and return the link for the tables."""
    owner.get_by_text("New album").click()
    owner.get_by_label("Title").fill("Käthe & Jun")
    owner.locator("#slug").fill("wedding")
    owner.locator("form[action='/owner/albums'] button").click()
    expect(owner).to_have_url(f"{site.url}/albums/wedding/settings")
    for name in ("names", "captions", "approval", "one_of_each", "downloads"):
        owner.locator(f"input[name={name}]").check()
    owner.get_by_label("Order of the photos").select_option("taken")
    owner.get_by_label("Originals").select_option("unlocated")
    owner.get_by_role("button", name="Save").click()
    owner.goto(f"{site.url}/albums/wedding/links")
    owner.get_by_label("Who or what it is for").fill("Tables")
    owner.locator("form.fields button").click()
    address = owner.locator(".copy input").input_value()
    owner.get_by_role("link", name="QR code to print").click()
    expect(owner.locator(".qr svg")).to_be_visible()
    return address


@pytest.mark.parametrize(
    ("guests", "owners"), [(PHONE, DESKTOP), (DESKTOP, PHONE)], ids=["phone", "desktop"]
)
def test_a_wedding(
    tmp_path: Path, open_page: Open, guests: tuple[int, int], owners: tuple[int, int]
) -> None:
    """Invited by a code, sent with a name, published, captioned, on the wall, and taken home."""
    product = start_product(tmp_path)
    site = Site(product)
    try:
        owner = signed_in(site, open_page, size=owners)
        invitation = prepared(owner, site)
        album = f"{site.url}/albums/wedding"

        # A guest follows the code, says who it is, and sends three pictures, one of them twice.
        guest = open_page(invitation, size=guests, has_touch=guests == PHONE, errors=GONE)
        expect(guest).to_have_url(album)
        cake, dance = shot(CAKE, 1), shot(DANCE, 2)
        choose(guest, cake=cake, dance=dance, thumb=shot(DANCE, 3))
        guest.locator(".uploads-name input").fill("Tante Käthe")
        guest.locator(".uploads-name input").press("Enter")
        expect(guest.locator(".upload-state")).to_have_text(
            ["Waits for approval"] * 3, timeout=60_000
        )
        expect(guest.locator(".tile")).to_have_count(0)

        # The owner publishes two and rejects the third.
        owner.goto(album)
        owner.get_by_role("link", name="Waiting: 3").click()
        thumb = owner.locator(".tray > li", has_text="thumb.jpg")
        thumb.get_by_text("Reject…").click()
        thumb.get_by_label("Why, for who uploaded it").first.fill("Only a thumb")
        thumb.get_by_label("Why, for who uploaded it").first.press("Enter")
        expect(owner.locator("[data-count]")).to_have_text("2 photos wait for approval.")
        for left in ("1 photo waits for approval.", "Nothing waits."):
            owner.get_by_role("button", name="Publish", exact=True).first.click()
            expect(owner.locator("[data-count]")).to_have_text(left)

        # Everybody sees them by day, with the name; the guest says what one shows.
        guest.goto(album)
        expect(guest.locator("#grid h2")).to_have_text(["12 July 2026", "11 July 2026"])
        expect(guest.locator(".tile-from")).to_have_text(["Tante Käthe"] * 2)
        guest.goto(site.url + (guest.locator(".tile a").first.get_attribute("href") or ""))
        guest.get_by_label("Caption").fill("The first dance 💃")
        guest.get_by_role("button", name="Save").click()
        expect(guest.locator(".caption")).to_have_text("The first dance 💃")

        # Another guest sends the same cake: it is there already, once.
        other = open_page(invitation, size=guests, errors=GONE)
        choose(other, cake=cake)
        other.locator(".uploads-name input").fill("Jun")
        other.locator(".uploads-name input").press("Enter")
        expect(other.locator(".upload-state")).to_contain_text("Already in the gallery")
        expect(other.locator(".tile")).to_have_count(2)

        owner.goto(f"{album}/wall")
        expect(owner.locator("img").first).to_be_visible()

        # And at home, all of it: as it was uploaded, but for the place.
        home = open_page("about:blank", size=guests)
        home.add_init_script(NO_PICKER)
        home.goto(invitation)
        home.get_by_role("button", name="Download all").click()
        home.get_by_label("Originals").check()
        with home.expect_download() as download:
            home.get_by_role("dialog").get_by_role("button", name="Save as ZIP").click()
        expect(home.get_by_text("Downloaded 2 photos")).to_be_visible()
        with zipfile.ZipFile(download.value.path()) as saved:
            assert saved.testzip() is None
            unpacked = {name: saved.read(name) for name in saved.namelist()}
        assert sorted(unpacked) == ["cake.jpg", "dance.jpg"]
        for name, sent in (("cake.jpg", cake), ("dance.jpg", dance)):
            assert len(unpacked[name]) == len(sent)
            assert place_of(sent)
            assert not place_of(unpacked[name])
    finally:
        stop_product(product)
