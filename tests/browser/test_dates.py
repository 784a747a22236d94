"""An album by day: headings, the bar of dates, and photos that come into their day."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from services.core import keys
from services.core.albums import Album
from services.core.order import Order
from tests import pictures
from tests.browser.conftest import DESKTOP, LOOKS, PHONE, SHIFT, Open, Site, picked, violations
from tests.conftest import start_product, stop_product
from tests.photos import publish

FIRST = datetime(2026, 7, 12, 9, 30)  # noqa: DTZ001 a camera's clock


def taken(moment: datetime, seed: int) -> bytes:
    """Return a picture that was taken then."""
    dates = {0x9003: f"{moment:%Y:%m:%d %H:%M:%S}"}
    image = pictures.photo(300, 200, seed=seed)
    return pictures.jpeg(image=image, exif_block=pictures.exif(dates=dates))


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery by time: five days with four photos each, uploaded in no order, ten to a page."""
    product = start_product(tmp_path_factory.mktemp("journey"), PAGE_SIZE="10")
    product.store.albums.save(Album(slug="main", order=Order.TAKEN))
    site = Site(product)
    for number in range(20):
        day, hour = number * 3 % 5, number // 5
        moment = FIRST + timedelta(days=day, hours=hour)
        site.add(taken(moment, number), f"{moment:%d} {moment:%H}.jpg")
    yield site
    stop_product(product)


def order(page: Page) -> list[str]:
    """Return headings and photos as they follow each other."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('#grid > li')]
          .map(li => li.querySelector('img')?.alt ?? li.textContent.trim())"""
    )
    return found


def test_each_day_has_its_heading_once(journey: Site, open_page: Open) -> None:
    """Across pages that come by themselves: newest day first, newest picture first within it."""
    page = open_page(journey.url)
    expect(page.locator(".tile")).to_have_count(20)
    expected = []
    for day in (16, 15, 14, 13, 12):
        expected += [f"{day} July 2026", *(f"{day} {hour:02}.jpg" for hour in (12, 11, 10, 9))]
    assert order(page) == expected
    levels = page.locator("h1, #grid h2").evaluate_all("all => all.map(h => h.tagName)")
    assert levels == ["H1", *["H2"] * 5]


def test_the_bar_of_dates_goes_to_a_day(journey: Site, open_page: Open) -> None:
    """By keyboard as by pointer: it says the date, leads to it, and follows the reader.

    It comes to a place that was kept for it.
    """
    page = open_page(journey.url, size=PHONE)
    bar = page.get_by_role("slider", name="Go to a date")
    expect(bar).to_have_attribute("aria-valuetext", "16 July 2026")
    assert page.evaluate(SHIFT) < 0.002
    bar.focus()
    page.keyboard.press("End")
    expect(page.locator(".dates output")).to_have_text("12 July 2026")
    page.wait_for_url(re.compile(r"on=2026-07-12|at="))
    expect(page.locator(".day").first).to_be_visible()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "12 July 2026")
    expect(page.get_by_role("heading", name="12 July 2026")).to_be_in_viewport()


def test_without_scripts_the_dates_are_links(journey: Site, open_page: Open) -> None:
    """A page of them, each leading to its photos, from where there is a way back to newer ones."""
    page = open_page(journey.url, java_script_enabled=False)
    page.get_by_role("link", name="Dates").click()
    assert page.locator("#dates a").all_inner_texts() == [
        f"{day} July 2026" for day in (16, 15, 14, 13, 12)
    ]
    page.get_by_role("link", name="13 July 2026").click()
    assert order(page)[:2] == ["13 July 2026", "13 12.jpg"]
    page.get_by_role("link", name="Newer photos").click()
    assert "14 July 2026" in order(page)


def test_a_new_photo_comes_into_its_day(journey: Site, open_page: Open) -> None:
    """Not to the top, but to its place under the heading of its day, as the next page load has it."""
    page = open_page(journey.url)
    expect(page.locator(".tile")).to_have_count(20)
    later = FIRST + timedelta(days=3, hours=2, minutes=15)
    alone = FIRST + timedelta(days=2, hours=12)
    new = FIRST + timedelta(days=5)
    files = [
        picked("in between.jpg", taken(later, 31)),
        picked("late.jpg", taken(alone, 32)),
        picked("new day.jpg", taken(new, 33)),
    ]
    page.set_input_files("[data-chooser]", files)
    expect(page.locator('.tile img[alt="in between.jpg"]')).to_have_count(1)
    expect(page.locator('.tile img[alt="late.jpg"]')).to_have_count(1)
    expect(page.locator('.tile img[alt="new day.jpg"]')).to_have_count(1)
    found = order(page)
    assert found[found.index("in between.jpg") - 1] == "15 12.jpg"
    assert found[found.index("late.jpg") - 1] == "14 July 2026"
    assert found.count("14 July 2026") == 1
    assert found[:2] == ["17 July 2026", "new day.jpg"]
    page.reload()
    expect(page.locator(".tile")).to_have_count(23)
    assert order(page) == found
    for name in ("in between.jpg", "late.jpg", "new day.jpg"):  # as it was
        page.locator(f'.tile:has(img[alt="{name}"]) a').click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.locator(f'.tile img[alt="{name}"]')).to_have_count(0)
        page.wait_for_timeout(600)  # PhotoSwipe listens to no key while its next slide comes
        page.keyboard.press("Escape")
        expect(page.locator(".pswp")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_objects_to_nothing(journey: Site, open_page: Open, look: dict[str, object]) -> None:
    """The album, with its bar, and the page of dates."""
    page = open_page(journey.url, **look)
    expect(page.get_by_role("slider")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{journey.url}/dates")
    assert violations(page) == []


@pytest.mark.parametrize("size", [(320, 640), DESKTOP, (3840, 2160)])
def test_no_picture_is_blown_up_and_nothing_overflows(
    journey: Site, open_page: Open, size: tuple[int, int]
) -> None:
    """A day's last row ends where it ends, from the smallest window to the largest."""
    page = open_page(journey.url, size=size)
    expect(page.get_by_role("slider")).to_be_visible()
    row = page.evaluate(
        """() => { const probe = document.body.appendChild(document.createElement('div'));
          probe.style.height = 'var(--row)'; return probe.getBoundingClientRect().height; }"""
    )
    heights = page.locator(".tile").evaluate_all(
        "all => all.map(t => t.getBoundingClientRect().height)"
    )
    assert max(heights) <= 1.55 * row
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.get_by_role("slider").bounding_box()
    assert box
    assert box["width"] > 0.6 * size[0]


def test_only_what_came_since_is_offered(journey: Site, open_page: Open) -> None:
    """Photos on pages still to come are not taken for new, though they were uploaded last."""
    page = open_page(journey.url, size=(1280, 300))
    with page.expect_response("**/newest*"):
        page.reload()
    page.wait_for_timeout(300)
    expect(page.locator(".arrivals")).to_have_count(0)


def test_what_is_approved_late_is_offered_too(journey: Site, open_page: Open) -> None:
    """A photo that was uploaded before all others is as new as one that was uploaded last."""
    store = journey.product.store
    page = open_page(journey.url, size=(1280, 300))
    with page.expect_response("**/newest*"):
        page.reload()
    late = keys.new_photo_id(datetime(2026, 1, 1, tzinfo=UTC))
    publish(store, late, name="late.jpg")
    expect(page.locator(".arrivals")).to_have_text("1 new photo")
    store.gallery.remove("main", late)


def test_what_comes_right_after_the_page_is_offered(journey: Site, open_page: Open) -> None:
    """The page asks at once what is newest, so that nothing passes for what it has."""
    page = open_page("about:blank", size=(1280, 300))
    with page.expect_response("**/newest*"):
        page.goto(journey.url)
    journey.add(taken(FIRST + timedelta(days=6), 41), "right after.jpg")
    expect(page.locator(".arrivals")).to_have_text("1 new photo")
