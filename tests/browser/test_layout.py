"""Rows of unusual pictures, transparency, animations at rest, and memory."""

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests import pictures
from tests.browser.conftest import DESKTOP, PHONE, Open, Site, jpeg
from tests.browser.scenery import landscape
from tests.conftest import start_product, stop_product

SHAPES = [(4, 3), (3, 2), (4, 3), (8, 1), (3, 2), (3, 4), (1, 8), (4, 3), (16, 9), (10, 1), (4, 3)]


def shaped(across: int, down: int, seed: int) -> bytes:
    """Return a landscape stretched to a ratio."""
    scale = 1200 / max(across, down)
    picture = Image.open(io.BytesIO(landscape(seed, 400)))
    encoded = io.BytesIO()
    picture.resize((round(across * scale), round(down * scale))).save(encoded, "JPEG")
    return encoded.getvalue()


def mark(grey: int) -> bytes:
    """Return a ring of one grey on nothing."""
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((80, 30, 220, 170), outline=(grey, grey, grey, 255), width=24)
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of panoramas, towers and common shapes, marks on nothing, and an animation."""
    product = start_product(tmp_path_factory.mktemp("mixed"))
    site = Site(product)
    for seed, shape in enumerate(SHAPES * 3):
        site.add(shaped(*shape, seed % 10), f"shape {seed}.jpg")
    site.add(mark(20), "dark.png", "image/png")
    site.add(mark(245), "light.png", "image/png")
    site.add(pictures.gif(frames=3), "moves.gif", "image/gif")
    yield site
    stop_product(product)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_no_row_is_stretched_beyond_measure(
    mixed: Site, open_page: Open, size: tuple[int, int]
) -> None:
    """Whatever stands beside it, no tile is much higher than a row, nor fills the window."""
    page = open_page(mixed.url, size=size)
    row, heights = page.evaluate(
        """() => {
          const probe = document.createElement('i');
          probe.style.cssText = 'position:absolute;height:var(--row)';
          document.body.append(probe);
          return [probe.getBoundingClientRect().height,
            [...document.querySelectorAll('.tile')].map(t => t.getBoundingClientRect().height)];
        }"""
    )
    assert max(heights) <= 2.6 * row
    assert min(heights) >= 0.98 * row


def test_two_photos_stand_side_by_side_on_a_phone(site: Site, open_page: Open) -> None:
    """Sixty photos are some six screens, not sixteen; most rows hold two or more."""
    page = open_page(site.url, size=PHONE)
    tops = page.evaluate(
        "[...document.querySelectorAll('.tile:not(.held)')]"
        ".map(t => Math.round(t.getBoundingClientRect().top))"
    )
    rows = len(set(tops))
    assert len(tops) / rows >= 1.9
    assert page.evaluate("document.documentElement.scrollHeight") < 5500


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_photo_alone_is_large(
    open_page: Open, tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int]
) -> None:
    """The first photo of a gallery is a picture on the wall, not a stamp in its corner."""
    product = start_product(tmp_path_factory.mktemp("one"))
    try:
        product.settled(product.upload(jpeg(1, side=900)))
        page = open_page(product.url, size=size)
        box = page.locator(".tile").bounding_box()
        assert box is not None
        assert box["width"] >= 0.55 * size[0]
        assert box["height"] <= 0.75 * size[1]
    finally:
        stop_product(product)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_transparent_pictures_are_seen_in_both_themes(
    mixed: Site, open_page: Open, theme: str
) -> None:
    """Dark ink stands on a light mat and light ink on a dark one: tile, viewer and page."""
    page = open_page(mixed.url, color_scheme=theme)
    for name, ink in (("dark.png", 20), ("light.png", 245)):
        tile = page.locator(f'.tile:has(img[alt="{name}"])')
        tile.locator("a").click()
        page.wait_for_selector(".pswp--ui-visible")
        shown = page.locator(
            ".pswp__item[aria-hidden=false] img.pswp__img:not(.pswp__img--placeholder)"
        )
        expect(shown).to_be_visible()
        for part in (tile, shown):
            colour = part.evaluate("e => getComputedStyle(e).backgroundColor")
            mat = int(colour.removeprefix("rgb(").split(",")[0])
            assert abs(mat - ink) > 130, (name, colour)
        page.keyboard.press("Escape")
        expect(page.locator(".pswp")).to_have_count(0)


def test_an_animation_at_rest_can_be_played(mixed: Site, open_page: Open) -> None:
    """Whoever asked for less motion sees a badge, and plays it in the viewer or on its page."""
    page = open_page(mixed.url, reduced_motion="reduce")
    tile = page.locator('.tile:has(img[alt="moves.gif"])')
    expect(tile.locator(".tile-play")).to_be_visible()
    tile.locator("a").click()
    page.wait_for_selector(".pswp--ui-visible")
    shown = page.locator(
        ".pswp__item[aria-hidden=false] img.pswp__img:not(.pswp__img--placeholder)"
    )
    assert ".jpg" in shown.evaluate("i => i.currentSrc")
    page.get_by_role("button", name="Play").click()
    expect(shown).to_have_js_property("complete", True)
    assert ".webp" in shown.evaluate("i => i.currentSrc")
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    page.goto(f"{mixed.url}/photos/{mixed.photos['moves.gif']}")
    image = page.locator(".stage img")
    assert ".jpg" in image.evaluate("i => i.currentSrc")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    assert ".webp" in image.evaluate("i => i.currentSrc")
    moving = open_page(mixed.url)
    expect(moving.locator(".tile-play")).to_be_hidden()


def test_pictures_far_away_are_let_go(site: Site, open_page: Open) -> None:
    """Far from the window a tile keeps its place and no picture; near it, it has one again."""
    page = open_page(site.url, size=PHONE)
    page.wait_for_load_state("networkidle")
    first = page.locator(".tile img").first
    expect(first).to_have_attribute("src", re.compile("^http"))
    height = page.locator(".tile").first.evaluate("t => t.offsetHeight")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(600)
    assert first.get_attribute("src") is None
    assert page.locator(".tile source").first.get_attribute("srcset") is None
    assert page.locator(".tile").first.evaluate("t => t.offsetHeight") == height
    page.evaluate("window.scrollTo(0, 0)")
    expect(first).to_have_attribute("src", re.compile("^http"))
    expect(first).to_have_js_property("complete", True)
    assert first.evaluate("i => i.naturalWidth") > 0
