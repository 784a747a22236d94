"""What guests of an event do, and the tray in which their pictures wait for its owner."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, PHONE, Open, Site, card, jpeg, picked, violations
from tests.browser.owner import make_album, signed_in
from tests.conftest import start_product, stop_product

ASK = "document.dispatchEvent(new Event('visibilitychange'))"  # as a tab does that comes back
GONE = r"status of (404|410)"  # what the console says of a page that is not there


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of these stories' own."""
    product = start_product(tmp_path_factory.mktemp("guests"))
    yield Site(product)
    stop_product(product)


def album(owner: Page, event: Site, slug: str, **settings: str) -> str:
    """Make an album that anyone sees and fills, with these settings on, and return its address."""
    make_album(owner, event, slug, slug.title())
    record = event.product.store.albums.get(slug)
    assert record
    fields: dict[str, Any] = {"version": record.version, "title": record.title, "see": "anyone"}
    address = f"{event.url}/albums/{slug}"
    form = fields | {"upload": "anyone"} | settings
    assert owner.request.post(f"{address}/settings", form=form).ok
    return address


def send(page: Page, *numbers: int) -> None:
    """Choose pictures."""
    page.locator("input[data-chooser]").set_input_files(
        [picked(f"{number}.jpg", jpeg(number)) for number in numbers]
    )


def wide(page: Page) -> bool:
    """Tell whether the page is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def swipe(page: Page, by: int) -> None:
    """Swipe over the first card of the tray with a finger."""
    box = page.locator(".tray .cover").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + 30
    session = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", x), ("touchMove", x + by / 2), ("touchMove", x + by)):
        point = {"x": at, "y": y}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_pictures_wait_until_the_owner_publishes_them(event: Site, open_page: Open) -> None:
    """By keyboard and by swipe; the guest reads what became of each."""
    owner = signed_in(event, open_page)
    address = album(owner, event, "wedding", approval="1")
    guest = open_page(address, size=PHONE, errors=f"{GONE}|422")
    # As where a thousand photos of others came between any two of these.
    guest.route(re.compile(r"ids=.*,"), lambda route: route.fulfill(status=422, json={}))
    send(guest, *range(5))
    expect(guest.locator(".upload-state")).to_have_text(["Waits for approval"] * 5, timeout=60_000)
    expect(guest.locator(".tile")).to_have_count(0)
    expect(guest.locator(".uploads-total")).to_have_text("5 photos uploaded")
    pages = [link.get_attribute("href") for link in guest.locator(".upload a").all()]
    guest.reload()
    guest.get_by_text("5 photos of yours wait for the owner's approval.").click()
    expect(guest.locator("[data-own] a")).to_have_count(5)
    assert violations(guest) == []

    owner.goto(address)
    owner.get_by_role("link", name="Waiting: 5").click()
    expect(owner.locator("[data-count]")).to_have_text("5 photos wait for approval.")
    owner.keyboard.press("ArrowDown")
    owner.keyboard.press("ArrowRight")
    second = owner.locator(".tray > li").nth(1)
    expect(second).to_be_focused()
    owner.keyboard.press("p")
    expect(owner.locator("[data-count]")).to_have_text("4 photos wait for approval.")
    expect(owner.locator(".tray > li").nth(1)).to_be_focused()
    owner.keyboard.press("r")
    owner.keyboard.type("Too dark")
    owner.keyboard.press("Enter")
    expect(owner.locator("[data-count]")).to_have_text("3 photos wait for approval.")

    # On a phone: right publishes, left asks why not.
    phone = signed_in(event, open_page, size=(320, 640), has_touch=True, is_mobile=True)
    phone.goto(f"{address}/waiting")
    expect(phone.locator(".tray > li")).to_have_count(3)
    assert not wide(phone)
    swipe(phone, 120)
    expect(phone.locator(".tray > li")).to_have_count(2)
    swipe(phone, -120)
    reason = phone.locator(".tray > li").first.get_by_label("Why, for who uploaded it").first
    expect(reason).to_be_focused()
    phone.keyboard.press("Escape")
    phone.locator(".tray > li").first.get_by_text("All 2 from the same sender").click()
    phone.locator(".tray > li").first.get_by_role("button", name="Publish them all").click()
    expect(phone.locator("[data-count]")).to_have_text("Nothing waits.")

    guest.reload()
    expect(guest.locator(".tile")).to_have_count(4)
    told = []
    for page in pages:
        guest.goto(event.url + (page or ""))
        told.append(guest.locator("main").inner_text())
    assert sum("did not publish it. “Too dark”" in text for text in told) == 1


def test_an_open_page_learns_what_was_decided(event: Site, open_page: Open) -> None:
    """In the panel and in the album, and by itself where the panel has forgotten the upload.

    So in an album where guests see their own alone; who has nothing that waits asks for nothing. And
    the owner's open tray learns of what comes: by itself where it is empty, else on a press. What one
    owner has decided another's open tray offers no more.
    """
    owner = signed_in(event, open_page)
    address = album(owner, event, "open", approval="1", names="1", downloads="1", drop="1")
    guest = open_page(address, size=PHONE)
    guest.request.post(f"{address}/guest", form={"name": "Jun"})
    guest.reload()
    expect(guest.get_by_text("once the album's owner has published them")).to_be_visible()
    for role, name in (("button", "Download all"), ("search", None)):
        expect(guest.get_by_role(role, name=name)).to_be_hidden()  # type: ignore[arg-type] # both are roles
    owner.goto(f"{address}/waiting")
    expect(owner.locator("[data-count]")).to_have_text("Nothing waits.")
    send(guest, *range(51, 54))
    expect(guest.locator(".upload-state")).to_have_text(["Waits for approval"] * 3, timeout=60_000)
    reloaded = guest.context.new_page()
    reloaded.goto(address)
    line = reloaded.locator("[data-own]")
    expect(line).to_contain_text("3 photos of yours wait")

    owner.evaluate(ASK)
    expect(owner.locator("[data-count]")).to_have_text("3 photos wait for approval.")
    expect(owner.locator(".tray summary", has_text="All 3 from the same sender")).to_have_count(3)
    other, page = owner.context.new_page(), guest.context.new_page()
    other.goto(f"{address}/waiting")
    page.goto(f"{address}/photos/{other.locator('.tray > li').first.get_attribute('data-id')}")
    expect(page.get_by_role("heading", name="Waits for approval")).to_be_visible()
    owner.keyboard.press("ArrowDown")
    owner.keyboard.press("p")
    expect(owner.locator("[data-count]")).to_have_text("2 photos wait for approval.")
    owner.keyboard.press("r")
    owner.keyboard.type("Too dark")
    owner.keyboard.press("Enter")
    expect(owner.locator("[data-count]")).to_have_text("1 photo waits for approval.")
    other.evaluate(ASK)
    expect(other.locator("[data-count]")).to_have_text("1 photo waits for approval.")
    expect(other.locator(".tray > li[inert]")).to_have_count(2)
    page.evaluate(ASK)
    expect(page.locator("[data-photo]")).to_be_visible()
    for done in (other, page):
        done.close()

    guest.evaluate(ASK)
    states = guest.locator(".upload-state")
    expect(states.filter(has_text="“Too dark”")).to_have_count(1)
    expect(states.filter(has_text="Done")).to_have_count(1)
    expect(states.filter(has_text="Waits for approval")).to_have_count(1)
    expect(guest.locator(".tile")).to_have_count(1)
    expect(guest.get_by_role("button", name="Download all")).to_be_visible()
    expect(reloaded.locator(".tile")).to_have_count(1, timeout=30_000)
    reloaded.evaluate(ASK)
    told = reloaded.get_by_text("1 photo of yours was not published. “Too dark”")
    expect(told).to_be_visible()
    expect(line).to_contain_text("1 photo of yours waits")

    # After a reload, too, until it was read; the link leads to the picture's page.
    reloaded.reload()
    told.click()
    assert violations(reloaded) == []
    rejected = line.get_by_role("listitem").filter(has_text="did not publish it. “Too dark”")
    address_of_it = event.url + str(rejected.get_by_role("link").get_attribute("href"))
    assert "“Too dark”" in reloaded.request.get(address_of_it).text()
    reloaded.get_by_role("button", name="I have read it").click()
    expect(told).to_be_hidden()
    asked: list[str] = []
    reloaded.on("request", lambda r: asked.append(r.url) if "?ids=" in r.url else None)
    reloaded.reload()
    reloaded.wait_for_load_state("networkidle")
    expect(told).to_be_hidden()
    expect(line.locator("li")).to_have_count(1)
    assert asked == []
    name = line.locator("li").text_content() or ""
    send(reloaded, int(name.removesuffix(".jpg")))
    known = card(reloaded, name).locator(".upload-state")
    expect(known).to_have_text("Sent before; waits for approval")

    send(guest, 54)
    expect(states.filter(has_text="Waits for approval")).to_have_count(2, timeout=30_000)
    owner.evaluate(ASK)
    expect(owner.locator(".tray > li")).to_have_count(1)
    owner.get_by_role("button", name="1 new photo waits").click()
    expect(owner.locator("[data-count]")).to_have_text("2 photos wait for approval.")
    expect(owner.locator(".tray > li").first).to_be_focused()
    expect(owner.locator(".tray summary", has_text="All 2 from the same sender")).to_have_count(2)
    expect(owner.locator(".arrivals")).to_have_count(0)


def test_the_name_is_asked_for_once(event: Site, open_page: Open) -> None:
    """Before anything is sent; it stands with the photos, and the viewer says it with the caption."""
    owner = signed_in(event, open_page)
    address = album(owner, event, "party", names="1", captions="1")
    guest = open_page(address, size=(320, 640))
    send(guest, 11)
    name = guest.locator(".uploads-name input")
    expect(name).to_be_focused()
    expect(card(guest, "11.jpg").locator(".upload-state")).to_contain_text("Waiting")
    assert violations(guest) == []
    name.fill("Tante Käthe")
    name.press("Enter")
    expect(guest.locator(".tile-from")).to_have_text(["Tante Käthe"], timeout=60_000)
    assert not wide(guest)
    send(guest, 12)
    expect(guest.locator(".tile-from")).to_have_text(["Tante Käthe"] * 2)
    guest.reload()
    send(guest, 13)
    expect(guest.locator(".uploads-name")).to_have_count(0)
    expect(guest.locator(".tile")).to_have_count(3)

    # The browser that uploaded a photo writes its caption; another one reads it.
    photo = event.url + (guest.locator(".tile a").first.get_attribute("href") or "")
    guest.goto(photo)
    guest.get_by_label("Caption").fill("The first dance 💃")
    guest.get_by_role("button", name="Save").click()
    expect(guest.locator(".caption")).to_have_text("The first dance 💃")
    other = open_page(photo)
    expect(other.locator(".caption")).to_have_text("The first dance 💃")
    expect(other.get_by_label("Caption")).to_be_hidden()
    assert violations(other) == []
    other.get_by_role("link", name="From Tante Käthe").click()
    expect(other.locator(".tile")).to_have_count(3)
    assert violations(other) == []
    other.locator(".tile a").first.click()
    expect(other.locator(".pswp__caption")).to_have_text("The first dance 💃 · Tante Käthe")
    other.wait_for_timeout(600)  # PhotoSwipe listens to no key while it opens
    other.keyboard.press("Escape")
    expect(other.locator(".pswp")).to_have_count(0)
    assert "by=Tante" in other.url


def test_guests_of_a_box_see_their_own(event: Site, open_page: Open) -> None:
    """Two phones, one album; the owner sees what both sent."""
    owner = signed_in(event, open_page)
    address = album(owner, event, "box", drop="1")
    for number in (21, 22):
        guest = open_page(address, size=PHONE)
        send(guest, number)
        expect(guest.locator(".tile img")).to_have_count(1, timeout=60_000)
        assert guest.locator(".tile img").get_attribute("alt") == f"{number}.jpg"
        guest.reload()
        expect(guest.locator(".tile")).to_have_count(1)
        expect(guest.get_by_text("You see the pictures that you added")).to_be_visible()
    owner.goto(address)
    expect(owner.locator(".tile")).to_have_count(2)
    expect(owner.get_by_text("You see the pictures that you added")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_on_the_tray(event: Site, open_page: Open, look: dict[str, Any]) -> None:
    """With everything that can be opened open; and on what its uploader sees."""
    owner = signed_in(event, open_page, **look)
    slug = f"axe-{look['color_scheme']}"
    address = album(owner, event, slug, approval="1", names="1", captions="1")
    guest = open_page(address, **look)
    guest.request.post(f"{address}/guest", form={"name": "Käthe"})
    guest.reload()
    send(guest, 31, 32)
    expect(guest.locator(".upload-state")).to_have_text(["Waits for approval"] * 2, timeout=60_000)
    assert violations(guest) == []
    guest.goto(event.url + (guest.locator(".upload a").first.get_attribute("href") or ""))
    expect(guest.get_by_role("heading", name="Waits for approval")).to_be_visible()
    assert violations(guest) == []
    owner.goto(f"{address}/waiting")
    for summary in owner.locator("main summary").all():
        summary.click()
    assert violations(owner) == []
    owner.goto(f"{address}/settings")
    assert violations(owner) == []


def test_without_javascript_the_tray_is_forms(event: Site, open_page: Open) -> None:
    """Publish, reject with a reason; and the guest's name and caption are forms, too."""
    owner = signed_in(event, open_page, java_script_enabled=False)
    address = album(owner, event, "plain", approval="1", names="1", captions="1")
    guest = open_page(f"{address}/upload", size=PHONE, java_script_enabled=False)
    guest.get_by_label("Your name").fill("Jun")
    guest.get_by_role("button", name="Keep").click()
    guest.goto(f"{address}/upload")
    guest.get_by_label("Picture", exact=True).set_input_files(picked("41.jpg", jpeg(41)))
    guest.locator(".upload-form").get_by_role("button", name="Upload").click()
    expect(guest.get_by_role("heading", name="Waits for approval")).to_be_visible(timeout=60_000)
    owner.goto(f"{address}/waiting")
    expect(owner.get_by_text("Uploaded by Jun")).to_be_visible()
    owner.get_by_role("button", name="Publish").click()
    expect(owner.get_by_text("Nothing waits.")).to_be_visible()
    guest.reload()
    guest.get_by_label("Caption").fill("Good night")
    guest.get_by_role("button", name="Save").click()
    expect(guest.locator(".caption")).to_have_text("Good night")
