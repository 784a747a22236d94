"""New photos while somebody looks: nothing that is read moves, and none is missed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from services.core import keys
from services.core.photo import Photo, stored_variants
from tests.browser.conftest import PHONE, SHIFT, Open, Site, card, jpeg, picked, tile
from tests.conftest import start_product, stop_product


def copies(site: Site, photo_id: str, count: int, name: str) -> list[str]:
    """Publish more photos at once, with the variants of one that stands, and return their ids."""
    store = site.product.store
    photo = store.gallery.photos("main", [photo_id])[photo_id]
    ids = []
    for number in range(count):
        new = keys.new_photo_id(datetime.now(UTC))
        stored = [
            (fit, [v.format for v in photo.variants if v.size == fit.size])
            for fit in {v.size: v for v in photo.variants}.values()
        ]
        variants = stored_variants("main", new, stored, private=False)  # type: ignore[arg-type] # a Variant has a Fit's fields
        for old, variant in zip(photo.variants, variants, strict=True):
            data = store.gallery.get_bytes(old.key)
            assert data
            store.gallery.put_variant(variant.key, data, variant.format, source="copy")
        entry = Photo(
            **{f: getattr(photo, f) for f in ("album", "width", "height", "thumbhash", "animated")},
            id=new,
            variants=variants,
            name=f"{name} {number:03}.jpg",
        )
        store.gallery.put_json(entry.key(), {})
        ids.append(new)
    return ids


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of seventy photos that these tests add to."""
    product = start_product(tmp_path_factory.mktemp("crowd"))
    site = Site(product)
    first = site.add(jpeg(1, side=600), "first.jpg")
    copies(site, first, 70, "before")
    yield site
    stop_product(product)


def seen(page: Page) -> dict[str, list[float]]:
    """Return where each tile in the window stands."""
    boxes: dict[str, list[float]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.tile')]
          .map(t => [t.dataset.id, t.getBoundingClientRect()])
          .filter(([, b]) => b.bottom > 0 && b.top < innerHeight)
          .map(([id, b]) => [id, [b.left, b.top, b.width, b.height]]))"""
    )
    return boxes


def test_who_reads_is_told_and_may_jump(crowd: Site, open_page: Open) -> None:
    """Below the beginning nothing moves while photos come; a button says how many and leads there."""
    page = open_page(crowd.url, size=PHONE)
    page.wait_for_load_state("networkidle")
    page.mouse.wheel(0, 1200)
    page.wait_for_timeout(400)
    before = seen(page)
    names = [f"arriving {n}.jpg" for n in range(8)]
    page.set_input_files("[data-chooser]", [picked(n, jpeg(300 + i)) for i, n in enumerate(names)])
    expect(page.locator(".uploads-total")).to_have_text("8 photos uploaded", timeout=20_000)
    announced = page.get_by_role("button", name="8 new photos")
    expect(announced).to_be_visible()
    assert seen(page) == before
    assert page.evaluate(SHIFT) < 0.002  # lines of the panel, which no one reads on
    announced.click()
    expect(page.locator(".arrivals")).to_have_count(0)
    for name in names:
        expect(tile(page, name)).to_have_count(1)
    assert page.evaluate("scrollY") == 0
    first = page.locator(".tile").first.get_attribute("data-id")
    assert page.evaluate("document.activeElement.closest('.tile').dataset.id") == first


def test_all_that_was_published_while_nobody_asked(crowd: Site, open_page: Open) -> None:
    """A hundred and twenty uploads that became photos unseen all come to stand in the grid."""
    page = open_page(crowd.url, errors="ERR_FAILED")
    blocked = re.compile(r"/api/photos\?ids=")
    page.route(blocked, lambda route: route.abort())
    names = [f"unseen {n:03}.jpg" for n in range(120)]
    page.set_input_files(
        "[data-chooser]", [picked(n, jpeg(i, side=40 + i)) for i, n in enumerate(names)]
    )
    expect(page.locator(".upload.processing")).to_have_count(120, timeout=60_000)
    expect(card(page, names[0])).to_contain_text("Sent; waiting for an answer…")
    crowd.product.settled(
        str(page.evaluate("JSON.parse(localStorage['contact-sheet:pending']).at(-1).id")), 60
    )
    page.unroute_all()
    expect(page.locator(".uploads-total")).to_have_text("120 photos uploaded", timeout=60_000)
    expect(page.locator('.tile img[alt^="unseen"]')).to_have_count(120)
    ids = page.evaluate("[...document.querySelectorAll('.tile')].map(t => t.dataset.id)")
    assert ids == sorted(ids)


def test_answers_come_while_uploads_go_on(crowd: Site, open_page: Open) -> None:
    """However fast files go up, questions are asked: photos are done before the last file is sent."""
    page = open_page(crowd.url)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "?ids=" in r.url else None)
    files = [picked(f"fast {n:03}.jpg", jpeg(n, side=200 + n)) for n in range(60)]
    page.set_input_files("[data-chooser]", files)
    done = page.locator(".upload.ready")
    expect(done.first).to_be_visible()
    assert page.locator(".upload:is(.queued, .sending)").count() > 0
    assert len(asked) >= 1
    expect(page.locator(".uploads-total")).to_have_text("60 photos uploaded", timeout=60_000)


def test_only_what_is_new_is_fetched(crowd: Site, open_page: Open) -> None:
    """Uploads fetch their own tiles, each once; never the gallery's page again."""
    page = open_page(crowd.url)
    page.wait_for_load_state("networkidle")
    fetched: list[str] = []
    page.on("request", lambda r: fetched.append(r.url) if r.resource_type == "fetch" else None)
    files = [picked(f"lean {n:02}.jpg", jpeg(n, side=270 + n)) for n in range(20)]
    page.set_input_files("[data-chooser]", files)
    expect(page.locator('.tile img[alt^="lean"]')).to_have_count(20, timeout=30_000)
    tiles = [url for url in fetched if "?only=" in url]
    ids = [id_ for url in tiles for id_ in url.split("?only=")[1].split(",")]
    assert len(ids) == len(set(ids)) == 20
    assert not [url for url in fetched if url == crowd.url + "/"]


def test_photos_of_others_come_with_the_tab(crowd: Site, open_page: Open) -> None:
    """A tab that comes back after a while takes in all that came, over several pages."""
    page = open_page(crowd.url)
    page.wait_for_load_state("networkidle")
    page.clock.install()
    visible = "Object.defineProperty(document, 'hidden', {{value: {0}, configurable: true}})"
    page.evaluate(visible.format("true") + ";document.dispatchEvent(new Event('visibilitychange'))")
    ids = copies(crowd, next(iter(crowd.photos.values())), 70, "others")
    page.clock.fast_forward(61_000)
    page.evaluate(
        visible.format("false") + ";document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.clock.resume()
    expect(page.locator('.tile img[alt^="others"]')).to_have_count(70)
    shown = page.evaluate("[...document.querySelectorAll('.tile')].map(t => t.dataset.id)")
    assert set(ids) <= set(shown)


HIDDEN = """Object.defineProperty(document, "hidden", {{value: {0}, configurable: true}});
document.dispatchEvent(new Event("visibilitychange"))"""


def test_an_open_page_learns_of_photos_of_others(crowd: Site, open_page: Open) -> None:
    """A button says how many; until it is pressed nothing moves, and then they stand in front."""
    page = open_page(crowd.url, size=PHONE)
    page.wait_for_load_state("networkidle")
    before = seen(page)
    ids = copies(crowd, next(iter(crowd.photos.values())), 8, "of others")
    expect(page.locator(".arrivals")).to_have_text("8 new photos")
    assert seen(page) == before
    page.locator(".arrivals").click()
    expect(page.locator('.tile img[alt^="of others"]')).to_have_count(8)
    expect(page.locator(".arrivals")).to_have_count(0)
    assert page.locator(".tile").first.get_attribute("data-id") == min(ids)
    assert page.evaluate("scrollY") == 0


def test_a_page_that_is_not_seen_asks_nothing(crowd: Site, open_page: Open) -> None:
    """Every few seconds at first, once a minute after a quiet while, and not at all when hidden."""
    page = open_page("about:blank")
    page.clock.install()
    asked: list[int] = []
    page.on(
        "response", lambda answer: asked.append(answer.status) if "/newest" in answer.url else None
    )
    page.goto(crowd.url)
    page.wait_for_load_state("networkidle")

    def minutes(count: int) -> list[int]:
        asked.clear()
        for _ in range(count * 20):
            page.clock.run_for(3000)
            page.wait_for_timeout(15)  # an answer takes real time
        return list(asked)

    first = minutes(1)
    assert len(first) >= 4
    assert set(first) == {200, 304}
    minutes(4)
    later = minutes(5)
    assert 3 <= len(later) <= 7
    assert set(later) == {304}
    page.evaluate(HIDDEN.format("true"))
    assert minutes(5) == []
    page.evaluate(HIDDEN.format("false"))
    page.wait_for_timeout(500)
    assert asked == [304]
