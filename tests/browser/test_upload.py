"""Uploads from the page: how files come in, and what is shown of each."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (
    DESKTOP,
    PHONE,
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
    expect(card(page, name).locator("a :is(canvas, img)")).to_be_visible()
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


def test_form_without_javascript(workshop: Site, open_page: Open) -> None:
    """A plain form posts to S3 and comes back to a page that shows the picture in the end."""
    page = open_page(workshop.url, java_script_enabled=False, errors="410")
    page.get_by_role("link", name="Upload").click()
    page.get_by_label("Picture").set_input_files(picked("plain.jpg", jpeg(14)))
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/photos/7[0-9A-Z]{25}$"))  # without what S3 adds
    # The page of an upload under way refreshes itself.
    expect(page.locator("article.photo")).to_be_visible(timeout=15_000)
    assert page.locator(".stage img").evaluate("i => i.naturalWidth") > 0
    photo = page.url
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    assert page.url == workshop.url + "/"
    answer = page.goto(photo)
    assert answer is not None
    assert answer.status == 410
    expect(page.get_by_role("heading", name="This photo was deleted")).to_be_visible()


def test_each_form_without_javascript_is_a_fresh_one(workshop: Site, open_page: Open) -> None:
    """By Back or by the link on the photo's page: another picture never takes the first one's place."""
    page = open_page(f"{workshop.url}/upload", java_script_enabled=False)
    names: list[str] = []
    for number in range(2):
        page.get_by_label("Picture").set_input_files(picked("plain.jpg", jpeg(150 + number)))
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url(re.compile(r"/photos/7[0-9A-Z]{25}$"))
        expect(page.locator("article.photo")).to_be_visible(timeout=15_000)
        names.append(page.url)
        if number:
            page.get_by_role("link", name="Upload another picture").click()
        else:
            page.go_back()
            if "/upload" not in page.url:  # the page that refreshed itself
                page.go_back()
            assert page.url == f"{workshop.url}/upload"
    assert len(set(names)) == 2
    key = page.locator("input[name=key]").get_attribute("value")
    assert key is not None
    assert not [name for name in names if key.split("/")[-1] in name]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "The file is empty."), (25_000_001, "The file is larger than 25 MB.")]
)
def test_a_form_without_javascript_is_answered_in_words(
    workshop: Site, open_page: Open, tmp_path: Path, size: int, words: str
) -> None:
    """What S3 itself would refuse in XML is refused on a page of the site, with the way back."""
    file = tmp_path / "odd.jpg"
    with file.open("wb") as opened:
        opened.truncate(size)
    page = open_page(f"{workshop.url}/upload", java_script_enabled=False)
    page.get_by_label("Picture").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text(words)).to_be_visible(timeout=15_000)
    expect(page.get_by_role("link", name="Upload another picture")).to_be_visible()


def test_form_with_javascript_stays_on_the_page(workshop: Site, open_page: Open) -> None:
    """The same form, with JavaScript, goes through the panel."""
    page = open_page(f"{workshop.url}/upload")
    page.get_by_label("Picture").set_input_files(picked("formed.jpg", jpeg(15)))
    page.get_by_role("button", name="Upload").click()
    expect(card(page, "formed.jpg")).to_contain_text("Done")
    assert page.url == f"{workshop.url}/upload"
