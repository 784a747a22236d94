"""From the deploy command to a photo in a browser, and all that may become of it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import card, jpeg, picked, tile
from tests.rehearsal.conftest import Deployed


def test_a_photo_from_the_browser_to_the_gallery(deployed: Deployed, page: Page) -> None:
    """Through the API, the form, the bucket, its notification and both images, without a reload."""
    page.goto(deployed.url)
    page.set_input_files("[data-chooser]", picked("walk.jpg", jpeg(3)))
    expect(card(page, "walk.jpg")).to_contain_text("Done")
    image = tile(page, "walk.jpg").locator("img")
    expect(image).to_be_visible()
    page.wait_for_function("i => i.naturalWidth > 1", arg=image.element_handle())
