"""What the page weighs before anyone has done anything."""

import gzip
import re
from typing import Any

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import Open, Site

SCRIPTS = 13_000  # bytes of our scripts before anybody has done anything, gzip
STYLES = 6_000
# Whoever asks to save data gets nothing beforehand: what is left is what the page itself needs.
FRUGAL = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"


def test_scripts_and_styles_are_light(site: Site, open_page: Open) -> None:
    """Within the budget, compressed on the way, and viewer and uploader not among them."""
    page = open_page("about:blank")
    loaded: list[Any] = []
    page.on("response", lambda answer: loaded.append(answer) if "/static/" in answer.url else None)
    page.add_init_script(FRUGAL)
    page.goto(site.url)
    page.wait_for_load_state("networkidle")
    code = [answer for answer in loaded if re.search(r"\.(js|css)$", answer.url)]
    bodies = {answer.url: answer.body() for answer in code}
    for ending, budget in ((".js", SCRIPTS), (".css", STYLES)):
        of_kind = [body for url, body in bodies.items() if url.endswith(ending)]
        assert sum(len(gzip.compress(body, 6)) for body in of_kind) <= budget
    text = b"".join(bodies.values())
    assert b"pswp__" not in text
    assert b"uploads-total" not in text
    for answer in code:
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert re.search(r"-[0-9A-Z]{8}\.(js|css)$", answer.url)
        if len(bodies[answer.url]) > 1000:
            assert answer.headers["content-encoding"] == "gzip"
    for path in re.findall(r'rel="modulepreload" href="([^"]+)"', page.content()):
        assert site.url + path in bodies
    loaded.clear()
    page.locator(".tile a").first.click()
    expect(page.locator(".pswp")).to_be_visible()
    assert any("lightbox-" in answer.url for answer in loaded)


def test_pages_travel_compressed(site: Site) -> None:
    """Sixty photos' presigned addresses compress to a tenth."""
    with httpx.stream("GET", site.url) as answer:
        sent = sum(len(part) for part in answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert sent < len(httpx.get(site.url).content) / 6
