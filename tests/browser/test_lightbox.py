"""The viewer and what can be done with a photo."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, Site, jpeg, picked


def open_viewer(page: Page, number: int = 2) -> str:
    """Open the viewer at a photo and return the photo's id."""
    tile = page.locator(".tile").nth(number)
    photo_id = tile.get_attribute("data-id")
    tile.locator("a").click()
    page.wait_for_selector(".pswp--ui-visible")
    page.wait_for_timeout(450)  # the opening
    assert photo_id is not None
    return photo_id


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_keys_move_and_focus_returns(site: Site, open_page: Open, size: tuple[int, int]) -> None:
    """Arrow keys move, the address follows, Escape closes, focus returns to the photo seen last."""
    page = open_page(site.url, size=size)
    open_viewer(page)
    ids = sorted(site.photos.values())
    assert page.url.endswith(f"/photos/{ids[2]}")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{site.url}/photos/{ids[3]}")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(f"{site.url}/photos/{ids[1]}")
    for _ in range(12):
        page.keyboard.press("Tab")
        # The body is where focus is while it is in the browser's own bars.
        assert page.evaluate("document.activeElement.matches('.pswp *, .pswp, body')")
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    expect(page).to_have_url(site.url + "/")
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/photos/{ids[1]}"
    expect(page).to_have_title("Contact Sheet")


def test_back_closes_and_forward_opens(site: Site, open_page: Open) -> None:
    """The viewer is one step in the history, and its address is the photo's own page."""
    page = open_page(site.url)
    photo_id = open_viewer(page)
    page.go_back()
    expect(page.locator(".pswp")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".pswp")).to_be_visible()
    page.reload()
    expect(page.locator(f'article[data-photo="{photo_id}"]')).to_be_visible()
    page.go_back()
    expect(page.locator(".tile").first).to_be_visible()
    assert page.url == site.url + "/"


def test_zoom_and_swipe(site: Site, open_page: Open) -> None:
    """A click zooms in and out; a finger's swipe brings the next photo."""
    page = open_page(site.url, size=PHONE, has_touch=True, device_scale_factor=1)
    open_viewer(page)
    ids = sorted(site.photos.values())
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: int) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": 420} for x in points]},
        )

    touch("touchStart", 340)
    for x in range(320, 40, -20):
        touch("touchMove", x)
    touch("touchEnd")
    expect(page).to_have_url(f"{site.url}/photos/{ids[3]}")
    page.wait_for_timeout(500)
    image = page.locator(f'.pswp__img[src*="{ids[3]}"]:not(.pswp__img--placeholder)')
    width = image.evaluate("i => i.getBoundingClientRect().width")
    page.locator(".pswp__button--zoom").click()
    page.wait_for_timeout(500)
    assert image.evaluate("i => i.getBoundingClientRect().width") > width * 1.5


def test_viewer_goes_on_past_the_first_page(site: Site, open_page: Open) -> None:
    """Whoever looks at the last photos of a page is shown the next page's too."""
    page = open_page(site.url)
    page.evaluate("document.getElementById('older').style.display = 'none'")
    open_viewer(page, 50)
    for _ in range(11):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    ids = sorted(site.photos.values())
    expect(page).to_have_url(f"{site.url}/photos/{ids[61]}")
    expect(page.locator(".pswp__counter")).to_have_text("62 / 64")


def test_links_are_copied_in_four_forms(site: Site, open_page: Open) -> None:
    """URL, Markdown, HTML and BBCode reach the clipboard, and the picture's address lasts."""
    page = open_page(site.url, permissions=["clipboard-read", "clipboard-write"])
    photo_id = open_viewer(page)
    page.locator(".pswp__button--share").click()
    dialog = page.get_by_role("dialog", name="Share")
    expect(dialog.get_by_role("button", name="Copy Link")).to_be_focused()
    code = dialog.get_by_role("img", name="QR code of the link")
    expect(code).to_have_js_property("complete", True)
    assert code.evaluate("i => i.naturalWidth") > 0
    expect(dialog.get_by_role("button", name="Copy HTML")).to_be_hidden()
    dialog.get_by_text("Embed").click()
    address, image = f"{site.url}/photos/{photo_id}", f"{site.url}/images/{photo_id}.jpg"
    name = page.locator(".pswp__caption").text_content()
    width, height = page.locator(f'.tile[data-id="{photo_id}"] a').evaluate(
        "a => [a.dataset.width, a.dataset.height]"
    )
    expected = {
        "Copy Link": address,
        "Copy Markdown": f"[![{name}]({image})]({address})",
        "Copy HTML": f'<a href="{address}"><img src="{image}" alt="{name}" '
        f'width="{width}" height="{height}"></a>',
        "Copy BBCode": f"[url={address}][img]{image}[/img][/url]",
    }
    for button, text in expected.items():
        page.get_by_role("button", name=button).click()
        expect(page.locator(".toast").last).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == text
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".pswp")).to_be_visible()
    answer = page.request.get(image)
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.body())).format == "JPEG"


def test_download_saves_under_the_photos_name(site: Site, open_page: Open) -> None:
    """Download gives a file that bears the name it was uploaded under."""
    page = open_page(site.url)
    photo_id = open_viewer(page)
    name = next(name for name, id_ in site.photos.items() if id_ == photo_id)
    with page.expect_download() as event:
        page.get_by_role("link", name="Download").click()
    assert event.value.suggested_filename == name
    assert Image.open(io.BytesIO(event.value.path().read_bytes())).format == "JPEG"


def test_share_sheet_where_the_browser_has_one(site: Site, open_page: Open) -> None:
    """The photo's page offers the browser's own share sheet, and only where there is one."""
    photo_id = site.photos["Landscape 03.jpg"]
    page = open_page("about:blank")
    page.add_init_script(
        "window.shared = []; navigator.share = async (what) => void window.shared.push(what)"
    )  # Linux has no share sheet
    page.goto(f"{site.url}/photos/{photo_id}")
    page.get_by_role("button", name="Share").click()
    assert page.evaluate("window.shared[0].url") == f"{site.url}/photos/{photo_id}"
    without = open_page("about:blank")
    without.add_init_script("delete Navigator.prototype.share")
    without.goto(f"{site.url}/photos/{photo_id}")
    expect(without.get_by_text("Copy a link")).to_be_visible()
    expect(without.get_by_role("button", name="Share")).to_be_hidden()


def test_only_the_uploader_can_delete_and_is_asked(workshop: Site, open_page: Open) -> None:
    """Delete is offered to the browser that uploaded, asks first, and then it is gone for good."""
    page = open_page(workshop.url, errors="410")
    page.set_input_files("[data-chooser]", picked("mine.jpg", jpeg(501)))
    tile = page.locator('.tile:has(img[alt="mine.jpg"])')
    expect(tile).to_be_visible()
    photo_id = tile.get_attribute("data-id")
    stranger = open_page(f"{workshop.url}/photos/{photo_id}")
    expect(stranger.get_by_role("heading", name="mine.jpg")).to_be_visible()
    expect(stranger.get_by_role("button", name="Delete")).to_be_hidden()

    tile.locator("a").click()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete this photo?")
    expect(dialog).to_contain_text("cannot be brought back")
    page.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(tile).to_have_count(0)
    answer = page.goto(f"{workshop.url}/photos/{photo_id}")
    assert answer is not None
    assert answer.status == 410
    expect(page.get_by_role("heading", name="This photo was deleted")).to_be_visible()
    assert page.evaluate("localStorage['contact-sheet:delete-tokens']") == "{}"


def test_delete_on_the_photos_own_page(workshop: Site, open_page: Open) -> None:
    """The photo's page deletes too, and leads back to the gallery."""
    page = open_page(workshop.url)
    page.set_input_files("[data-chooser]", picked("mine too.jpg", jpeg(502)))
    page.locator('.tile:has(img[alt="mine too.jpg"])').wait_for()
    link = page.get_by_role("link", name="Show mine too.jpg")
    link.click()
    expect(page).to_have_url(re.compile("/photos/"))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page).to_have_url(workshop.url + "/")
    expect(page.locator('.tile:has(img[alt="mine too.jpg"])')).to_have_count(0)


def test_the_page_behind_is_locked(site: Site, open_page: Open) -> None:
    """While one looks at a photo nothing behind scrolls, and all of it is there afterwards."""
    page = open_page(site.url)
    open_viewer(page)
    before = page.evaluate("scrollY")
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 3000)
    page.evaluate("window.scrollBy(0, 0)")
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == before
    assert page.locator(".tile").count() == 60
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    page.mouse.wheel(0, 500)
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > 300


def test_the_counter_counts_the_album(site: Site, open_page: Open) -> None:
    """Not what the page has loaded: in the middle of the gallery it says where that is."""
    ids = sorted(site.photos.values())
    page = open_page(f"{site.url}/?after={ids[39]}")
    open_viewer(page, 3)
    expect(page.locator(".pswp__counter")).to_have_text("44 / 64")


def test_slides_to_come_show_their_thumbhash(site: Site, open_page: Open) -> None:
    """Until a picture is there its blurred one is seen, not grey."""
    page = open_page(site.url, errors="ERR_FAILED")
    page.wait_for_load_state("networkidle")
    open_viewer(page, 1)
    page.route(re.compile(r"\.(webp|jpg)"), lambda _: None)
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(500)
    placeholder = page.locator(".pswp__item[aria-hidden=false] .pswp__img--placeholder")
    expect(placeholder).to_have_attribute("src", re.compile("^(data:image/png|http)"))
    page.unroute_all(behavior="ignoreErrors")


def test_history_that_browsers_limit(site: Site, open_page: Open) -> None:
    """Safari takes 100 calls in 30 seconds and throws at the next: all that is shown stays right."""
    page = open_page("about:blank")
    page.add_init_script(
        """for (const name of ['pushState', 'replaceState']) {
          const real = history[name];
          let calls = 0;
          history[name] = function (...values) {
            if ((calls += 1) > 1) throw new DOMException('too many', 'SecurityError');
            return real.apply(this, values);
          };
        }"""
    )
    page.goto(site.url)
    open_viewer(page, 0)
    ids = sorted(site.photos.values())
    names = {photo_id: name for name, photo_id in site.photos.items()}
    for index in range(1, 6):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        expect(page.locator(".pswp__counter")).to_have_text(f"{index + 1} / 64")
        expect(page).to_have_title(names[ids[index]])
        download = page.get_by_role("link", name="Download")
        expect(download).to_have_attribute("href", f"/downloads/{ids[index]}")
    page.keyboard.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    expect(page).to_have_title("Contact Sheet")


def test_after_a_delete_comes_the_next_photo(workshop: Site, open_page: Open) -> None:
    """The viewer stays, shows the next photo and keeps the keyboard; the count is one less."""
    page = open_page(workshop.url)
    names = [f"row {number}.jpg" for number in range(4)]
    page.set_input_files("[data-chooser]", [picked(n, jpeg(600 + i)) for i, n in enumerate(names)])
    for name in names:
        page.locator(f'.tile:has(img[alt="{name}"])').wait_for()
    page.get_by_role("button", name="Close the list of uploads").click()
    order = page.locator('.tile img[alt^="row"]').evaluate_all("all => all.map(i => i.alt)")
    page.locator(f'.tile:has(img[alt="{order[1]}"]) a').click()
    page.wait_for_selector(".pswp--ui-visible")
    counter = page.locator(".pswp__counter")
    expect(counter).to_have_text(re.compile(r"\d+ / \d+"))
    count = int(str(counter.text_content()).split("/")[1])
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".pswp__caption")).to_have_text(order[2])
    expect(counter).to_have_text(re.compile(rf"\d+ / {count - 1}$"))
    assert page.evaluate("document.activeElement.closest('.pswp') !== null")
    shown = page.locator(".pswp__item[aria-hidden=false] .pswp__img").last
    expect(shown).to_have_attribute("alt", order[2])
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pswp__caption")).to_have_text(order[0])
