"""axe-core finds nothing to object to, on every page and with everything open."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.browser.conftest import LOOKS, PHONE, Open, Site, card, drop, jpeg, picked, violations


def test_axe_is_at_work(site: Site, open_page: Open) -> None:
    """A picture without a text alternative is found, so an empty list means something."""
    page = open_page(site.url)
    page.evaluate("document.querySelector('.tile img').removeAttribute('alt')")
    assert any(line.startswith("image-alt") for line in violations(page))


@pytest.mark.parametrize("look", LOOKS)
def test_pages(site: Site, workshop: Site, open_page: Open, look: dict[str, Any]) -> None:
    """Gallery, photo, upload form, waiting, refused, gone and not found."""
    whole = pictures.jpeg(image=pictures.photo(800, 600))
    torn = workshop.product.upload(whole[: len(whole) // 2], "torn.jpg")
    workshop.product.settled(torn)
    photo = site.photos["Landscape 07.jpg"]
    page = open_page(site.url, errors="404", **look)
    assert violations(page) == []
    for address in (
        f"{site.url}/?after={photo}",
        f"{site.url}/upload",
        f"{site.url}/nowhere",
        f"{workshop.url}/photos/{torn}",
        f"{site.url}/photos/{photo}",
    ):
        page.goto(address)
        assert violations(page) == [], address
    page.get_by_text("Copy a link").click()
    assert violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_viewer_and_its_dialogs(workshop: Site, open_page: Open, look: dict[str, Any]) -> None:
    """The viewer, its links and its question."""
    page = open_page(workshop.url, reduced_motion="reduce", **look)
    name = f"seen {look['color_scheme']}.jpg"
    page.set_input_files("[data-chooser]", picked(name, jpeg(60)))
    page.locator(f'.tile:has(img[alt="{name}"]) a').click()
    page.wait_for_selector(".pswp--ui-visible")
    page.wait_for_timeout(400)
    assert violations(page) == []
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog", name="Share")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog", name="Delete this photo?")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_upload_panel(workshop: Site, open_page: Open, look: dict[str, Any]) -> None:
    """The panel with an upload in each state."""
    page = open_page(workshop.url, errors="ERR_FAILED", reduced_motion="reduce", **look)
    torn = pictures.jpeg(image=pictures.photo(800, 600))[:20_000]
    files = [
        picked("fine.jpg", jpeg(61)),
        picked("torn.jpg", torn),
        picked("no.txt", b"-", "text/plain"),
    ]
    page.set_input_files("[data-chooser]", files)
    expect(card(page, "fine.jpg")).to_contain_text("Done")
    expect(card(page, "torn.jpg")).to_contain_text("incomplete")
    page.route("**/api/photos?ids=*", lambda route: route.abort())
    page.set_input_files("[data-chooser]", picked("waits.jpg", jpeg(62)))
    expect(card(page, "waits.jpg")).to_contain_text("Processing…")
    assert violations(page) == []


def test_targets_are_large_enough(site: Site, open_page: Open) -> None:
    """Everything to tap on a phone is at least 44 pixels high and wide."""
    page = open_page(f"{site.url}/photos/{site.photos['Landscape 07.jpg']}", size=PHONE)
    page.get_by_text("Copy a link").click()
    small = page.evaluate(
        """() => [...document.querySelectorAll('a:not(.skip), button, summary, input')]
          .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
          .map(([markup]) => markup)"""
    )
    assert small == []


def test_the_panel_is_one_tab_from_the_button_that_opened_it(
    workshop: Site, open_page: Open
) -> None:
    """The list of uploads comes after the bar and before the photos."""
    page = open_page(workshop.url)
    page.set_input_files("[data-chooser]", picked("near.jpg", jpeg(63)))
    expect(card(page, "near.jpg")).to_contain_text("Done")
    page.get_by_role("link", name="Upload", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.uploads') !== null")


def test_names_in_any_script_keep_their_beginning(workshop: Site, open_page: Open) -> None:
    """A right-to-left name is cut at its end: tile, panel, viewer and page."""
    name = "مرحبا بالعالم من الصحراء الكبرى والجبال البعيدة.jpg"
    page = open_page(workshop.url, size=(320, 640))
    page.set_input_files("[data-chooser]", picked(name, jpeg(64)))
    tile = page.locator(f'.tile:has(img[alt="{name}"])')
    tile.wait_for()
    expect(card(page, name).locator(".upload-name")).to_have_css("direction", "rtl")
    expect(tile.locator(".tile-name")).to_have_css("direction", "rtl")
    page.get_by_role("button", name="Close the list of uploads").click()
    tile.locator("a").click()
    expect(page.locator(".pswp__caption")).to_have_css("direction", "rtl")
    counter = page.locator(".pswp__counter")
    expect(counter).to_have_text(re.compile(r"\d+ / \d+"))
    counter.evaluate("c => c.textContent = '1,234 / 3,482'")
    heights = counter.evaluate("c => [c.scrollHeight, parseFloat(getComputedStyle(c).lineHeight)]")
    assert heights[0] < 1.6 * heights[1]
    bar = page.locator(".pswp__top-bar").evaluate("b => [b.scrollWidth, b.clientWidth]")
    assert bar[0] <= bar[1]


def test_a_drop_into_the_viewer_is_shown(workshop: Site, open_page: Open, tmp_path: Path) -> None:
    """The frame says where to drop above the viewer, which makes way for the uploads."""
    page = open_page(workshop.url)
    if not page.locator(".tile").count():
        page.set_input_files("[data-chooser]", picked("behind.jpg", jpeg(65)))
    page.locator(".tile a").first.click()
    page.wait_for_selector(".pswp--ui-visible")
    dropped = tmp_path / "into the viewer.jpg"
    dropped.write_bytes(jpeg(66))
    drop(page, dropped)
    expect(page.locator(".pswp")).to_have_count(0)
    expect(card(page, "into the viewer.jpg")).to_contain_text("Done")
