"""What a stranger with the source tries against the whole product (`make attack`); bounded, on loopback."""

import stat
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.core import keys
from services.store.client import make_s3
from tests import pictures
from tests.api import upload
from tests.conftest import Product, start_product, stop_product

# 30,000 × 30,000 pixels, it says.
BOMB = pictures.PNG_SIGNATURE + b"".join(
    pictures.png_chunk(kind, body)
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(9000))),
        (b"IEND", b""),
    )
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own: what is done to it is no other test's."""
    running = start_product(tmp_path_factory.mktemp("data"), UPLOADS_PER_MINUTE="60")
    yield running
    stop_product(running)


def stranger(target: Product, number: int) -> httpx.Client:
    """Return a client at an address of its own, in loopback's range."""
    transport = httpx.HTTPTransport(local_address=f"127.0.0.{number}")
    return httpx.Client(transport=transport, base_url=target.url.replace("localhost", "127.0.0.1"))


def begin(client: httpx.Client, **changed: Any) -> dict[str, Any]:
    """Ask for a form."""
    wanted = {"filename": "a.jpg", "type": "image/jpeg", "size": 1000} | changed
    begun: dict[str, Any] = client.post("/api/uploads", json=wanted).raise_for_status().json()
    return begun


def send(begun: dict[str, Any], data: bytes) -> int:
    """Send a form and return S3's status."""
    post = begun["upload"]
    return httpx.post(post["url"], data=post["fields"], files={"file": data}).status_code


def versions(target: Product, prefix: str) -> list[Any]:
    """Return everything that the upload bucket has under a prefix."""
    s3 = make_s3(target.settings, target.session)
    listed = s3.list_object_versions(Bucket=target.settings.upload_bucket, Prefix=prefix)
    return [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]


def test_a_form_sent_again_and_again_is_one_photo(target: Product) -> None:
    """Of eight at once the first counts; of the others nothing is kept."""
    with stranger(target, 2) as client:
        begun = begin(client)
    data = pictures.jpeg(60, 40)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, [begun] * 8, [data] * 8)) == [201] * 8
    assert target.settled(begun["id"])["state"] == "ready"
    assert send(begun, data) == 201
    last = target.upload(data)  # done after that one
    assert target.settled(last)["state"] == "ready"
    assert versions(target, keys.upload_key("main", begun["id"])) == []
    assert versions(target, keys.quarantine_prefix("main", begun["id"])) == []


def test_forged_proxies_get_nobody_a_new_budget(target: Product) -> None:
    """Form and API are counted together; who is next to come waits as long as Retry-After says."""
    with stranger(target, 3) as client:
        responses = [
            client.get("/upload", headers={"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(70)
        ]
        assert [response.status_code for response in responses] == [200] * 60 + [429] * 10
        refused = client.post("/api/uploads", json={"filename": "", "type": "", "size": 1})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
    with stranger(target, 4) as other:
        begin(other)


def test_deleting_what_was_refused_takes_its_bytes(target: Product) -> None:
    """The place it was taken at included: not even quarantine has it."""
    with stranger(target, 5) as client:
        begun = begin(client)
        send(begun, pictures.jpeg(900, 600, gps=True)[:20_000])
        assert target.settled(begun["id"])["state"] == "rejected"
        assert versions(target, keys.quarantine_prefix("main", begun["id"]))
        token = {"X-Delete-Token": begun["delete_token"]}
        assert client.delete(f"/api/photos/{begun['id']}", headers=token).status_code == 204
    assert versions(target, keys.quarantine_prefix("main", begun["id"])) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB, "side_too_long"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "unsupported_format"),
        (b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\npop graphic-context", "unsupported_format"),
        (b"%!PS\n(/etc/passwd) run", "unsupported_format"),
        (pictures.jpeg(500, 400)[:-3000], "truncated"),
    ],
    ids=["bomb", "svg", "mvg", "postscript", "torn"],
)  # fmt: skip
def test_what_is_no_picture_ends_with_its_reason(target: Product, data: bytes, reason: str) -> None:
    """Whatever its name and declared type say, and the gallery goes on."""
    photo = target.settled(upload(target.url, data, "a.jpg"))
    assert (photo["state"], photo["reason"]) == ("rejected", reason)
    assert httpx.get(f"{target.url}/readyz").status_code == 200


def test_who_holds_the_storages_key_cannot_put_a_photo_first_for_ever(target: Product) -> None:
    """Nor wedge the queue by folder markers, empty objects and keys of ours."""
    s3, bucket = make_s3(target.settings, target.session), target.settings.upload_bucket
    forged = "7" + "0" * 25  # the year 3084
    for key, body in (
        ("uploads/2024/", b""),
        ("uploads/nothing", b""),
        ("quarantine/main/x", b"loop"),
        (f"uploads/main/{forged}", pictures.jpeg(50, 50)),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    after = target.upload(pictures.jpeg(70, 50))
    assert target.settled(after)["state"] == "ready"
    newest = httpx.get(f"{target.url}/api/photos").json()["photos"]
    assert forged not in [photo["id"] for photo in newest]
    assert all(photo["id"][:3] == after[:3] for photo in newest)


def test_names_lie_about_nothing(target: Product) -> None:
    """Markup is text, and no mark turns the order of letters round."""
    name = "\u202egpj.<img src=x onerror=alert(1)>\u061c\u200fexe.jpg"
    photo = target.settled(target.upload(pictures.jpeg(60, 40), name))
    assert photo["name"] == "gpj.<img src=x onerror=alert(1)>exe.jpg"
    page = httpx.get(f"{target.url}/photos/{photo['id']}").text
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/api/uploads", {"Origin": "https://evil.example"}, 403),
        ("POST", "/owner/pause", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", "/", {"Host": "evil.example"}, 400),
        ("GET", "/static/..%2f..%2f..%2fetc/passwd", {}, 404),
        ("GET", "/albums/none", {}, 404),
        ("GET", "/owner", {"Cookie": "owner=guess"}, 404),
        ("GET", "/l/guess", {}, 404),
    ],
)
def test_what_a_stranger_asks_for_is_refused(
    target: Product, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Other sites, other hosts, paths that climb, and guessed tokens."""
    assert httpx.request(method, target.url + path, headers=headers).status_code == status


def test_a_request_without_end_is_cut(target: Product) -> None:
    """After 64 KiB, whatever it is."""
    endless = httpx.post(f"{target.url}/api/uploads", content=b" " * 70_000)
    assert endless.status_code == 413


def test_a_neighbour_on_the_machine_reads_nothing(target: Product) -> None:
    """Neither the folder nor, without the key, the buckets."""
    folder = Path(target.environ["DATA_DIR"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for bucket in (target.settings.upload_bucket, target.settings.gallery_bucket):
        address = f"{target.settings.s3_endpoint_url}/{bucket}"
        assert httpx.get(address).status_code == 403
        assert httpx.put(f"{address}/uploads/x", content=b"x").status_code == 403


def test_one_uploaders_animations_do_not_hold_up_anothers_photo(target: Product) -> None:
    """Sixteen of them wait, one photo comes after, and is shown while most still wait."""
    animation = pictures.gif(16, 16, frames=256, duration=40)
    with stranger(target, 6) as client:
        begun = [begin(client, type="image/gif") for _ in range(16)]
    for one in begun:
        assert send(one, animation) == 201
    with stranger(target, 7) as client:
        photo = begin(client)
    assert send(photo, pictures.jpeg(300, 200)) == 201
    assert target.settled(photo["id"], seconds=60)["state"] == "ready"
    listed = httpx.get(
        f"{target.url}/api/photos", params={"ids": ",".join(one["id"] for one in begun)}
    ).json()["photos"]
    assert [one["state"] for one in listed].count("waiting") >= 8
