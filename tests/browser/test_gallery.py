"""The gallery: rows, sources, loading, paging, themes."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import DESKTOP, PAGE_SIZE, PHONE, PHOTOS, SHIFT, Open, Site

TILES = """() => [...document.querySelectorAll('.tile:not(.held)')].map(tile => {
  const box = tile.getBoundingClientRect(), image = tile.querySelector('img');
  return {left: box.left, top: Math.round(box.top), width: box.width, height: box.height,
          right: box.right, ratio: image.getAttribute('width') / image.getAttribute('height')};
})"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 3840])
def test_rows_fill_the_line_and_keep_the_ratios(site: Site, open_page: Open, width: int) -> None:
    """Tiles of a row are equally high, fill the line, and crop at most 1 % of a picture."""
    page = open_page(site.url, size=(width, 900))
    tiles = page.evaluate(TILES)
    rows: dict[int, list[dict[str, float]]] = {}
    for tile in tiles:
        rows.setdefault(tile["top"], []).append(tile)
    grid = page.locator("#grid").bounding_box()
    assert grid is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    gutter = tiles[0]["left"]
    for row in list(rows.values())[:-1]:
        assert max(t["height"] for t in row) - min(t["height"] for t in row) < 0.5
        assert row[-1]["right"] == pytest.approx(width - gutter, abs=1)
    widest = 2 if width <= 640 else 2.4
    for tile in tiles:
        ratio = min(max(tile["ratio"], 0.6), widest)
        assert tile["width"] / tile["height"] == pytest.approx(ratio, rel=0.025)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_nothing_moves_while_it_loads(site: Site, open_page: Open, size: tuple[int, int]) -> None:
    """Cumulative layout shift is 0 on load and down to the end of an endless gallery."""
    page = open_page(site.url, size=size)
    page.wait_for_load_state("networkidle")
    # Slow enough that the end is reached before the next page is there.
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    for _ in range(12):
        page.evaluate("window.scrollBy(0, 900)")
        page.wait_for_timeout(60)
    expect(page.locator(".tile")).to_have_count(PHOTOS)
    expect(page.locator(".tile").last).to_be_visible()
    assert page.evaluate(SHIFT) == 0


@pytest.mark.parametrize(("size", "density"), [(PHONE, 3), (DESKTOP, 1), (DESKTOP, 2)])
def test_no_more_pixels_are_fetched_than_are_shown(
    site: Site, open_page: Open, size: tuple[int, int], density: int
) -> None:
    """Each loaded picture is the smallest WebP variant with all the pixels, two for each of CSS's."""
    page = open_page(site.url, size=size, device_scale_factor=density)
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate(
        """() => [...document.querySelectorAll('.tile img')].filter(i => i.currentSrc).map(i => ({
          chosen: i.currentSrc, shown: i.getBoundingClientRect().width, lazy: i.loading,
          offered: i.parentElement.querySelector('source').srcset}))"""
    )
    assert len(loaded) >= 6
    for image in loaded:
        offered = [part.rsplit(" ", 1) for part in image["offered"].split(", ")]
        widths = sorted(int(width[:-1]) for _, width in offered)
        chosen = next(int(width[:-1]) for url, width in offered if url == image["chosen"])
        needed = image["shown"] * min(density, 2.05)  # 0.68 × 3
        enough = [width for width in widths if width >= needed * 0.99] or [widths[-1]]
        if image["lazy"] == "lazy":
            assert chosen == enough[0]
        else:  # the first row is chosen before its layout is known, from an estimate
            assert chosen in widths[: widths.index(enough[0]) + 2]
        assert ".webp" in image["chosen"]


def test_pictures_far_below_are_not_loaded(site: Site, open_page: Open) -> None:
    """What nobody has scrolled to is not fetched; the first row is not lazy."""
    page = open_page(site.url, size=PHONE)
    page.wait_for_load_state("networkidle")
    states = page.evaluate(
        "[...document.querySelectorAll('.tile img')].map(i => [i.loading, i.complete])"
    )
    assert len(states) == PAGE_SIZE
    assert [loading for loading, _ in states[:13]] == ["auto"] * 12 + ["lazy"]
    assert sum(not complete for _, complete in states) > 10


def test_placeholder_is_painted_before_the_picture(site: Site, open_page: Open) -> None:
    """While the bytes are on their way a tile shows its thumbhash; then only the picture."""
    page = open_page("about:blank", errors="ERR_FAILED")
    held: list[Route] = []
    page.route(re.compile(r"\.(webp|jpg)"), lambda route: held.append(route))
    page.goto(site.url, wait_until="domcontentloaded")
    tile = page.locator(".tile").first
    expect(tile).to_have_css("background-image", re.compile(r'^url\("data:image/png;base64,'))
    for route in held:
        route.continue_()
    page.unroute_all()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".tile").first).to_have_css("background-image", "none")


def test_scrolling_goes_on_and_the_address_names_the_place(site: Site, open_page: Open) -> None:
    """The next page comes by itself; the URL says where one is, and Back returns there."""
    page = open_page(site.url)
    for _ in range(40):
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(50)
        if page.locator(".tile").count() == PHOTOS:
            break
    expect(page.locator(".tile")).to_have_count(PHOTOS)
    ids = page.evaluate("[...document.querySelectorAll('.tile')].map(t => t.dataset.id)")
    assert ids == sorted(site.photos.values())
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(400)
    top = page.evaluate(
        "[...document.querySelectorAll('.tile')]"
        ".find(t => t.getBoundingClientRect().bottom > 80).dataset.id"
    )
    assert page.url == f"{site.url}/?at={top}"
    before = page.evaluate("scrollY")
    assert before > 1000
    page.evaluate("location.href = document.querySelector('.tile:last-child a').href")
    page.wait_for_selector("article.photo")
    page.go_back()
    page.wait_for_selector(".tile")
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > 1000


def test_next_page_that_fails_can_be_asked_for_again(site: Site, open_page: Open) -> None:
    """Where the next page does not come, the link says so, and a click fetches it."""
    page = open_page(site.url, errors="ERR_FAILED")
    page.route("**/?after=*", lambda route: route.abort())
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    link = page.get_by_role("link", name="Could not load more. Try again")
    expect(link).to_be_visible()
    expect(page.locator(".tile").last).to_be_visible()
    page.unroute_all()
    link.click()
    expect(page.locator(".tile")).to_have_count(PHOTOS)


def test_links_lead_through_the_gallery_without_javascript(site: Site, open_page: Open) -> None:
    """Next and previous are plain links; every photo is on one page, newest first."""
    page = open_page(site.url, java_script_enabled=False)
    seen = [tile.get_attribute("data-id") for tile in page.locator(".tile").all()]
    assert len(seen) == PAGE_SIZE
    page.get_by_role("link", name="Older photos").click()
    page.wait_for_load_state()
    assert "?after=" in page.url
    seen += [tile.get_attribute("data-id") for tile in page.locator(".tile").all()]
    assert seen == sorted(site.photos.values())
    expect(page.get_by_text("That was the first photo.")).to_be_visible()
    page.get_by_role("link", name="Newer photos").click()
    page.wait_for_load_state()
    # All of them stand above now, and the place is kept.
    assert [tile.get_attribute("data-id") for tile in page.locator(".tile").all()] == seen
    box = page.locator(f'.tile[data-id="{seen[PAGE_SIZE]}"]').bounding_box()
    assert box is not None
    assert 0 < box["y"] < DESKTOP[1]
    page.goto(f"{site.url}/?after={seen[9]}")
    page.get_by_role("link", name="Newest photos").click()
    assert page.url == site.url + "/"
    page.locator(".tile a").first.click()
    expect(page.get_by_role("heading", name=f"Landscape {PHOTOS - 1:02}.jpg")).to_be_visible()
    assert page.locator(".stage img").evaluate("i => i.naturalWidth") > 0


def test_addresses_that_ran_out_are_renewed(site: Site, open_page: Open) -> None:
    """In a tab left open for hours, pictures whose addresses have ended load all the same."""
    page = open_page("about:blank", errors="403")
    refused: set[str] = set()

    def refuse_once(route: Route) -> None:
        path = route.request.url.split("?")[0]
        if path in refused:
            route.continue_()
        else:
            refused.add(path)
            route.fulfill(status=403)

    page.route(re.compile(r"\.(webp|jpg)\?"), refuse_once)
    page.goto(site.url)
    first = page.locator(".tile img").first
    expect(first).to_have_js_property("complete", True)
    for _ in range(200):
        if first.evaluate("i => i.naturalWidth") > 0:
            break
        page.wait_for_timeout(100)
    assert first.evaluate("i => i.naturalWidth") > 0
    page.locator(".tile a").nth(1).click()
    shown = page.locator(
        ".pswp__item[aria-hidden=false] img.pswp__img:not(.pswp__img--placeholder)"
    )
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("i => i.naturalWidth") > 0
    expect(page.locator(".pswp__error-msg")).to_have_count(0)


def test_themes_follow_the_system(site: Site, open_page: Open) -> None:
    """Light is paper, dark is a darkroom."""
    light = open_page(site.url, color_scheme="light")
    dark = open_page(site.url, color_scheme="dark")
    expect(light.locator("body")).to_have_css("background-color", "rgb(251, 250, 248)")
    expect(dark.locator("body")).to_have_css("background-color", "rgb(18, 19, 21)")


def test_print_shows_pictures_only(site: Site, open_page: Open) -> None:
    """On paper there are no buttons."""
    page = open_page(site.url)
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Upload")).to_be_hidden()
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator(".pager.older")).to_be_hidden()


def test_keyboard_reaches_everything_in_order(site: Site, open_page: Open) -> None:
    """Tab leads from the skip link over the bar to the first photo, and focus is seen."""
    page = open_page(site.url)
    reached: list[Any] = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "[document.activeElement.className, "
                "getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert json.dumps(reached) == json.dumps(
        [["skip", "solid"], ["brand", "solid"], ["button main", "solid"], ["", "solid"]]
    )
    assert page.evaluate("document.activeElement.closest('.tile') !== null")
