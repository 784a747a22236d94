"""Photo pages, errors, languages, names from strangers, and the page's security."""

import html
import re

import httpx
import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.browser.conftest import PHONE, Open, Site, jpeg

HOSTILE = [
    "<script>window.hacked=1</script>.jpg",
    '"><img src=x onerror=window.hacked=1>.jpg',
    "'-window.hacked=1-'.jpg",
    "</script><script>window.hacked=1</script>.jpg",
    "{{7*7}}${7*7}<%=7*7%>.jpg",
    "javascript:window.hacked=1//.jpg",
    "a&amp;b&lt;c.jpg",
    "100% + a b#c?d=e&f.jpg",
    "]( javascript:window.hacked=1 )[x.jpg",
    "照片 🏔️ é́.jpg",
    "مرحبا.jpg",
    " \t.jpg",
    "n" * 250 + ".jpg",
]


@pytest.fixture(scope="module")
def named(workshop: Site) -> dict[str, str]:
    """Photos with each of the hostile names: what is shown → photo id."""
    ids = {name: workshop.product.upload(jpeg(i + 40), name) for i, name in enumerate(HOSTILE)}
    shown = {}
    for id_ in ids.values():
        shown[str(workshop.product.settled(id_)["name"])] = id_
    return shown


def test_names_from_strangers_are_text(
    workshop: Site, open_page: Open, named: dict[str, str]
) -> None:
    """Hostile file names run nothing and are shown letter by letter: grid, viewer, page, title."""
    page = open_page(workshop.url)
    for name, photo_id in named.items():
        tile = page.locator(f'.tile[data-id="{photo_id}"]')
        assert tile.locator("img").get_attribute("alt") == name
        assert tile.locator(".tile-name").text_content() == name
    page.locator(".tile a").first.click()
    for _ in named:
        page.wait_for_timeout(50)
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    for name, photo_id in named.items():
        page.goto(f"{workshop.url}/photos/{photo_id}")
        assert page.locator("h1").text_content() == name
        assert page.locator('meta[property="og:title"]').get_attribute("content") == name
        code = page.locator("#code-html").input_value()
        assert f'alt="{html.escape(name)}"' in code
    assert page.evaluate("window.hacked") is None


def test_photo_page_tells_other_sites_what_it_shows(site: Site, open_page: Open) -> None:
    """Open Graph: absolute address, title, and a picture that can be fetched without a key."""
    photo_id = site.photos["Landscape 07.jpg"]
    page = open_page(f"{site.url}/photos/{photo_id}")

    def meta(name: str) -> str | None:
        return page.locator(f'meta[property="og:{name}"]').get_attribute("content")

    assert meta("url") == f"{site.url}/photos/{photo_id}"
    assert meta("title") == "Landscape 07.jpg"
    assert meta("image") == f"{site.url}/images/{photo_id}.jpg"
    picture = httpx.get(str(meta("image")), follow_redirects=True)
    assert picture.headers["content-type"] == "image/jpeg"
    assert meta("image:width") == "900"


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/nowhere", 404, "Nothing here"),
        ("/photos/short", 404, "Nothing here"),
        ("/photos/7ZZZZZZZZZZZZZZZZZZZZZZZZZ", 404, "Nothing here"),
        ("/?after=nonsense", 404, "Nothing here"),
    ],
)
def test_errors_look_like_the_site(
    site: Site, open_page: Open, path: str, status: int, heading: str
) -> None:
    """A person gets the site's own page with the way back; a program gets problem details."""
    page = open_page("about:blank", errors=f"status of {status}")
    answer = page.goto(site.url + path)
    assert answer is not None
    assert answer.status == status
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.get_by_role("link", name="All photos").click()
    assert page.url == site.url + "/"
    problem = httpx.get(site.url + path, headers={"accept": "application/json"})
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["title"] == "Not Found"


def test_chinese_for_those_who_ask(site: Site, open_page: Open) -> None:
    """The language follows Accept-Language, with English for everyone else."""
    page = open_page(site.url, locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    expect(page.get_by_role("link", name="上传")).to_be_visible()
    page.locator(".tile a").first.click()
    expect(page.get_by_role("button", name="关闭")).to_be_visible()
    other = open_page(site.url, locale="fr-FR")
    assert other.locator("html").get_attribute("lang") == "en"


def test_rejected_upload_has_a_page_that_says_why(workshop: Site, open_page: Open) -> None:
    """Whoever comes back from the plain form to a refused upload reads the reason."""
    whole = pictures.jpeg(image=pictures.photo(800, 600))
    photo_id = workshop.product.upload(whole[: len(whole) // 2], "torn.jpg")
    assert workshop.product.settled(photo_id)["state"] == "rejected"
    page = open_page(f"{workshop.url}/photos/{photo_id}", java_script_enabled=False)
    expect(page.get_by_role("heading", name="This one cannot be shown")).to_be_visible()
    expect(page.get_by_text("The file is incomplete; please upload it again.")).to_be_visible()


def test_policy_allows_nothing_inline(site: Site) -> None:
    """The strict policy and its companions are on every answer, and no page needs anything inline."""
    for path in ("/", "/upload", "/nowhere", f"/photos/{next(iter(site.photos.values()))}"):
        answer = httpx.get(site.url + path, headers={"accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert not re.search(r"<[^>]+\s(style|on\w+)\s*=", answer.text)
        assert re.findall(r"<script(?![^>]*\ssrc=)([^>]*)>", answer.text) == [
            ' type="application/json" id="page-data"'
        ]


def test_animation_rests_for_those_who_ask(workshop: Site, open_page: Open) -> None:
    """With reduced motion an animated picture is shown still; else it moves."""
    photo_id = workshop.add(pictures.gif(frames=3), "moves.gif", "image/gif")
    source = f'.tile[data-id="{photo_id}"] img'
    for motion, ending in (("reduce", ".jpg"), ("no-preference", ".webp")):
        page = open_page(workshop.url, reduced_motion=motion)
        page.locator(source).scroll_into_view_if_needed()
        expect(page.locator(source)).to_have_js_property("complete", True)
        assert ending in page.locator(source).evaluate("i => i.currentSrc")


def test_smallest_phone_has_room(site: Site, open_page: Open) -> None:
    """At 320 pixels nothing is cut off or scrolls sideways, on any page."""
    photo_id = site.photos["Landscape 07.jpg"]
    for path in ("/", "/upload", f"/photos/{photo_id}"):
        page = open_page(site.url + path, size=(320, 640))
        assert page.evaluate("document.documentElement.scrollWidth") == 320
    page = open_page(f"{site.url}/photos/{photo_id}", size=PHONE)
    page.get_by_text("Copy a link").click()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
