"""Many photos as one ZIP, made by the page of what S3 sends: whole, safe to unpack, in little memory."""

import json
import os
import re
import subprocess
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from services.core.albums import MAIN, Originals
from tests.browser.conftest import Open, Site, jpeg
from tests.browser.many_photos import ManyPhotos, ZipReader, many_photos
from tests.conftest import start_product, stop_product
from tests.generated_s3 import photo_id

ROOT = Path(__file__).parents[2]
SOAK = os.environ.get("FAULTS") == "soak"
PHOTOS, BYTES = (2000, 4_000_000) if SOAK else (60, 200_000)
FLAT = 200e6  # bytes that a tab may grow by while it writes 8 GB

NO_PICKER = "delete window.showSaveFilePicker"
# A place on the disk that needs no dialog: the browser's own private one.
PRIVATE_PICKER = """
  window.showSaveFilePicker = async ({suggestedName}) => {
    window.picked = await (await navigator.storage.getDirectory())
      .getFileHandle(suggestedName, {create: true});
    return window.picked;
  };
"""
# Passes all that is written on to the test, some megabytes at a time, and keeps nothing.
SENDING_PICKER = """
  window.showSaveFilePicker = async () => ({createWritable: async () => {
    let parts = [], size = 0;
    const send = async () => {
      const whole = new Uint8Array(size);
      let at = 0;
      for (const part of parts) { whole.set(part, at); at += part.byteLength; }
      parts = []; size = 0;
      await fetch('SINK', {method: 'POST', body: whole});
    };
    return {
      async write(part) { parts.push(part); size += part.byteLength; if (size > 4e6) await send(); },
      close: send,
      async abort() { window.aborted = true; },
    };
  }});
"""

# As they are uploaded and as they are saved; the gallery itself cleans names, and other programs' not.
NAMES = {
    "beach.jpg": "beach.jpg",
    "Beach.JPG": "Beach (2).jpg",
    "beach.jpeg": "beach (3).jpg",
    "beach (2).jpg": "beach (2) (2).jpg",
    "CON.jpg": "_CON.jpg",
    "nul": "_nul.jpg",
    "Käthe.jpg": "Käthe.jpg",
    "Ka\u0308the.jpg": "Käthe (2).jpg",
    "婚礼.jpg": "婚礼.jpg",
    "a:b?c*.jpg": "a_b_c_.jpg",
    "": "<id>.jpg",
}
UNCLEAN = {
    "..hidden.jpg": "hidden.jpg",
    "evil\u202egpj.exe": "evil_gpj.exe.jpg",
    "dots. . .jpg": "dots.jpg",
    "../../up.jpg": "_.._up.jpg",
    "C:\\up.png": "C__up.jpg",
    "tab\tline\n.jpg": "tab_line_.jpg",
    "com1.tar.jpg": "_com1.tar.jpg",
    "COM¹ .jpg": "_COM¹.jpg",
    "half \ud800.jpg": "half _.jpg",
    "...": "<id>.jpg",
    "x" * 250 + ".jpg": "x" * 180 + ".jpg",
    "婚" * 100: "婚" * 60 + ".jpg",
    "STRASSE.jpg": "STRASSE.jpg",
    "straße.jpg": "straße (2).jpg",
    "\ufb01ne.jpg": "\ufb01ne.jpg",
    "FINE.jpg": "FINE (2).jpg",
}


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real gallery that offers downloads and keeps originals, with photos of difficult names."""
    product = start_product(tmp_path_factory.mktemp("party"))
    album = replace(MAIN, downloads=True, originals=Originals.UPLOADED)
    product.store.albums.save(replace(album, title="Käthe & Jun: 2026"))
    filled = Site(product)
    for number, name in reversed(list(enumerate(NAMES))):
        filled.photos[name] = product.upload(jpeg(number), name)
    for id_ in filled.photos.values():
        product.settled(id_)
    yield filled
    stop_product(product)


@pytest.fixture
def many(aws_session: boto3.Session) -> Iterator[ManyPhotos]:
    """An album of made-up photos."""
    with many_photos(aws_session, PHOTOS, BYTES) as running:
        yield running


def begin(page: Page, kind: str = "") -> None:
    """Download all, as a ZIP, of the kind of files that the album offers."""
    page.get_by_role("button", name="Download all").click()
    if kind:
        page.get_by_label(kind).check()
    page.get_by_role("dialog").get_by_role("button", name="Save as ZIP").click()


def stored(party: Site) -> dict[str, bytes]:
    """Return each photo's largest variant by the name that it is to have, as S3 has it."""
    expected = {}
    for name, safe in NAMES.items():
        id_ = party.photos[name]
        photo = httpx.get(f"{party.url}/api/photos/{id_}").json()
        url = photo["variants"][-1]["url"]
        expected[safe.replace("<id>", id_)] = httpx.get(url).content
    return expected


def uploaded(party: Site) -> dict[str, bytes]:
    """Return what was uploaded of each photo by the name that it is to have."""
    return {
        safe.replace("<id>", party.photos[name]): jpeg(number)
        for number, (name, safe) in enumerate(NAMES.items())
    }


def assert_holds(path: Path, expected: dict[str, bytes]) -> None:
    """Hold a ZIP to what was expected, name by name."""
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        assert {name: made.read(name) for name in made.namelist()} == expected


def test_names_are_safe_everywhere() -> None:
    """On Windows, macOS and Linux, in any script; those that a system takes for one get a number."""
    program = """
      import { uniqueNames } from "./services/web/static/js/zip/names.js";
      const nameOf = uniqueNames();
      const names = JSON.parse(process.argv[1]);
      console.log(JSON.stringify(names.map((name) => nameOf(name, "jpg", "<id>"))));
    """
    command = ["node", "--input-type=module", "-e", program, json.dumps(list(UNCLEAN))]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)
    assert dict(zip(UNCLEAN, json.loads(ran.stdout), strict=True)) == UNCLEAN


def test_through_a_service_worker_the_browser_saves_it_as_it_comes(
    party: Site, open_page: Open
) -> None:
    """Where no place on the disk can be chosen; the gallery itself sends no byte of a photo."""
    page = open_page("about:blank")
    page.add_init_script(NO_PICKER)
    page.goto(party.url)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    with page.expect_download() as started:
        begin(page, "For the web")
    expect(page.get_by_text(f"Downloaded {len(NAMES)} photos")).to_be_visible()
    assert started.value.suggested_filename == "Käthe & Jun_ 2026.zip"
    assert_holds(started.value.path(), stored(party))
    from_gallery = [url.removeprefix(party.url) for url in asked if url.startswith(party.url)]
    assert {re.sub(r"[-/]?[0-9A-Za-z_-]{8,}(\.\w+)?|\?.*", "", url) for url in from_gallery} <= {
        *("/static/zip", "/static/worker", "/static/download", "/static/select", "/static/chunk"),
        *("/static/select", "/api/photos", "/api/photos/count", "/static"),
    }
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".zip")).to_have_count(0)


def test_to_a_place_of_ones_choice_and_out_of_memory(party: Site, open_page: Open) -> None:
    """The file picker's, the private disk's and memory's hold what was uploaded, where that is kept."""
    page = open_page("about:blank")
    page.add_init_script(PRIVATE_PICKER)
    page.goto(party.url)
    begin(page)
    expect(page.get_by_text(f"Downloaded {len(NAMES)} photos")).to_be_visible()
    with page.expect_download() as saved:
        page.evaluate(
            """async () => {
              const file = await window.picked.getFile();
              const href = URL.createObjectURL(file);
              Object.assign(document.createElement('a'), {href, download: file.name}).click();
            }"""
        )
    assert_holds(saved.value.path(), uploaded(party))

    # As Safari, by way of its private disk; and on plain HTTP.
    for lacking in (
        "window.GestureEvent = class {}",
        "delete Navigator.prototype.serviceWorker; delete window.FileSystemFileHandle",
    ):
        plain = open_page("about:blank")
        plain.add_init_script(f"{NO_PICKER}; {lacking}")
        plain.goto(party.url)
        with plain.expect_download() as kept:
            begin(plain, "Originals")
        assert kept.value.suggested_filename == "Käthe & Jun_ 2026.zip"
        assert_holds(kept.value.path(), uploaded(party))


def test_the_share_sheet_takes_a_few(party: Site, open_page: Open) -> None:
    """On a phone: fetched first, handed over at a tap of its own, with names and types."""
    page = open_page("about:blank", size=(390, 844), has_touch=True, is_mobile=True)
    page.add_init_script(
        """navigator.canShare = ({files}) => files.length > 0;
        navigator.share = async ({files}) => {
          window.shared = files.map(({name, type, size}) => [name, type, size > 1000]);
        };"""
    )
    page.goto(party.url)
    page.get_by_role("button", name="Select").click()
    expect(page.locator(".selection")).to_be_visible()
    for number in range(3):
        page.locator(".tile a").nth(number).tap()
    page.locator(".selection").get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Share or save").click()
    page.get_by_role("dialog", name="3 photos are ready").get_by_role(
        "button", name="Share"
    ).click()
    page.wait_for_function("window.shared")
    assert page.evaluate("window.shared") == [
        [name, "image/jpeg", True] for name in ("beach.jpg", "Beach (2).jpg", "beach (3).jpg")
    ]


def test_what_the_share_sheet_refuses_is_shared_for_the_web(party: Site, open_page: Open) -> None:
    """As Chrome refuses a HEIC though it shares pictures: the page says so before it is handed over."""
    page = open_page("about:blank", size=(390, 844), has_touch=True, is_mobile=True)
    page.add_init_script(
        """let refused = 0;
        navigator.canShare = ({files}) => files[0].size === 1 || refused++ > 0;
        navigator.share = async ({files}) => {
          window.shared = files.map(({size}) => size);
        };"""
    )
    page.goto(party.url)
    page.get_by_role("button", name="Select").click()
    expect(page.locator(".selection")).to_be_visible()
    page.locator(".tile a").first.tap()
    page.locator(".selection").get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Share or save").click()
    dialog = page.get_by_role("dialog", name="1 photo is ready")
    expect(dialog.get_by_text("these are the pictures for the web")).to_be_visible()
    dialog.get_by_role("button", name="Share").click()
    page.wait_for_function("window.shared")
    newest = page.locator(".tile").first.get_attribute("data-id")
    photo = httpx.get(f"{party.url}/api/photos/{newest}").json()
    assert page.evaluate("window.shared") == [len(httpx.get(photo["variants"][-1]["url"]).content)]


def test_an_album_that_was_emptied_meanwhile_makes_no_empty_zip(
    party: Site, open_page: Open
) -> None:
    """Windows takes one without files for broken."""
    page = open_page("about:blank")
    page.add_init_script(PRIVATE_PICKER)
    page.goto(party.url)
    page.route("**/api/photos?limit=*", lambda route: route.fulfill(json={"photos": []}))
    begin(page)
    expect(page.get_by_text("The download broke off. Try again.")).to_be_visible()
    page.wait_for_function("window.picked.getFile().then(() => false, () => true)")


def test_a_worker_of_an_earlier_release_makes_way(party: Site, open_page: Open) -> None:
    """The download goes through the one that is being installed, which the browser asks for it."""
    page = open_page("about:blank")
    page.add_init_script(NO_PICKER)
    page.goto(party.url)
    script = next((ROOT / "services/web/static/dist").glob("zip-worker-*.js")).name
    page.evaluate(
        """async (script) => {
          const one = await navigator.serviceWorker.register(`/static/${script}?earlier`);
          while (one.active?.state !== 'activated') await new Promise(wait => setTimeout(wait, 20));
        }""",
        script,
    )
    not_by_worker: list[str] = []
    page.context.on(
        "response",
        lambda answer: (
            not_by_worker.append(answer.url)
            if "/static/zip/" in answer.url and not answer.from_service_worker
            else None
        ),
    )
    with page.expect_download() as started:
        begin(page, "For the web")
    assert_holds(started.value.path(), stored(party))
    assert not_by_worker == []


def renderers(browser: Browser) -> list[int]:
    """Return the process ids of the browser's tabs."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return [process["id"] for process in processes if process["type"] == "renderer"]


def resident(pid: int) -> int:
    """Return a process's memory, in bytes; 0 once it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except FileNotFoundError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def wait_for_end(page: Page, text: str, seconds: int) -> list[int]:
    """Wait until a download says so, and return the largest tab's memory meanwhile."""
    memory: list[int] = []
    browser: Any = page.context.browser
    end = time.monotonic() + seconds
    while not page.get_by_text(text).count():
        assert time.monotonic() < end, page.locator(".dock").inner_text()
        memory.append(max(resident(pid) for pid in renderers(browser)))
        page.wait_for_timeout(500)
    return memory


def test_many_photos_pass_through_the_tab_and_leave_nothing_in_it(
    many: ManyPhotos, open_page: Open
) -> None:
    """Each photo once, in order, each under a name of its own; `make soak` sends 8 GB through it."""
    reader = ZipReader(many.bytes.zip, BYTES)
    reader.start()
    page = open_page("about:blank")
    page.add_init_script(SENDING_PICKER.replace("SINK", f"{many.bytes.url}/zip"))
    page.goto(many.url)
    lists: list[str] = []
    page.on("request", lambda request: lists.append(request.url.removeprefix(many.url)))
    begin(page)
    memory = wait_for_end(page, f"Downloaded {PHOTOS:,} photo", 3600 if SOAK else 300)
    reader.join(20)
    assert reader.failure is None
    assert [entry.photo_id for entry in reader.entries] == [
        photo_id(number) for number in range(PHOTOS - 1, -1, -1)
    ]
    assert [entry.name for entry in reader.entries] == [
        "holiday.jpg", *(f"holiday ({number}).jpg" for number in range(2, PHOTOS + 1)),
    ]  # fmt: skip
    assert all(asked == [None] for asked in many.bytes.asked.values())
    # As docs/event.md has it: once to count them, and once for each 100.
    listed = [url.split("&")[0] for url in lists if url.startswith("/api/photos")]
    listed = [url for url in listed if url != "/api/photos/newest"]  # every open page's
    assert listed == ["/api/photos/count"] + ["/api/photos?limit=100"] * (-(-PHOTOS // 100))
    if SOAK:
        # After a tenth of it the tab has what it needs.
        begun, rest = memory[len(memory) // 10], memory[len(memory) // 10 :]
        print(f"{reader.bytes:,} bytes; tab {begun / 1e6:.0f} MB, at most {max(rest) / 1e6:.0f} MB")  # noqa: T201
        assert max(rest) - begun < FLAT


def test_what_breaks_off_goes_on_and_what_is_gone_is_left_out(
    many: ManyPhotos, open_page: Open
) -> None:
    """Behind the last byte that came; with a new address where one has expired; with a word at the end."""
    cut, expired, busy, gone, broken = (photo_id(PHOTOS - 1 - number) for number in range(5))
    many.bytes.failures |= {
        cut: ["cut", "cut"], expired: ["403"], busy: ["503", "503"],
        gone: ["404"], broken: ["500"] * 7,
    }  # fmt: skip
    reader = ZipReader(many.bytes.zip, BYTES)
    reader.start()
    page = open_page("about:blank", errors=r"status of (4|5)\d\d|net::ERR")
    page.add_init_script(SENDING_PICKER.replace("SINK", f"{many.bytes.url}/zip"))
    page.goto(many.url)
    begin(page)
    wait_for_end(page, "Downloaded, without 2 photos", 120)
    reader.join(20)
    assert reader.failure is None
    kept = [photo_id(number) for number in range(PHOTOS - 1, -1, -1)]
    assert [e.photo_id for e in reader.entries] == [i for i in kept if i not in (gone, broken)]
    half = BYTES // 2
    assert many.bytes.asked[cut] == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]
    assert many.bytes.asked[expired] == [None, None]
    # What was left out is had by itself, once it is there again.
    again = ZipReader(many.bytes.zip, BYTES)
    again.start()
    page.get_by_role("button", name="Try these again").click()
    expect(page.get_by_text("Downloaded 2 photos")).to_be_visible()
    again.join(20)
    assert again.failure is None
    assert [entry.photo_id for entry in again.entries] == [gone, broken]


def test_where_nothing_can_be_fetched_it_says_so_and_leaves_no_file(
    many: ManyPhotos, open_page: Open
) -> None:
    """As where the bucket's CORS does not know the page: an empty ZIP would look like a success."""
    many.bytes.failures = defaultdict(lambda: ["404"])
    page = open_page("about:blank", errors=r"status of 404")
    page.add_init_script(SENDING_PICKER.replace("SINK", f"{many.bytes.url}/zip"))
    page.goto(many.url)
    begin(page)
    expect(page.get_by_text("The download broke off. Try again.")).to_be_visible()
    page.wait_for_function("window.aborted")
    assert many.bytes.zip.empty()


def test_cancelling_ends_everything(many: ManyPhotos, open_page: Open) -> None:
    """Nothing more is fetched, and what was written is thrown away."""
    many.bytes.failures[photo_id(PHOTOS - 10)] = ["503"] * 5
    reader = ZipReader(many.bytes.zip, BYTES)
    reader.start()
    page = open_page("about:blank", errors=r"status of 503")
    page.add_init_script(SENDING_PICKER.replace("SINK", f"{many.bytes.url}/zip"))
    page.goto(many.url)
    begin(page)
    expect(page.get_by_text(re.compile(r"[1-9] of 60"))).to_be_visible()
    page.locator(".zip").get_by_role("button", name="Cancel").click()
    expect(page.locator(".zip")).to_have_count(0)
    page.wait_for_function("window.aborted")
    fetched = len(many.bytes.asked)
    page.wait_for_timeout(1000)
    assert len(many.bytes.asked) == fetched
