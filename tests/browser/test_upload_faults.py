"""Uploads from the page: cancelled, refused, cut off, left, and taken up again."""

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import (
    Open,
    Site,
    bulky,
    card,
    drop,
    jpeg,
    picked,
    slow_network,
    tile,
)
from tests.conftest import start_product, stop_product


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
        file.write(jpeg(5))
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
    port = product.environ["PORT"]
    try:
        page = open_page(product.url, errors="ERR_|Failed to fetch")
        slow_network(page)
        page.set_input_files("[data-chooser]", picked("dropped.jpg", bulky(9)))
        state = card(page, "dropped.jpg").locator(".upload-state")
        expect(state).to_have_text(re.compile(r"^[1-9]\d% of"))
        stop_product(product)
        expect(state).to_have_text("Connection lost, trying again…")
        product = start_product(tmp_path, PORT=port)
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
