"""Choosing many photos, as a guest: by mouse, finger and keyboard, said aloud, and what can be done."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from playwright.sync_api import Page, Route, expect

from services.core.albums import MAIN
from tests.browser.conftest import LOOKS, PHONE, Open, Site, card, jpeg, picked, violations
from tests.browser.many_photos import ManyPhotos, many_photos
from tests.browser.owner import signed_in
from tests.conftest import start_product, stop_product
from tests.generated_s3 import photo_id


@pytest.fixture(scope="module")
def album(aws_session: boto3.Session) -> Iterator[ManyPhotos]:
    """An album of 60 made-up photos, 20 a page."""
    with many_photos(aws_session, 60, 2000) as running:
        yield running


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real gallery that offers to choose photos."""
    product = start_product(tmp_path_factory.mktemp("choosing"))
    product.store.albums.save(replace(MAIN, downloads=True))
    yield Site(product)
    stop_product(product)


def chosen(page: Page) -> list[int]:
    """Return which tiles are checked, by their places."""
    boxes = page.get_by_role("checkbox").all()
    return [at for at, box in enumerate(boxes) if box.get_attribute("aria-checked") == "true"]


def test_by_mouse(album: ManyPhotos, open_page: Open) -> None:
    """The check mark under the mouse begins it; then clicks, and Shift for all between; no viewer."""
    page = open_page(album.url)
    expect(page.locator(".grid.selectable")).to_be_visible()
    tiles = page.locator(".tile a")
    tiles.nth(1).hover()
    tiles.nth(1).click(position={"x": 20, "y": 20})
    expect(page.get_by_role("status")).to_have_text("1 photo selected")
    tiles.nth(4).click(modifiers=["Shift"])
    assert chosen(page) == [1, 2, 3, 4]
    tiles.nth(2).click(modifiers=["Shift"])  # shorter: the rest is given back
    assert chosen(page) == [1, 2]
    tiles.nth(6).click()
    tiles.nth(1).click()
    assert chosen(page) == [2, 6]
    assert page.locator(".pswp").count() == 0
    page.locator(".selection").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("checkbox")).to_have_count(0)
    tiles.nth(1).click()
    expect(page.locator(".pswp")).to_be_visible()


def test_by_keyboard(album: ManyPhotos, open_page: Open) -> None:
    """Space, arrows with and without Shift, Ctrl+A with Caps Lock too, Escape."""
    page = open_page(album.url)
    expect(page.locator(".grid.selectable")).to_be_visible()
    page.locator(".tile a").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowLeft")
    assert chosen(page) == [0, 1]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    focused = page.evaluate(
        "[...document.querySelectorAll('.tile a')].indexOf(document.activeElement)"
    )
    assert chosen(page) == [0, 1, focused]
    top, below = (page.locator(".tile").nth(at).bounding_box() for at in (1, focused))
    assert top
    assert below
    assert top["y"] < below["y"] < top["y"] + 2 * top["height"]
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+A")  # as with Caps Lock
    page.keyboard.press("Shift+ArrowLeft")  # a shorter range; all stay
    shown = page.locator(".tile").count()
    expect(page.get_by_role("status")).to_have_text(f"{shown} photos selected")
    page.keyboard.press("Escape")
    expect(page.locator(".selection")).to_be_hidden()


def test_all_of_an_album_and_pages_that_come_later(album: ManyPhotos, open_page: Open) -> None:
    """All are chosen before they are loaded, show it once they are, and the reader stays in place."""
    page = open_page(album.url)
    page.get_by_role("button", name="Select").click()
    page.evaluate("scrollTo(0, 150)")
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("60 photos selected")
    assert page.evaluate("scrollY") == 150
    last = page.locator(f'[data-id="{photo_id(0)}"] a')
    while not last.count():
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(100)
    expect(last).to_have_attribute("aria-checked", "true")


def test_by_finger(album: ManyPhotos, open_page: Open) -> None:
    """A long press begins it, a tap adds, and a tap before it opens the viewer; no check mark is hit."""
    page = open_page(album.url, size=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".grid.selectable")).to_be_visible()
    tiles = page.locator(".tile a")
    box = tiles.nth(1).bounding_box()
    assert box
    point = {"x": box["x"] + 20, "y": box["y"] + 20}
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("status")).to_have_text("1 photo selected")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tiles.nth(0).tap()
    expect(page.get_by_role("status")).to_have_text("2 photos selected")
    page.locator(".selection").get_by_role("button", name="Cancel").click()
    tiles.nth(0).tap(position={"x": 20, "y": 20})
    expect(page.locator(".pswp")).to_be_visible()


def held(page: Page, part: str) -> list[Route]:
    """Keep a part of the page's scripts back, and return the requests for it, to be let go."""
    waiting: list[Route] = []
    page.route(re.compile(rf"/{part}-\w+\.js"), lambda route: waiting.append(route))
    page.reload()
    page.wait_for_function("document.readyState === 'complete'")
    return waiting


def test_before_what_chooses_is_there(album: ManyPhotos, open_page: Open) -> None:
    """Select and three clicks while it loads: no viewer, and what was clicked is chosen."""
    page = open_page(album.url)
    waiting = held(page, "select")
    tiles = page.locator(".tile a")
    page.get_by_role("button", name="Select").click()
    tiles.nth(0).click()
    tiles.nth(3).click(modifiers=["Shift"])
    tiles.nth(5).click()
    waiting[0].continue_()
    expect(page.get_by_role("status")).to_have_text("5 photos selected")
    assert chosen(page) == [0, 1, 2, 3, 5]
    assert page.locator(".pswp").count() == 0


def test_a_long_press_before_what_chooses_is_there(album: ManyPhotos, open_page: Open) -> None:
    """The finger may leave again before it has loaded; the photo is chosen, and does not open."""
    page = open_page(album.url, size=PHONE, has_touch=True, is_mobile=True)
    waiting = held(page, "select")
    box = page.locator(".tile a").nth(1).bounding_box()
    assert box
    point = {"x": box["x"] + 20, "y": box["y"] + 20}
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.locator("[data-select].busy")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    waiting[0].continue_()
    expect(page.get_by_role("status")).to_have_text("1 photo selected")
    assert chosen(page) == [1]
    assert page.locator(".pswp").count() == 0


def test_taps_before_the_viewer_is_there(album: ManyPhotos, open_page: Open) -> None:
    """Of two photos tapped while it loads the second opens, once."""
    page = open_page(album.url)
    waiting = held(page, "lightbox")
    tiles = page.locator(".tile a")
    tiles.nth(0).click()
    tiles.nth(2).click()
    waiting[0].continue_()
    expect(page.locator(".pswp")).to_have_count(1)
    expect(page).to_have_url(f"{album.url}{tiles.nth(2).get_attribute('href')}")


def test_a_guest_deletes_what_is_theirs(party: Site, open_page: Open) -> None:
    """Of the chosen those that this browser uploaded, once asked; the others stay."""
    other = party.add(jpeg(50), "theirs.jpg")
    page = open_page(party.url)
    with page.expect_file_chooser() as chooser:
        page.locator("[data-choose]").first.click()
    chooser.value.set_files([picked(f"mine {n}.jpg", jpeg(51 + n)) for n in range(2)])
    for number in range(2):
        expect(card(page, f"mine {number}.jpg")).to_contain_text("Done")
    page.goto(party.url)
    page.get_by_role("button", name="Select").click()
    expect(page.locator(".selection")).to_be_visible()
    page.locator(f'[data-id="{other}"] a').click()
    expect(page.locator(".selection").get_by_role("button", name="Delete")).to_be_hidden()
    page.get_by_role("button", name="All", exact=True).click()
    page.locator(".selection").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 2 photos for good?")
    expect(dialog).to_contain_text("1 that is selected was not uploaded with this browser")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator(".tile")).to_have_count(3)
    page.locator(".selection").get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".tile")).to_have_count(1)
    page.reload()
    expect(page.locator(".tile")).to_have_attribute("data-id", other)


def test_the_owner_is_told_of_a_new_cover(party: Site, open_page: Open) -> None:
    """The bar is gone by then."""
    photo = party.add(jpeg(60), "cover.jpg")
    owner = signed_in(party, open_page)
    owner.goto(party.url)
    owner.get_by_role("button", name="Select").click()
    owner.locator(f'[data-id="{photo}"] a').click()
    owner.locator(".selection").get_by_role("button", name="Use as cover").click()
    expect(owner.get_by_text("It is the album's cover now.")).to_be_visible()
    record = party.product.store.albums.get("main")
    assert record
    assert record.cover == photo


SIZES = [(320, 568), (390, 844), (1280, 800), (3840, 2160)]


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(album: ManyPhotos, open_page: Open, size: tuple[int, int]) -> None:
    """From the smallest phone to 4K the bar fits, and covers less than half of the window."""
    page = open_page(album.url, size=size)
    page.get_by_role("button", name="Select").click()
    bar = page.locator(".selection")
    expect(bar).to_be_visible()
    box = bar.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    assert box["height"] < size[1] / 2
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("look", LOOKS)
def test_axe(album: ManyPhotos, open_page: Open, look: dict[str, Any]) -> None:
    """The bar, the dialogs and the progress, in both themes."""
    page = open_page("about:blank", **look)
    page.add_init_script("delete window.showSaveFilePicker")
    page.goto(album.url)
    page.get_by_role("button", name="Select").click()
    expect(page.locator(".selection")).to_be_visible()
    page.locator(".tile a").first.click()
    assert violations(page) == []
    page.locator(".selection").get_by_role("button", name="Download").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    with page.expect_download():
        page.get_by_role("button", name="Save as ZIP").click()
    expect(page.get_by_text("Downloaded 1 photo")).to_be_visible()
    assert violations(page) == []


def test_where_it_is_not_offered_nothing_is_loaded(site: Site, open_page: Open) -> None:
    """The gallery of the tutorial is what it was."""
    page = open_page(site.url)
    page.wait_for_load_state("networkidle")
    assert page.locator("[data-select], .tools").count() == 0
    assert not page.evaluate(
        "performance.getEntriesByType('resource').some(e => /selection-|select-/.test(e.name))"
    )
