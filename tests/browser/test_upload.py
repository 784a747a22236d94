"""Uploads from the page: how files come in, what is shown of each, and what may go wrong."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import pictures
from tests.browser.conftest import DESKTOP, PHONE, Open, Site, card, drop, jpeg, picked
from tests.conftest import start_product, stop_product

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


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_chosen_picture_appears_without_reload(
    workshop: Site, open_page: Open, size: tuple[int, int]
) -> None:
    """The button opens the file chooser; the picture comes to stand first in the gallery."""
    page = open_page(workshop.url, size=size)
    page.evaluate("window.sameDocument = true")
    name = f"chosen {size[0]}.jpg"
    with page.expect_file_chooser() as chooser:
        page.locator(".bar [data-choose]").click()
    assert chooser.value.is_multiple()
    chooser.value.set_files(picked(name, jpeg(1)))
    expect(tile(page, name)).to_be_visible()
    assert page.locator(".tile img").first.get_attribute("alt") == name
    expect(card(page, name)).to_contain_text("Done")
    expect(card(page, name).locator("a img")).to_be_visible()
    expect(page.locator(".uploads-total")).to_have_text("1 photo uploaded")
    assert page.evaluate("window.sameDocument") is True


def test_phones_offer_their_camera(workshop: Site, open_page: Open) -> None:
    """The chooser takes any picture, which is what makes phones offer the camera."""
    page = open_page(workshop.url, size=PHONE)
    accept = page.locator("[data-chooser]").get_attribute("accept")
    assert accept is not None
    assert accept.split(",")[0] == "image/*"
    assert {".heic", ".avif", ".jpg"} <= set(accept.split(","))


def test_dropped_files_and_folders(workshop: Site, open_page: Open, tmp_path: Path) -> None:
    """Files and whole folders may be dropped anywhere; what is no picture in one is left out."""
    folder = tmp_path / "holiday" / "day 1"
    folder.mkdir(parents=True)
    (folder / "in folder.jpg").write_bytes(jpeg(2))
    (tmp_path / "holiday" / "beside.jpg").write_bytes(jpeg(3))
    (folder / "list.txt").write_text("no picture")
    (folder / ".DS_Store").write_text("no picture either, and nobody put it there")
    (tmp_path / "alone.jpg").write_bytes(jpeg(4))
    page = open_page(workshop.url)
    drop(page, tmp_path / "holiday", tmp_path / "alone.jpg")
    for name in ("in folder.jpg", "beside.jpg", "alone.jpg"):
        expect(tile(page, name)).to_be_visible()
    expect(page.locator(".uploads-total")).to_have_text(
        "3 photos uploaded · 1 file that is not a picture was left out"
    )
    expect(page.locator("body")).not_to_have_class(re.compile("dropping"))


def test_pasted_picture(workshop: Site, open_page: Open) -> None:
    """A picture in the clipboard is uploaded by pasting."""
    page = open_page(workshop.url, permissions=["clipboard-read", "clipboard-write"])
    before = page.locator(".tile").count()
    page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(40, 30);
          canvas.getContext('2d').fillRect(0, 0, 20, 20);
          const blob = await canvas.convertToBlob({type: 'image/png'});
          await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
        }"""
    )
    page.keyboard.press("Control+V")
    expect(card(page, "image.png")).to_contain_text("Done")
    expect(page.locator(".tile")).to_have_count(before + 1)


def test_thirty_at_once_three_at_a_time(workshop: Site, open_page: Open) -> None:
    """Thirty files go up three at a time, and all thirty stand in the gallery."""
    page = open_page(workshop.url)
    under_way: set[Any] = set()
    most = 0

    def begun(request: Any) -> None:
        nonlocal most
        if request.method == "POST" and "/api/" not in request.url:
            under_way.add(request)
            most = max(most, len(under_way))

    page.on("request", begun)
    page.on("requestfinished", lambda request: under_way.discard(request))
    names = [f"many {number:02}.jpg" for number in range(30)]
    page.set_input_files("[data-chooser]", [picked(n, jpeg(100 + i)) for i, n in enumerate(names)])
    expect(page.locator(".uploads-total")).to_have_text("30 photos uploaded", timeout=40_000)
    for name in names:
        expect(tile(page, name)).to_have_count(1)
    assert most == 3


def test_progress_moves_with_the_bytes(workshop: Site, open_page: Open) -> None:
    """The bar grows with what was sent; thumbnail, name and size are there from the start."""
    page = open_page(workshop.url)
    slow_network(page)
    page.set_input_files("[data-chooser]", picked("slow.jpg", bulky(5)))
    shown = card(page, "slow.jpg")
    expect(shown.locator("canvas")).to_be_visible()
    expect(shown.locator(".upload-state")).to_have_text(re.compile(r"^\d+% of \d+ kB$"))
    expect(page.locator(".uploads-total")).to_have_text(
        re.compile(r"^0 of 1 photo · \d+ kB of \d+ kB$")
    )
    values: set[float] = set()
    while shown.locator("progress").is_visible() and len(values) < 200:
        values.add(shown.locator("progress").evaluate("bar => bar.value"))
        page.wait_for_timeout(50)
    assert len(values) >= 4
    assert max(values) > 0.9
    expect(tile(page, "slow.jpg")).to_be_visible()


def test_cancel_ends_one_upload_only(workshop: Site, open_page: Open) -> None:
    """A cancelled upload disappears and never reaches the gallery; the other goes on."""
    page = open_page(workshop.url, errors="ERR_ABORTED|ERR_FAILED")
    slow_network(page)
    page.set_input_files(
        "[data-chooser]", [picked("wanted.jpg", bulky(6)), picked("unwanted.jpg", bulky(7))]
    )
    expect(card(page, "unwanted.jpg").locator(".upload-state")).to_contain_text("%")
    page.get_by_role("button", name="Cancel unwanted.jpg").click()
    expect(card(page, "unwanted.jpg")).to_have_count(0)
    expect(tile(page, "wanted.jpg")).to_be_visible()
    page.reload()
    expect(tile(page, "wanted.jpg")).to_be_visible()
    expect(tile(page, "unwanted.jpg")).to_have_count(0)


def test_refusals_before_a_byte_is_sent(workshop: Site, open_page: Open, tmp_path: Path) -> None:
    """Too large, wrong type and empty are said in words, without any request."""
    page = open_page(workshop.url)
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(25_000_001)
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / "empty.png").write_bytes(b"")
    posts: list[str] = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    drop(page, large, tmp_path / "notes.txt", tmp_path / "empty.png")
    expect(card(page, "large.jpg")).to_contain_text("The file is larger than 25 MB.")
    expect(card(page, "notes.txt")).to_contain_text(
        "This is not a picture we can read; please use JPEG, PNG, GIF, WebP, AVIF or HEIC."
    )
    expect(card(page, "empty.png")).to_contain_text("The file is empty.")
    page.get_by_role("button", name="Dismiss notes.txt").click()
    expect(card(page, "notes.txt")).to_have_count(0)
    assert posts == []


def test_rejected_upload_says_why_and_stays(workshop: Site, open_page: Open) -> None:
    """What only the content tells is said by the verdict, and stays until it is dismissed."""
    page = open_page(workshop.url)
    page.set_input_files("[data-chooser]", picked("torn.jpg", bulky(8)[:60_000]))
    expect(card(page, "torn.jpg")).to_contain_text(
        "The file is incomplete; please upload it again."
    )
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Dismiss torn.jpg").click()
    expect(page.locator(".uploads")).to_be_hidden()


def test_connection_lost_in_the_middle(open_page: Open, tmp_path: Path) -> None:
    """A connection cut in the middle of an upload: the card says so, and it goes on by itself."""
    product = start_product(tmp_path)
    ports = {"PORT": product.environ["PORT"], "S3_PORT": product.environ["S3_PORT"]}
    try:
        page = open_page(product.url, errors="ERR_|Failed to fetch")
        slow_network(page)
        page.set_input_files("[data-chooser]", picked("dropped.jpg", bulky(9)))
        state = card(page, "dropped.jpg").locator(".upload-state")
        expect(state).to_have_text(re.compile(r"^[1-9]\d% of"))
        stop_product(product)
        expect(state).to_have_text("Connection lost, trying again…")
        product = start_product(tmp_path, **ports)
        expect(tile(page, "dropped.jpg")).to_be_visible(timeout=30_000)
    finally:
        stop_product(product)


def test_offline_waits_for_the_network(workshop: Site, open_page: Open) -> None:
    """Without a network nothing is tried and nothing fails; it goes on when that is back."""
    page = open_page(workshop.url, errors="ERR_INTERNET_DISCONNECTED")
    page.set_input_files("[data-chooser]", picked("before.jpg", jpeg(16)))
    expect(tile(page, "before.jpg")).to_be_visible()  # the uploader is loaded
    page.context.set_offline(True)
    page.set_input_files("[data-chooser]", picked("patient.jpg", jpeg(17)))
    state = card(page, "patient.jpg").locator(".upload-state")
    expect(state).to_have_text("Offline; goes on when the connection is back")
    page.wait_for_timeout(700)
    page.context.set_offline(False)
    expect(tile(page, "patient.jpg")).to_be_visible()


def test_failed_upload_can_be_tried_again(workshop: Site, open_page: Open) -> None:
    """Attempts come with backoff; when all have failed a button tries again."""
    page = open_page(workshop.url, errors="ERR_CONNECTION_REFUSED")
    page.clock.install()
    attempts: list[float] = []
    storage = workshop.product.settings.s3_endpoint_url
    started = time.monotonic()

    def refuse(route: Any) -> None:
        attempts.append(time.monotonic() - started)
        route.abort("connectionrefused")

    page.route(re.compile(f"^{re.escape(str(storage))}"), refuse)
    page.set_input_files("[data-chooser]", picked("unlucky.jpg", jpeg(10)))
    state = card(page, "unlucky.jpg").locator(".upload-state")
    expect(state).to_have_text("Connection lost, trying again…")
    for _ in range(40):
        page.clock.fast_forward(10_000)
        page.wait_for_timeout(30)
        if len(attempts) == 8:
            break
    expect(state).to_have_text("The upload failed; try again.")
    page.unroute_all()
    page.clock.resume()
    page.get_by_role("button", name="Try unlucky.jpg again").click()
    expect(tile(page, "unlucky.jpg")).to_be_visible()


def test_leaving_during_an_upload_warns(workshop: Site, open_page: Open) -> None:
    """The browser asks before the page is left while bytes are on their way, and only then."""
    page = open_page(workshop.url)
    slow_network(page)
    page.locator("h1").evaluate("() => 0")
    page.set_input_files("[data-chooser]", picked("asked.jpg", bulky(11)))
    expect(card(page, "asked.jpg").locator(".upload-state")).to_contain_text("%")
    page.locator("#main").click(position={"x": 2, "y": 2})  # browsers warn who has acted
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => location.reload())")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    expect(tile(page, "asked.jpg")).to_be_visible()
    page.reload()
    assert asked == ["beforeunload"]


def test_uploads_outlive_a_reload(workshop: Site, open_page: Open) -> None:
    """After a reload an upload whose bytes had arrived is followed on; a cut one says so."""
    page = open_page(workshop.url, errors="ERR_FAILED")
    page.route("**/api/photos?ids=*", lambda route: route.abort())
    page.set_input_files("[data-chooser]", picked("outlives.jpg", jpeg(12)))
    expect(card(page, "outlives.jpg")).to_contain_text("Processing…")
    page.evaluate(
        """() => {
          const key = 'contact-sheet:pending', all = JSON.parse(localStorage[key]);
          all.push({...all[0], id: '7' + 'Z'.repeat(25), name: 'cut.jpg', sent: false});
          localStorage[key] = JSON.stringify(all);
        }"""
    )
    page.unroute_all()
    page.reload()
    expect(card(page, "outlives.jpg")).to_contain_text("Done")
    expect(card(page, "cut.jpg")).to_contain_text("Choose the file again")
    page.reload()
    expect(tile(page, "outlives.jpg")).to_be_visible()
    expect(page.locator(".uploads")).to_have_count(0)


def test_another_tab_leaves_this_tabs_uploads_alone(workshop: Site, open_page: Open) -> None:
    """A second tab does not take over what the first still follows."""
    page = open_page(workshop.url, errors="ERR_FAILED")
    page.route("**/api/photos?ids=*", lambda route: route.abort())
    page.set_input_files("[data-chooser]", picked("one tab.jpg", jpeg(13)))
    expect(card(page, "one tab.jpg")).to_contain_text("Processing…")
    other = page.context.new_page()
    other.goto(workshop.url)
    other.wait_for_load_state("networkidle")
    expect(other.locator(".uploads")).to_have_count(0)
    page.close()
    other.reload()
    expect(card(other, "one tab.jpg")).to_contain_text("Done")


def test_form_without_javascript(workshop: Site, open_page: Open) -> None:
    """A plain form posts to S3 and comes back to a page that shows the picture in the end."""
    page = open_page(workshop.url, java_script_enabled=False)
    page.get_by_role("link", name="Upload").click()
    page.get_by_label("Picture").set_input_files(picked("plain.jpg", jpeg(14)))
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/photos/7[0-9A-Z]{25}"))
    # The page of an upload under way refreshes itself.
    expect(page.locator("article.photo")).to_be_visible(timeout=15_000)
    assert page.locator("article.photo img").evaluate("i => i.naturalWidth") > 0


def test_form_with_javascript_stays_on_the_page(workshop: Site, open_page: Open) -> None:
    """The same form, with JavaScript, goes through the panel."""
    page = open_page(f"{workshop.url}/upload")
    page.get_by_label("Picture").set_input_files(picked("formed.jpg", jpeg(15)))
    page.get_by_role("button", name="Upload").click()
    expect(card(page, "formed.jpg")).to_contain_text("Done")
    assert page.url == f"{workshop.url}/upload"
