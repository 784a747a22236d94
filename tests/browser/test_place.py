"""Where the reader is, and that it is kept: `/?at=<id>` says it all."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, PHOTOS, Open, Site

TOP = """() => {
  const tile = [...document.querySelectorAll('.tile')]
    .find(t => t.getBoundingClientRect().bottom > 80);
  return [tile.dataset.id, Math.round(tile.getBoundingClientRect().top)];
}"""


def scroll_down(page: Page, by: int) -> tuple[str, int]:
    """Scroll, wait until the address names the place, and return the photo at the top."""
    page.wait_for_load_state("networkidle")
    page.mouse.wheel(0, by)
    page.wait_for_timeout(500)
    top, offset = page.evaluate(TOP)
    expect(page).to_have_url(re.compile(rf"/\?at={top}$"))
    return top, offset


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("by", [900, 60_000])
def test_reload_keeps_the_place(
    site: Site, open_page: Open, size: tuple[int, int], by: int
) -> None:
    """The same photo stands at the same height, far down too, and the address stays short."""
    page = open_page(site.url, size=size)
    if by > 10_000:
        page.evaluate("document.getElementById('older').scrollIntoView()")
        expect(page.locator(".tile")).to_have_count(PHOTOS)
    top, offset = scroll_down(page, by)
    assert len(page.url) < len(site.url) + 40
    page.reload()
    page.wait_for_load_state("networkidle")
    again, there = page.evaluate(TOP)
    assert again == top
    assert there == pytest.approx(offset, abs=2)


def test_reload_in_the_viewer_and_back(site: Site, open_page: Open) -> None:
    """The place from which the viewer was opened is there again after a reload and Back."""
    page = open_page(site.url, size=PHONE)
    top, _ = scroll_down(page, 1500)
    page.locator(f'.tile[data-id="{top}"] + .tile a').click()
    page.wait_for_selector(".pswp--ui-visible")
    page.reload()
    page.wait_for_selector("article.photo")
    page.go_back()
    page.wait_for_selector(".tile")
    page.wait_for_timeout(300)
    assert page.evaluate(TOP)[0] == top


def test_turning_the_screen_keeps_the_place(site: Site, open_page: Open) -> None:
    """Turned on its side and back, a phone shows the same photo at the top."""
    page = open_page(site.url, size=PHONE)
    top, _ = scroll_down(page, 2500)
    for width, height in ((844, 390), PHONE, (844, 390), PHONE):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        box = page.locator(f'.tile[data-id="{top}"]').bounding_box()
        assert box is not None
        assert box["y"] < 81 < box["y"] + box["height"]


def test_all_photos_leads_to_the_place_of_the_photo(site: Site, open_page: Open) -> None:
    """From a photo's own page the gallery is opened where the photo stands, newer ones above it."""
    photo_id = site.photos["Landscape 20.jpg"]
    page = open_page(f"{site.url}/photos/{photo_id}")
    page.get_by_role("link", name="All photos").click()
    page.wait_for_load_state("networkidle")
    box = page.locator(f'.tile[data-id="{photo_id}"]').bounding_box()
    assert box is not None
    assert 60 < box["y"] < 100
    first = page.locator(".tile").first.get_attribute("data-id")
    assert first == min(site.photos.values())


def test_newer_photos_keep_the_place(site: Site, open_page: Open) -> None:
    """The link adds what is newer above; the photo that stood first is still in sight."""
    ids = sorted(site.photos.values())
    page = open_page(f"{site.url}/?after={ids[30]}")
    page.get_by_role("link", name="Newer photos").click()
    page.wait_for_load_state("networkidle")
    box = page.locator(f'.tile[data-id="{ids[31]}"]').bounding_box()
    assert box is not None
    assert 0 < box["y"] < 120
    assert page.locator(".tile").first.get_attribute("data-id") == ids[0]
