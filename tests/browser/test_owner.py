"""The life of an event: from the owner's sign-in to an album that is closed."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LOOKS, PHONE, Open, Site, jpeg, picked, violations
from tests.browser.owner import make_album, sign_in_link, signed_in
from tests.conftest import start_product, stop_product

GONE = r"status of (404|410)"  # what the console says of a page that is not there


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of this story's own."""
    product = start_product(tmp_path_factory.mktemp("event"))
    yield Site(product)
    stop_product(product)


def authenticator(page: Page) -> None:
    """Give the browser a device that makes passkeys and needs no touch."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )


def test_an_event_from_invitation_to_the_end(event: Site, open_page: Open) -> None:
    """Signed in, an album, a sheet, ten pictures of a guest's, tidied, withdrawn, closed."""
    owner = open_page(sign_in_link(event))
    authenticator(owner)
    owner.get_by_role("button", name="Sign in").click()
    expect(owner.get_by_role("heading", name="Owner", exact=True)).to_be_visible()
    expect(owner.get_by_text("this browser")).to_be_visible()

    # A passkey, and only that from then on.
    with owner.expect_navigation():
        owner.get_by_role("button", name="Add a passkey on this device").click()
    owner.get_by_role("button", name="Sign out").click()
    owner.goto(f"{event.url}/signin")
    owner.get_by_role("button", name="Sign in with a passkey").click()
    expect(owner.get_by_role("heading", name="Owner", exact=True)).to_be_visible()

    owner.get_by_text("New album").click()
    owner.get_by_label("Title").fill("Wedding 婚礼")
    owner.locator("#slug").fill("wedding")
    owner.locator("form[action='/owner/albums'] button").click()
    expect(owner).to_have_url(f"{event.url}/albums/wedding/settings")
    owner.get_by_role("link", name="Links").click()
    owner.get_by_label("Who or what it is for").fill("Tables")
    owner.locator("form.fields button").click()
    address = owner.locator(".copy input").input_value()
    owner.get_by_role("link", name="QR code to print").click()
    expect(owner.locator(".qr svg")).to_be_visible()
    owner.emulate_media(media="print")
    assert len(re.findall(rb"/Type\s*/Page\b", owner.pdf(format="A4"))) == 1
    owner.emulate_media(media="screen")

    # A phone follows the code, gives a name and ten pictures, and sees them.
    phone = open_page(address, size=PHONE, has_touch=True, is_mobile=True, errors=GONE)
    expect(phone).to_have_url(f"{event.url}/albums/wedding")
    phone.get_by_label("Your name").fill("Käthe")
    phone.get_by_role("button", name="Keep").click()
    phone.locator("input[data-chooser]").set_input_files(
        [picked(f"{n}.jpg", jpeg(n)) for n in range(10)]
    )
    expect(phone.locator(".tile")).to_have_count(10, timeout=60_000)
    assert phone.goto(f"{event.url}/albums/other").status == 404  # type: ignore[union-attr] # it answers
    assert phone.goto(f"{event.url}/owner").status == 404  # type: ignore[union-attr] # it answers
    stranger = open_page(f"{event.url}/albums/wedding", errors=GONE)
    expect(stranger.get_by_text("Nothing here")).to_be_visible()

    # The owner selects by click and Shift, and hides; then sees who uploaded a photo.
    owner.goto(f"{event.url}/albums/wedding")
    expect(owner.locator(".tile")).to_have_count(10)
    owner.get_by_role("button", name="Select").click()
    owner.locator(".tile a").nth(0).click()
    owner.locator(".tile a").nth(3).click(modifiers=["Shift"])
    expect(owner.get_by_text("4 photos selected")).to_be_visible()
    owner.locator(".selection").get_by_role("button", name="Hide").click()
    expect(owner.locator(".tile")).to_have_count(6)
    # And by keyboard.
    owner.locator(".tile a").nth(0).focus()
    owner.keyboard.press("x")
    expect(owner.get_by_text("1 photo selected")).to_be_visible()
    owner.locator(".selection").get_by_role("button", name="Delete").click()
    owner.get_by_role("button", name="Delete for good").click()
    expect(owner.locator(".tile")).to_have_count(5)
    owner.reload()
    expect(owner.locator(".tile")).to_have_count(5)
    photo = owner.locator(".tile a").first.get_attribute("href") or ""
    owner.goto(event.url + photo)
    expect(owner.get_by_text("Uploaded by Käthe")).to_be_visible()
    expect(owner.get_by_text("By the link “Tables”")).to_be_visible()

    # Withdrawn, the guest is out within half a minute.
    assert phone.goto(f"{event.url}/albums/wedding").status == 200  # type: ignore[union-attr] # it answers
    owner.goto(f"{event.url}/albums/wedding/links")
    owner.get_by_role("button", name="Withdraw").click()
    end = time.monotonic() + 30
    while phone.goto(f"{event.url}/albums/wedding").status != 404:  # type: ignore[union-attr] # it answers
        assert time.monotonic() < end
        time.sleep(1)

    # Deleted, its photos with it, with a bar that ends.
    owner.goto(f"{event.url}/albums/wedding/settings")
    owner.locator("summary", has_text="Delete this album").click()
    owner.get_by_label("Yes, delete the album").check()
    owner.get_by_role("button", name="Delete this album").click()
    expect(owner).to_have_url(f"{event.url}/owner", timeout=60_000)
    expect(owner.get_by_role("link", name="Wedding 婚礼")).to_have_count(0)


def test_an_owner_moves_photos_to_an_album_of_a_list_and_deletes_in_the_viewer(
    event: Site, open_page: Open
) -> None:
    """Many from the gallery, one from its page; deleting asks first."""
    owner = signed_in(event, open_page)
    make_album(owner, event, "second", "Second day")
    for number in range(3):
        event.add(jpeg(70 + number), f"{number}.jpg")
    owner.goto(event.url)
    expect(owner.locator(".tile")).to_have_count(3)
    owner.get_by_role("button", name="Select").click()
    owner.locator(".tile a").nth(0).click()
    owner.locator(".tile a").nth(1).click()
    owner.locator(".selection").get_by_role("button", name="Move to").click()
    dialog = owner.get_by_role("dialog", name="Move to")
    dialog.get_by_label("Move to").select_option("Second day")
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(owner.locator(".tile")).to_have_count(1)
    owner.goto(f"{event.url}/albums/second")
    expect(owner.locator(".tile")).to_have_count(2)
    owner.goto(event.url + (owner.locator(".tile a").first.get_attribute("href") or ""))
    owner.get_by_label("Move to").select_option("Contact Sheet")
    owner.get_by_role("button", name="Move", exact=True).click()
    expect(owner).to_have_url(f"{event.url}/albums/second")
    owner.locator(".tile a").first.click()
    owner.get_by_role("button", name="Delete").click()
    owner.get_by_role("button", name="Delete for good").click()
    expect(owner.get_by_role("heading", name="The sheet is blank")).to_be_visible()
    owner.goto(event.url)
    expect(owner.locator(".tile")).to_have_count(2)


def test_a_long_press_selects_on_a_phone(event: Site, open_page: Open) -> None:
    """The finger stays for half a second; then each tap adds a photo, and none opens one."""
    owner = signed_in(event, open_page, size=PHONE, has_touch=True, is_mobile=True)
    make_album(owner, event, "pressed", "Pressed")
    ids = [event.add(jpeg(90 + number), f"press {number}.jpg") for number in range(2)]
    moved = {"action": "move", "ids": ids, "to": "pressed"}
    assert owner.request.post(f"{event.url}/api/tidy", data=moved).ok
    owner.goto(f"{event.url}/albums/pressed")
    tiles = owner.locator(".tile a")
    box = tiles.first.bounding_box()
    assert box
    session = owner.context.new_cdp_session(owner)
    point = {"x": box["x"] + 30, "y": box["y"] + 30}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(owner.get_by_text("1 photo selected")).to_be_visible()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(owner.get_by_text("1 photo selected")).to_be_visible()
    tiles.nth(1).tap()
    expect(owner.get_by_text("2 photos selected")).to_be_visible()
    expect(owner.locator(".pswp")).to_have_count(0)


def objections(page: Page) -> list[str]:
    """Return what axe objects to, and whether anything is cut off at the window's right."""
    right = "[...document.querySelectorAll('body *')].map(e => e.getBoundingClientRect().right)"
    wide = page.evaluate(f"Math.max(document.documentElement.scrollWidth, ...{right}) > innerWidth")
    return violations(page) + ["something is cut off"] * wide


def test_a_guest_who_may_only_add_learns_that_it_arrived(event: Site, open_page: Open) -> None:
    """Several are chosen at once; the panel says that they arrived, and leads to no photo."""
    owner = signed_in(event, open_page)
    make_album(owner, event, "box", "Box")
    owner.request.post(f"{event.url}/albums/box/links", form={"rights": "upload"})
    owner.goto(f"{event.url}/albums/box/links")
    guest = open_page(owner.locator(".copy input").input_value(), size=PHONE, has_touch=True)
    expect(guest.get_by_role("heading", name="Upload a picture · Box")).to_be_visible()
    expect(guest.get_by_role("link", name="All photos")).to_have_count(0)
    pictures = [picked(f"{number}.jpg", jpeg(90 + number)) for number in range(2)]
    guest.get_by_label("Picture", exact=True).set_input_files(pictures)
    guest.locator(".upload-form").get_by_role("button", name="Upload").click()
    expect(guest.locator(".uploads-total")).to_have_text("2 photos uploaded")
    expect(guest.locator(".upload-state")).to_have_text(["Done", "Done"])
    expect(guest.locator(".upload a")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_on_the_owners_pages(event: Site, open_page: Open, look: dict[str, Any]) -> None:
    """Owner, albums, an album with what its owner sees, settings, links, sheet, hidden, sign-in."""
    owner = signed_in(event, open_page, **look)
    if not event.product.store.albums.get("axe"):
        make_album(owner, event, "axe", "Käthe & Jun")
        photo = event.add(jpeg(80), "axe.jpg")
        hidden = event.add(jpeg(81), "hidden.jpg")
        tidy = f"{event.url}/photos/{{}}/tidy"
        owner.request.post(tidy.format(photo), form={"action": "move", "to": "axe"})
        owner.request.post(tidy.format(hidden), form={"action": "hide"})
        for rights in ("see_upload", "upload"):
            owner.request.post(f"{event.url}/albums/axe/links", form={"rights": rights})
    owner.reload()
    for summary in owner.locator("main summary").all():
        summary.click()
    assert objections(owner) == []
    for path in ("/albums", "/albums/axe", "/albums/axe/settings", "/hidden", "/signin"):
        owner.goto(event.url + path)
        assert objections(owner) == [], path
    owner.goto(f"{event.url}/albums/axe/links")
    assert objections(owner) == []
    owner.get_by_role("link", name="QR code to print").first.click()
    expect(owner.locator(".qr svg")).to_be_visible()
    assert objections(owner) == []
    owner.goto(f"{event.url}/albums/axe")
    owner.get_by_role("button", name="Select").click()
    owner.locator(".tile a").first.click()
    assert objections(owner) == []
    owner.locator(".selection").get_by_role("button", name="Move to").click()
    expect(owner.get_by_role("dialog")).to_be_visible()
    assert objections(owner) == []
    owner.goto(event.url + (owner.locator(".tile a").first.get_attribute("href") or ""))
    assert objections(owner) == []
    owner.goto(f"{event.url}/owner")
    owner.locator("summary", has_text="New key").click()
    owner.locator("form[action='/owner/keys'] button").click()
    expect(owner.get_by_role("heading", name="curl")).to_be_visible()
    assert objections(owner) == []


def test_without_javascript_the_link_alone_signs_in_and_an_album_is_made(
    event: Site, open_page: Open
) -> None:
    """Every form is one; a guest's link leads on by itself."""
    owner = open_page(sign_in_link(event), java_script_enabled=False)
    owner.get_by_role("button", name="Sign in").click()
    owner.get_by_text("New album").click()
    owner.get_by_label("Title").fill("Plain")
    owner.locator("#slug").fill("plain")
    owner.locator("form[action='/owner/albums'] button").click()
    owner.get_by_role("link", name="Links").click()
    owner.locator("form.fields button").click()
    address = owner.locator(".copy input").input_value()
    guest = open_page(address, size=PHONE, java_script_enabled=False)
    expect(guest).to_have_url(f"{event.url}/albums/plain")
    expect(guest.get_by_role("heading", name="Plain")).to_be_visible()
