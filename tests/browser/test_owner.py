"""The life of an event: from the owner's sign-in to an album that is closed."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Open, Site, jpeg, picked
from tests.conftest import start_product, stop_product

GONE = r"status of (404|410)"  # what the console says of a page that is not there


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of this story's own."""
    product = start_product(tmp_path_factory.mktemp("event"))
    yield Site(product)
    stop_product(product)


def sign_in_link(site: Site) -> str:
    """Return what `make owner` prints."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.owner", "link", "--local", "--name", "Anna"],
        env=site.product.environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout.strip()


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
    assert len(owner.pdf(format="A4")) > 1000
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
    owner.on("dialog", lambda dialog: dialog.accept())
    owner.locator(".selection").get_by_role("button", name="Delete").click()
    expect(owner.locator(".tile")).to_have_count(5)
    owner.reload()
    expect(owner.locator(".tile")).to_have_count(5)
    photo = owner.locator(".tile a").first.get_attribute("href") or ""
    owner.goto(event.url + photo)
    expect(owner.get_by_text("Uploaded by Käthe")).to_be_visible()
    expect(owner.get_by_text("by the link “Tables”")).to_be_visible()

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
