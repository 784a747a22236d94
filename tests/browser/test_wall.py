"""The wall keeps going for a night: order, memory, network, what is taken away, keys."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, Site, jpeg, until, violations
from tests.browser.owner import make_album, signed_in
from tests.conftest import start_product, stop_product

ORDER = Path(__file__).parents[2] / "services/web/static/wall/order.js"
# An album of which the newest 100 ids are told each ten photos; `arrivals` come in between.
NIGHT = """
const { Order } = await import(process.argv[1]);
const { photos, changes, arrivals, outage } = JSON.parse(process.argv[2]);
const name = (number) => String(1e6 - number).padStart(8, "0");
let album = Array.from({ length: photos }, (_, number) => name(number)).sort();
let asked = 0;
const order = new Order({
  page: async (after) => {
    if (asked++ % 7 === 6 && outage) throw new Error("offline");
    const from = after ? album.findIndex((id) => id > after) : 0;
    const some = from < 0 ? [] : album.slice(from, from + 12);
    const more = from >= 0 && from + 12 < album.length;
    return { photos: some.map((id) => ({ id })), next: more ? some.at(-1) : null };
  },
  some: async (ids) => ids.filter((id) => album.includes(id)).map((id) => ({ id })),
});
const shown = [];
let failures = 0;
order.arrived(album.slice(0, 100));
for (let turn = 0; turn < changes; turn++) {
  if (arrivals && turn % arrivals === 0 && turn) {
    album = [name(photos + turn), ...album];
    order.arrived(album.slice(0, 100));
  }
  try {
    const photo = await order.next();
    shown.push(photo?.id ?? null);
  } catch { failures += 1; }
}
const kept = JSON.stringify(order).length;
console.log(JSON.stringify({ shown, failures, kept, album }));
"""


def night(photos: int, changes: int = 5000, arrivals: int = 0, *, outage: bool = False) -> Any:
    """Return what the wall's order shows of an album, and what it keeps."""
    told = {"photos": photos, "changes": changes, "arrivals": arrivals, "outage": outage}
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", NIGHT, ORDER.as_uri(), json.dumps(told)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(ran.stdout)


def test_newest_first_then_the_rest_then_again() -> None:
    """Each once in a round; an empty album has none, and one of one shows that one."""
    told = night(30, changes=60)
    assert told["shown"] == told["album"] * 2
    assert night(0, changes=3)["shown"] == [None] * 3
    assert len(set(night(1, changes=3)["shown"])) == 1


@pytest.mark.parametrize(("photos", "arrivals"), [(3, 0), (40, 0), (40, 25), (2000, 9)])
def test_nothing_comes_again_too_soon(photos: int, arrivals: int) -> None:
    """What is new is shown next; no photo again within a third of the album, or five hundred."""
    told = night(photos, arrivals=arrivals)
    last: dict[str, int] = {}
    gap = min(500, photos // 3)
    for turn, photo in enumerate(told["shown"]):
        assert turn - last.get(photo, -photos) >= gap, (turn, photo)
        last[photo] = turn
    if arrivals:
        new = [photo for photo in told["album"] if int(photo) <= 1_000_000 - photos - arrivals]
        first = [told["shown"].index(photo) for photo in reversed(new)]
        assert first == list(range(arrivals, 5000, arrivals))


def test_what_it_keeps_does_not_grow() -> None:
    """After five thousand changes of two thousand photos no more than after five hundred."""
    early, late = night(2000, 600, 9)["kept"], night(2000, 5000, 9)["kept"]
    assert late < 1.05 * early


def test_it_goes_on_where_an_answer_was_lost() -> None:
    """Nothing is left out for it."""
    told = night(100, changes=150, outage=True)
    assert told["failures"] > 0
    assert told["shown"][:100] == told["album"]


# While a new photo is asked for, another one comes.
MEANWHILE = """
const { Order } = await import(process.argv[1]);
let album = ["3", "4"], answer;
const order = new Order({
  page: async () => ({ photos: album.map((id) => ({ id })), next: null }),
  some: ([id]) => new Promise((resolve) => (answer = () => resolve([{ id }]))),
});
const come = (id) => order.arrived((album = [id, ...album]));
const next = async (meanwhile) => {
  const photo = order.next();
  meanwhile?.();
  answer();
  return (await photo).id;
};
order.arrived(album);
come("2");
console.log(JSON.stringify([await next(() => come("1")), await next()]));
"""


def test_what_comes_while_a_photo_is_asked_for_is_shown_too() -> None:
    """At once, and the one that was asked for not twice."""
    command = ["node", "--input-type=module", "-e", MEANWHILE, ORDER.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(ran.stdout) == ["2", "1"]


# Three photos of which the oldest is hidden, then one approved that is older than all.
OLDEST = """
const { Order } = await import(process.argv[1]);
let album = ["3", "5", "7"];
const page = async () => ({ photos: album.map((id) => ({ id })), next: null });
const order = new Order({ page, some: async ([id]) => [{ id }] });
const shown = [];
const take = (ids) => order.arrived((album = ids), true);
take(album);
shown.push((await order.next()).id);
take(["3", "5"]);
const gone = order.isGone("7");
take(["3", "5", "8"]);
shown.push((await order.next()).id, (await order.next()).id);
console.log(JSON.stringify([gone, ...shown]));
"""


def test_the_oldest_photo_goes_and_comes_like_any_other() -> None:
    """Where all photos were told, and not only the newest hundred: nothing stands behind the last."""
    command = ["node", "--input-type=module", "-e", OLDEST, ORDER.as_uri()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert json.loads(ran.stdout) == [True, "3", "8", "5"]


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gallery of fifteen photos that these tests add to."""
    product = start_product(tmp_path_factory.mktemp("party"))
    site = Site(product)
    for number in range(15):
        site.photos[f"party {number}.jpg"] = product.upload(
            jpeg(number, side=500), f"party {number}.jpg", "image/jpeg"
        )
    for photo_id in site.photos.values():
        product.settled(photo_id)
    yield site
    stop_product(product)


def hurry(page: Page, times: int) -> None:
    """Let the page's time run faster; only its patience with a network that does not, does not."""
    page.add_init_script(
        f"""const wait = setTimeout;
        window.setTimeout = (f, ms, ...a) => wait(f, ms < 20_000 ? ms / {times} : ms, ...a);"""
    )


SHOWN = "document.querySelector('#pictures img:last-child')?.alt"


CHANGES = 5000 if os.environ.get("FAULTS") == "soak" else 1000


def test_a_night(party: Site, open_page: Open) -> None:
    """Scripts' memory, nodes and listeners are after many changes what they were after a few."""
    page = open_page("about:blank")
    hurry(page, 600)
    page.add_init_script(
        """window.changes = 0; addEventListener('DOMContentLoaded', () => new MutationObserver(list => {
          for (const one of list) window.changes += one.addedNodes.length;
        }).observe(document.getElementById('pictures'), {childList: true}))"""
    )
    session = page.context.new_cdp_session(page)
    page.goto(f"{party.url}/wall")

    def measured(changes: int) -> tuple[int, dict[str, int]]:
        until(page, f"window.changes >= {changes}", seconds=400)
        page.keyboard.press("p")  # what is being loaded ends
        page.wait_for_timeout(500)
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        counted = session.send("Memory.getDOMCounters")
        page.keyboard.press("p")
        return heap, counted

    early, before = measured(CHANGES // 4)
    late, after = measured(CHANGES)
    assert late < early + 300_000
    assert after["nodes"] <= before["nodes"] + 20
    assert after["jsEventListeners"] <= before["jsEventListeners"] + 5
    assert page.locator("#pictures img").count() <= 4


def test_new_photos_come_next_and_hidden_ones_go(party: Site, open_page: Open) -> None:
    """Within the seconds between two questions; the code leads to the album."""
    page = open_page(f"{party.url}/wall?seconds=2")
    expect(page.locator("#code")).to_contain_text("Add your photos")
    expect(page.locator("#pictures img.shown").first).to_have_attribute("alt", "party 14.jpg")
    photo_id = party.add(jpeg(77, side=480), "just now.jpg")
    until(page, f"{SHOWN} === 'just now.jpg'", seconds=15)
    page.keyboard.press("p")
    party.product.store.gallery.remove("main", photo_id)
    until(page, f"{SHOWN} !== 'just now.jpg'", seconds=25)


def test_it_survives_the_network(party: Site, open_page: Open) -> None:
    """Photos go round while nobody answers, and the others come back afterwards."""
    page = open_page("about:blank", errors="ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    hurry(page, 20)
    page.goto(f"{party.url}/wall?seconds=4")
    until(page, f"{SHOWN} === 'party 8.jpg'")
    page.context.set_offline(True)
    page.wait_for_timeout(4000)
    before = page.evaluate(SHOWN)
    until(page, f"{SHOWN} !== {json.dumps(before)}")  # it still goes on
    page.context.set_offline(False)
    until(page, f"{SHOWN} === 'party 0.jpg'")


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 568), (3840, 2160)])
def test_buttons_keys_and_axe(party: Site, open_page: Open, size: tuple[int, int]) -> None:
    """Everything by keyboard; it fits; nothing for axe to object to; Escape leads to the album."""
    page = open_page(f"{party.url}/wall", size=size, reduced_motion="reduce")
    expect(page.locator("#pictures img.shown")).to_have_count(1)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    image = "getComputedStyle(document.querySelector('#pictures img')).transitionDuration"
    assert page.evaluate(image) == "0s"
    page.keyboard.press("q")
    expect(page.locator("#code")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    before = page.evaluate(SHOWN)
    page.keyboard.press("ArrowRight")
    until(page, f"{SHOWN} !== {json.dumps(before)}")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{party.url}/")


def test_a_closed_albums_wall(party: Site, open_page: Open) -> None:
    """The owner's shows a link that lets guests add, a guest's their own until that is withdrawn."""
    owner = signed_in(party, open_page)
    make_album(owner, party, "ball", "Ball")
    for rights in ("see", "see_upload"):
        owner.request.post(f"{party.url}/albums/ball/links", form={"rights": rights})
    owner.goto(f"{party.url}/albums/ball/wall")
    expect(owner.locator("#code")).to_contain_text("Add your photos")
    expect(owner.locator("#word")).to_contain_text("No photos yet")
    owner.goto(f"{party.url}/albums/ball/links")
    row = owner.locator(".links li", has_text="see").filter(has_not_text="add")
    address = row.locator("input[readonly]").input_value()
    guest = open_page(address, errors="404")
    guest.goto(f"{party.url}/albums/ball/wall?seconds=2")
    expect(guest.locator("#code")).to_contain_text("See the photos")
    row.get_by_role("button", name="Withdraw").click()
    expect(guest.locator("#word")).to_have_text("This album cannot be seen any more.")
    expect(guest.locator("#code")).to_have_count(0)
    assert re.search(r"/albums/ball/links$", owner.url)
