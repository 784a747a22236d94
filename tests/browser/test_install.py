"""The gallery installed: what Chromium says of it, and pictures from the system's share sheet."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import (
    PHONE,
    Open,
    Site,
    bulky,
    jpeg,
    picked,
    slow_network,
    tile,
    until,
    violations,
)

WORKERS = "navigator.serviceWorker.getRegistrations().then(all => all.map(one => one.scope))"
KEPT = """new Promise(resolve => {
  indexedDB.open('contact-sheet', 1).onsuccess = ({target: {result: database}}) => {
    database.transaction('shared').objectStore('shared').count().onsuccess = ({target}) => {
      resolve(target.result); database.close();
    };
  };
})"""


def install(page: Page) -> None:
    """Tell the page that it was installed, as Chromium does, and wait for the worker."""
    page.wait_for_load_state("networkidle")
    page.evaluate("dispatchEvent(new Event('appinstalled'))")
    page.evaluate(
        """async () => {
          for (;;) {
            const [one] = await navigator.serviceWorker.getRegistrations();
            if (one?.active) return;
            await new Promise(resolve => setTimeout(resolve, 50));
          }
        }"""
    )


def share(page: Page, *files: Any) -> None:
    """Post files to the album as the system's share sheet does."""
    page.evaluate(
        """() => {
          const form = document.createElement('form');
          Object.assign(form, {method: 'post', action: '/share', enctype: 'multipart/form-data', id: 'sheet'});
          form.innerHTML = '<input type="file" name="photos" multiple>';
          document.body.append(form);
        }"""
    )
    page.set_input_files("#sheet input", list(files))
    page.evaluate("document.getElementById('sheet').submit()")


def test_chromium_would_install_it(workshop: Site, open_page: Open) -> None:
    """No error in the manifest, nothing that is missing, and the album's identity."""
    page = open_page(workshop.url)
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["url"] == f"{workshop.url}/manifest.webmanifest"
    assert manifest["errors"] == []
    # Tests run in a private context, which is never installed.
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []
    assert session.send("Page.getAppId")["appId"] == f"{workshop.url}/"


def test_the_worker_is_only_there_where_the_gallery_is_installed(
    workshop: Site, open_page: Open
) -> None:
    """It answers for the one path, controls no page, and keeps nothing of the gallery."""
    page = open_page(workshop.url)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(WORKERS) == []
    install(page)
    assert page.evaluate(WORKERS) == [f"{workshop.url}/share"]
    page.reload()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    assert page.evaluate("caches.keys()") == []


def test_shared_pictures_are_uploaded(workshop: Site, open_page: Open) -> None:
    """They never reach our server: the worker keeps them until they are with S3, and no longer."""
    page = open_page(workshop.url)
    install(page)
    by_worker: list[bool] = []
    page.on(
        "response",
        lambda answer: (
            by_worker.append(answer.from_service_worker)
            if answer.request.method == "POST" and answer.url.endswith("/share")
            else None
        ),
    )
    share(page, picked("from the sheet.jpg", jpeg(901)), picked("second.jpg", jpeg(902)))
    page.wait_for_url(f"{workshop.url}/**#shared=*")
    expect(page.locator(".uploads-total")).to_have_text("2 photos uploaded")
    expect(tile(page, "from the sheet.jpg")).to_have_count(1)
    assert by_worker == [True]
    assert page.evaluate(KEPT) == 0


def test_a_share_without_pictures_says_so(workshop: Site, open_page: Open) -> None:
    """Nothing at all, and files without a byte; the album would show nothing of it."""
    page = open_page(workshop.url)
    install(page)
    for files in ([], [picked("empty.jpg", b"")]):
        share(page, *files)
        page.wait_for_url(f"{workshop.url}/share")
        expect(
            page.get_by_role("heading", name="The pictures did not get here yet")
        ).to_be_visible()
        page.goto(workshop.url)
        page.wait_for_load_state("networkidle")


def test_what_could_not_be_sent_is_there_at_the_next_start(workshop: Site, open_page: Open) -> None:
    """A tab that ends before the bytes are with S3 takes nothing along."""
    page = open_page(workshop.url, errors="ERR_FAILED")
    install(page)
    page.route("**/api/uploads", lambda route: route.abort())
    share(page, picked("later.jpg", jpeg(903)))
    expect(page.locator(".upload")).to_have_count(1)
    assert page.evaluate(KEPT) == 1
    page.unroute_all()
    page.once("dialog", lambda dialog: dialog.accept())  # leaving while something is being sent
    page.reload()
    expect(tile(page, "later.jpg")).to_have_count(1)
    assert page.evaluate(KEPT) == 0


ELSEWHERE = """data:text/html,<form id=sheet method=post action="{url}/share"
enctype="multipart/form-data"><input type=file name=photos multiple></form>"""


def test_pictures_that_another_site_posts_are_not_sent(workshop: Site, open_page: Open) -> None:
    """Neither at once nor at the next start, whatever the address says."""
    page = open_page(workshop.url)
    install(page)
    page.goto(ELSEWHERE.format(url=workshop.url))
    page.set_input_files("#sheet input", [picked("slipped in.jpg", jpeg(905))])
    page.evaluate("document.getElementById('sheet').submit()")
    expect(page.get_by_role("heading", level=1)).to_have_text("The pictures did not get here yet")
    page.goto(f"{workshop.url}/#shared=7b1f4c7e-0000-4000-8000-000000000001")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(KEPT) == 1
    expect(page.locator(".upload")).to_have_count(0)
    expect(tile(page, "slipped in.jpg")).to_have_count(0)


def test_without_a_worker_the_page_says_so_and_is_ready_for_the_next_time(
    workshop: Site, open_page: Open
) -> None:
    """Nothing was taken; the second time it is."""
    page = open_page(workshop.url, size=PHONE)
    page.wait_for_load_state("networkidle")
    share(page, picked("missed.jpg", jpeg(904)))
    page.wait_for_url(f"{workshop.url}/share")
    expect(page.get_by_role("heading", level=1)).to_have_text("The pictures did not get here yet")
    assert violations(page) == []
    until(page, f"{WORKERS}.then(all => all.length === 1)")
    install(page)
    share(page, picked("missed.jpg", jpeg(904)))
    expect(tile(page, "missed.jpg")).to_have_count(1)


HIDE = """Object.defineProperty(document, "hidden", {value: true});
document.dispatchEvent(new Event("visibilitychange"))"""


def test_uploads_outlive_the_tab(workshop: Site, open_page: Open) -> None:
    """On a phone the browser itself takes over what is not sent when its person turns away."""
    page = open_page(workshop.url, size=PHONE, has_touch=True, is_mobile=True)
    page.wait_for_load_state("networkidle")
    slow_network(page)
    names = [f"outlives {number}.jpg" for number in range(6)]
    page.set_input_files("[data-chooser]", [picked(n, bulky(i)) for i, n in enumerate(names)])
    expect(page.locator(".upload.sending").first).to_be_visible()
    until(page, f"{WORKERS}.then(all => all.length === 1)")
    page.evaluate(HIDE)
    expect(page.locator(".upload", has_text="Goes on in the background").first).to_be_visible()
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(workshop.url)
    for name in names:
        expect(tile(again, name)).to_have_count(1)
    expect(again.locator(".uploads-total")).to_have_text(re.compile("uploaded"))
    assert again.locator(".upload:is(.failed, .cut)").count() == 0
