"""Originals and duplicates as people meet them: in the settings, the viewer and the upload panel."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.browser.conftest import LOOKS, PHONE, Open, Site, card, picked, tile, violations
from tests.browser.owner import signed_in
from tests.conftest import start_product, stop_product

PICTURE = pictures.jpeg(1200, 800, gps=True)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of this module's own."""
    product = start_product(tmp_path_factory.mktemp("originals"))
    yield Site(product)
    stop_product(product)


def test_kept_offered_and_never_twice(keeping: Site, open_page: Open) -> None:
    """The owner wants originals, each once; guests download either, and meet what was there."""
    owner = signed_in(keeping, open_page)
    owner.goto(f"{keeping.url}/albums/main/settings")
    owner.get_by_label("Originals").select_option("are kept as they were uploaded")
    owner.get_by_label("The same picture, sent again").check()
    assert violations(owner) == []
    owner.get_by_role("button", name="Save").click()
    expect(owner).to_have_url(f"{keeping.url}/")

    guest = open_page(keeping.url)
    guest.locator("input[data-chooser]").set_input_files([picked("a tower.jpg", PICTURE)])
    expect(tile(guest, "a tower.jpg")).to_be_visible()
    size = f"Original · {len(PICTURE) / 1000:.1f} kB"

    # From the viewer: a choice, by keyboard too.
    tile(guest, "a tower.jpg").locator("a").click()
    guest.locator(".pswp__button--download").click()
    dialog = guest.get_by_role("dialog", name="Download")
    expect(dialog.get_by_role("link", name="Web", exact=True)).to_be_visible()
    assert violations(guest) == []
    with guest.expect_download() as begun:
        dialog.get_by_role("link", name=size).click()
    assert begun.value.suggested_filename == "a tower.jpg"
    assert begun.value.path().read_bytes() == PICTURE
    expect(dialog).to_have_count(0)

    # From the photo's page, without a script.
    path = tile(guest, "a tower.jpg").locator("a").get_attribute("href") or ""
    plain = open_page(keeping.url + path, java_script_enabled=False, size=PHONE)
    with plain.expect_download() as begun:
        plain.get_by_role("link", name="Web", exact=True).click()
    assert begun.value.path().read_bytes() != PICTURE
    with plain.expect_download() as begun:
        plain.get_by_role("link", name=size).click()
    assert begun.value.path().read_bytes() == PICTURE

    # Another browser sends the same bytes under another name: no failure, and the way to the photo.
    other = open_page(keeping.url, size=PHONE)
    other.locator("input[data-chooser]").set_input_files([picked("again.jpg", PICTURE)])
    sent = card(other, "again.jpg")
    expect(sent).to_contain_text("Already in the gallery")
    expect(other.locator(".uploads-total")).to_have_text("1 was here already")
    expect(sent.get_by_role("link")).to_have_attribute("href", path)
    expect(sent.get_by_role("button")).to_have_count(1)
    assert violations(other) == []
    expect(other.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize("look", LOOKS)
def test_similar_photos_are_the_owners_to_delete(
    keeping: Site, open_page: Open, look: dict[str, object]
) -> None:
    """In groups, at every width, by a form."""
    scene = pictures.photo(900, 600, seed=len(keeping.photos) + 20)
    for side in (900, 600):
        keeping.add(pictures.jpeg(image=scene.resize((side, side * 2 // 3))), f"{side}.jpg")
    keeping.photos[str(look["color_scheme"])] = ""  # another scene for the next look
    owner = signed_in(keeping, open_page, **look)
    owner.goto(f"{keeping.url}/similar")
    expect(owner.get_by_role("heading", name="2 photos")).to_be_visible()
    assert violations(owner) == []
    for width in (320, 3840):
        owner.set_viewport_size({"width": width, "height": 900})
        assert owner.evaluate("document.documentElement.scrollWidth") <= width
    first = owner.locator(".albums li").first
    first.locator("summary").click()
    first.get_by_role("button", name="Delete for good").click()
    expect(owner).to_have_url(f"{keeping.url}/similar")
    expect(owner.get_by_text("No two photos look alike.")).to_be_visible()
