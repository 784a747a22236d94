"""Uploads from the page over networks that stall, lie, refuse and come back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests import pictures
from tests.browser.conftest import Open, Site, bulky, card, drop, jpeg, picked, tile

S3_ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>x</Message></Error>'


def storage(site: Site) -> re.Pattern[str]:
    """Return what matches the addresses of the S3."""
    return re.compile(f"^{re.escape(str(site.product.settings.s3_endpoint_url))}")


def first_post(page: Any, site: Site, answer: Any) -> list[str]:
    """Let `answer` handle the first POST to the S3, and return the list of all POSTs to come."""
    posts: list[str] = []

    def handle(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        posts.append(route.request.url)
        if len(posts) == 1:
            answer(route)
        else:
            route.continue_()

    page.route(storage(site), handle)
    return posts


def test_offline_at_the_first_choice(workshop: Site, open_page: Open) -> None:
    """Even where the uploader has not been loaded yet, it is said, and goes on with the network."""
    page = open_page("about:blank", errors="ERR_|Failed")
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    page.goto(workshop.url)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.set_input_files("[data-chooser]", picked("first.jpg", jpeg(201)))
    expect(page.locator(".toast")).to_have_text("Offline; goes on when the connection is back")
    page.context.set_offline(False)
    expect(tile(page, "first.jpg")).to_be_visible(timeout=15_000)
    expect(page.locator(".toast")).to_have_count(0)


def test_uploader_and_viewer_are_loaded_beforehand(workshop: Site, open_page: Open) -> None:
    """In an idle moment, so that the first choice needs no network but for the upload."""
    page = open_page(workshop.url, errors="ERR_INTERNET")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    page.context.set_offline(True)
    page.set_input_files("[data-chooser]", picked("beforehand.jpg", jpeg(202)))
    state = card(page, "beforehand.jpg").locator(".upload-state")
    expect(state).to_have_text("Offline; goes on when the connection is back")
    page.context.set_offline(False)
    expect(tile(page, "beforehand.jpg")).to_be_visible()


def test_a_post_that_is_never_answered_is_sent_again(workshop: Site, open_page: Open) -> None:
    """After half a minute without a byte it is given up, said, and tried again."""
    page = open_page(workshop.url, errors="ERR_")
    page.clock.install()
    held: list[Route] = []
    posts = first_post(page, workshop, held.append)
    page.set_input_files("[data-chooser]", picked("stalls.jpg", jpeg(203)))
    expect(card(page, "stalls.jpg").locator(".upload-state")).to_contain_text("%")
    while not held:
        page.wait_for_timeout(20)
    page.clock.fast_forward(61_000)
    state = card(page, "stalls.jpg").locator(".upload-state")
    expect(state).to_have_text("Nothing moved for a while; sending it again…")
    page.clock.resume()
    expect(tile(page, "stalls.jpg")).to_be_visible()
    assert len(posts) == 2


@pytest.mark.parametrize(
    ("status", "code", "fresh"),
    [
        (400, "RequestTimeout", False),
        (503, "SlowDown", False),
        (400, "ExpiredToken", True),
        (403, "AccessDenied", True),
    ],
)
def test_s3_errors_that_pass(
    workshop: Site, open_page: Open, status: int, code: str, fresh: bool
) -> None:
    """Each is tried again by itself; with a fresh form where the form is what died."""
    page = open_page(workshop.url, errors=f"status of {status}")
    begun: list[str] = []
    page.on("request", lambda r: begun.append(r.url) if r.url.endswith("/api/uploads") else None)
    headers = {"access-control-allow-origin": "*"}
    posts = first_post(
        page,
        workshop,
        lambda route: route.fulfill(status=status, body=S3_ERROR.format(code), headers=headers),
    )
    name = f"{code}.jpg"
    page.set_input_files("[data-chooser]", picked(name, jpeg(len(code) + 210)))
    expect(tile(page, name)).to_be_visible()
    assert (len(posts), len(begun)) == (2, 2 if fresh else 1)


def test_a_lost_receipt_is_asked_for_before_sending_again(workshop: Site, open_page: Open) -> None:
    """Where S3 has the file although its answer never came, the file is not sent twice."""
    page = open_page(workshop.url, errors="ERR_")
    session = page.context.new_cdp_session(page)
    posts: list[str] = []

    def swallow(paused: Any) -> None:
        if paused["request"]["method"] == "POST":
            posts.append(paused["request"]["url"])
            fate = {"requestId": paused["requestId"], "errorReason": "ConnectionReset"}
            session.send("Fetch.failRequest", fate)
        else:
            session.send("Fetch.continueRequest", {"requestId": paused["requestId"]})

    session.on("Fetch.requestPaused", swallow)
    pattern = {"urlPattern": f"{workshop.product.settings.s3_endpoint_url}/*"}
    session.send("Fetch.enable", {"patterns": [{**pattern, "requestStage": "Response"}]})
    page.set_input_files("[data-chooser]", picked("receipt.jpg", jpeg(220)))
    expect(tile(page, "receipt.jpg")).to_be_visible()
    assert len(posts) == 1


@pytest.mark.parametrize("where", ["api", "storage"])
def test_a_captive_portal_is_not_believed(workshop: Site, open_page: Open, where: str) -> None:
    """A venue's network that answers 200 and a page of its own has taken no photo."""
    page = open_page(workshop.url)
    answers: list[str] = []

    def portal(route: Route) -> None:
        if route.request.method == "POST" and len(answers) < 2:
            answers.append(route.request.url)
            headers = {"access-control-allow-origin": "*", "content-type": "text/html"}
            route.fulfill(status=200, body="<html>Welcome to our Wi-Fi</html>", headers=headers)
        else:
            route.continue_()

    page.route("**/api/uploads" if where == "api" else storage(workshop), portal)
    name = f"portal {where}.jpg"
    page.set_input_files("[data-chooser]", picked(name, jpeg(221 + len(where))))
    state = card(page, name).locator(".upload-state")
    expect(state).to_have_text(re.compile("does the Wi-Fi want you to sign in"))
    expect(tile(page, name)).to_be_visible(timeout=15_000)


def test_too_many_at_once_waits_as_long_as_it_is_told(workshop: Site, open_page: Open) -> None:
    """429 is no lost connection; the wait is the server's own, and counts for no attempt."""
    page = open_page(workshop.url, errors="status of 429")
    told: list[str] = []

    def busy(route: Route) -> None:
        if len(told) < 9:  # more than there are attempts
            told.append(route.request.url)
            problem = {"title": "Too Many Requests", "status": 429, "detail": "x"}
            headers = {"retry-after": "1", "content-type": "application/problem+json"}
            route.fulfill(status=429, body=json.dumps(problem), headers=headers)
        else:
            route.continue_()

    page.route("**/api/uploads", busy)
    page.set_input_files("[data-chooser]", picked("busy.jpg", jpeg(230)))
    state = card(page, "busy.jpg").locator(".upload-state")
    expect(state).to_have_text("Many uploads at once; goes on in 1 s")
    expect(tile(page, "busy.jpg")).to_be_visible(timeout=20_000)


def test_both_numbers_failures_first_and_all_at_once(workshop: Site, open_page: Open) -> None:
    """What failed stands first and is counted, folded too; one button for all of them."""
    page = open_page(workshop.url)
    torn = [picked(f"torn {n}.jpg", bulky(230 + n)[:40_000]) for n in range(3)]
    whole = [picked(f"whole {n}.jpg", jpeg(240 + n)) for n in range(4)]
    page.set_input_files("[data-chooser]", [whole[0], torn[0], whole[1], *torn[1:], *whole[2:]])
    total = page.locator(".uploads-total")
    expect(total).to_have_text("4 photos uploaded · 3 not uploaded")
    states = page.locator(".upload").evaluate_all("all => all.map(one => one.className)")
    assert states == ["upload refused"] * 3 + ["upload ready"] * 4
    page.get_by_role("button", name="Fold the list of uploads").click()
    expect(total).to_be_visible()
    page.get_by_role("button", name="Dismiss all").click()
    expect(total).to_have_text("4 photos uploaded")


def test_all_that_failed_is_tried_again_together(workshop: Site, open_page: Open) -> None:
    """A failed upload is none of the uploaded, and one button sends all of them again."""
    page = open_page(workshop.url, errors="status of 400")
    headers = {"access-control-allow-origin": "*"}
    body = S3_ERROR.format("MalformedPOSTRequest")
    page.route(
        storage(workshop), lambda route: route.fulfill(status=400, body=body, headers=headers)
    )
    files = [picked(f"retried {n}.jpg", jpeg(250 + n)) for n in range(2)]
    page.set_input_files("[data-chooser]", files)
    expect(page.locator(".uploads-total")).to_have_text("2 not uploaded")
    page.unroute_all()
    page.get_by_role("button", name="Try all again").click()
    expect(page.locator(".uploads-total")).to_have_text("2 photos uploaded")


def test_bytes_decide_and_names_do_not(workshop: Site, open_page: Open) -> None:
    """Whatever a picture is called and declared as it is taken, and whatever is none is not."""
    page = open_page(workshop.url)
    files = [
        picked("a.jpe", jpeg(260), "image/jpg"),
        picked("b.HIF", jpeg(261), "image/pjpeg"),
        picked("without", jpeg(262), ""),
        picked("c.bin", jpeg(263), "application/octet-stream"),
        picked("d.apng", pictures.png(image=pictures.photo(40, 30)), "image/apng"),
        picked("list.jpg", b"no picture at all", "image/jpeg"),
        picked("film.heic", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(600), "image/heic"),
    ]
    page.set_input_files("[data-chooser]", files)
    for file in files[:5]:
        expect(card(page, file["name"])).to_contain_text("Done")
    for file in files[5:]:
        expect(card(page, file["name"])).to_contain_text("This is not a picture we can read")


def test_formats_are_known_as_the_server_knows_them(workshop: Site, open_page: Open) -> None:
    """Each brand that the engine reads is let through by the page."""
    from services.imaging.codecs import isobmff

    page = open_page(workshop.url, errors="ERR_FAILED")
    page.route("**/api/uploads", lambda route: route.abort())
    brands = [brand.decode() for brand in isobmff._BRANDS]
    data = [b"\0\0\0\x14ftypmif1\0\0\0\0" + brand.encode() + bytes(600) for brand in brands]
    page.set_input_files(
        "[data-chooser]", [picked(brand, one, "") for brand, one in zip(brands, data, strict=True)]
    )
    for brand in brands:
        expect(card(page, brand)).not_to_have_class(re.compile("refused"))


def test_folder_with_litter_and_something_unreadable(
    workshop: Site, open_page: Open, tmp_path: Path
) -> None:
    """What systems put into folders is passed over; what cannot be read is said, the rest goes up."""
    folder = tmp_path / "trip"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(jpeg(270))
    for litter in ("._one.jpg", "Thumbs.db", ".DS_Store", "desktop.ini"):
        (folder / litter).write_bytes(b"\0\5\x16\7 litter")
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere")
    (folder / "two.jpg").write_bytes(jpeg(271))
    page = open_page(workshop.url, errors="ERR_")
    # A file that goes away between being listed and being read, as on a card that is pulled out.
    page.evaluate(
        """() => {
          const entryOf = DataTransferItem.prototype.webkitGetAsEntry;
          DataTransferItem.prototype.webkitGetAsEntry = function () {
            const folder = entryOf.call(this), reader = folder.createReader();
            const failing = {isFile: true, file: (_, reject) => reject(new Error('gone'))};
            return {
              isDirectory: true,
              createReader: () => ({readEntries: (resolve, reject) => reader.readEntries(some =>
                resolve(some.map(one => one.name === 'two.jpg' ? failing : one)), reject)}),
            };
          };
        }"""
    )
    drop(page, folder)
    expect(tile(page, "one.jpg")).to_be_visible()
    expect(page.locator(".uploads-total")).to_contain_text("1 photo uploaded · 1 could not be read")
    expect(page.locator(".upload")).to_have_count(1)


def test_the_same_file_is_one_upload(workshop: Site, open_page: Open) -> None:
    """Chosen twice at once it is sent once; chosen again later it is asked about."""
    page = open_page(workshop.url)
    posts: list[str] = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    same = jpeg(280, side=480)
    page.set_input_files("[data-chooser]", [picked("same.jpg", same), picked("copy.jpg", same)])
    expect(page.locator(".uploads-total")).to_have_text("1 photo uploaded · 1 was chosen twice")
    assert len(posts) == 2  # the form and the file
    page.reload()
    page.set_input_files("[data-chooser]", picked("same.jpg", same))
    expect(card(page, "same.jpg")).to_contain_text("Already in the gallery")
    expect(page.get_by_role("link", name="Show same.jpg")).to_be_visible()
    assert len(posts) == 2
    page.get_by_role("button", name="Upload same.jpg once more").click()
    expect(card(page, "same.jpg")).to_contain_text("Done")
    expect(tile(page, "same.jpg")).to_have_count(2)


def test_a_cut_upload_can_be_chosen_again(workshop: Site, open_page: Open) -> None:
    """The card opens the chooser, and makes way for the file once that is chosen."""
    page = open_page(workshop.url)
    data = jpeg(290)
    page.evaluate(
        """size => localStorage['contact-sheet:pending'] = JSON.stringify(
             [{id: '7' + 'Z'.repeat(25), name: 'cut.jpg', size, sent: false, tab: 'gone', to: '/api/uploads'}])""",
        len(data),
    )
    page.reload()
    expect(card(page, "cut.jpg")).to_contain_text("Choose the file again")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose cut.jpg again").click()
    chooser.value.set_files(picked("cut.jpg", data))
    expect(card(page, "cut.jpg")).to_contain_text("Done")
    expect(card(page, "cut.jpg")).to_have_count(1)
