"""A gallery of a million photos asks no more of S3 than one of a hundred."""

import gc
import tracemalloc

import boto3
import pytest
from starlette.testclient import TestClient

from services.core.settings import Settings
from services.store import Store
from services.store.pages import MOST_SCANNED
from services.web.app import create_app
from tests.generated_s3 import GeneratedS3, photo_id
from tests.web.bounds import MOST_LISTINGS, MOST_READS

SIZES = [100, 10_000, 1_000_000]


def client_of(server: GeneratedS3, session: boto3.Session) -> TestClient:
    """Return a client of the application over that server."""
    settings = Settings(s3_endpoint_url=server.url)
    return TestClient(create_app(settings, Store.connect(settings, session)))


@pytest.mark.parametrize("photos", SIZES)
@pytest.mark.parametrize("path", ["/", "/api/photos"])
def test_a_page_is_one_request(aws_session: boto3.Session, photos: int, path: str) -> None:
    """The first page, one in the middle and the last: one listing each."""
    with GeneratedS3(photos) as server:
        client = client_of(server, aws_session)
        for after in (None, photo_id(photos // 2), photo_id(5)):
            server.requests = 0
            response = client.get(path, params={"after": after} if after else {})
            assert response.status_code == 200
            assert server.requests == 1
        assert server.reads == 1  # the album's record, remembered


def test_no_route_makes_calls_without_end(aws_session: boto3.Session) -> None:
    """Whatever is asked for at once, of a million photos: a bounded number of listings and reads."""
    spread = [photo_id(number) for number in range(0, 1_000_000, 10_000)]
    neighbours = [photo_id(number) for number in range(500_000, 500_100)]
    middle, ids, bunch = spread[50], ",".join(spread), ",".join(neighbours)
    bounds = {  # listings, reads
        f"/?at={middle}": (MOST_LISTINGS, 1),
        f"/?only={bunch}": (18, MOST_READS),
        f"/?only={ids}": (18, 101),
        "/dates": (0, 1),  # of an album by time: tests/web/test_order.py
        "/feed.xml": (1, 1),
        f"/feed.xml?after={middle}": (1, 1),
        "/wall": (0, 1),
        "/manifest.webmanifest": (0, 1),
        "/share": (0, 1),
        "/upload": (1, 1),
        f"/photos/{middle}": (6, 2),
        f"/downloads/{middle}": (6, 2),
        f"/downloads/{middle}/original": (6, 2),
        f"/images/{middle}.jpg": (6, 2),
        f"/api/photos/{middle}": (6, 2),
        f"/api/photos?ids={bunch}": (18, 101),
        f"/api/photos?ids={ids}": (18, 101),
        "/api/photos?limit=1000": (1, 1),
        f"/api/photos/count?newer_than={spread[0]}": (11, 1),
        "/api/photos/newest": (1, 1),
        "/readyz": (2, 0),
    }
    with GeneratedS3(1_000_000) as server:
        for path, (listings, reads) in bounds.items():
            client = client_of(server, aws_session)
            server.requests = server.reads = 0
            assert client.get(path, follow_redirects=False).status_code < 500, path
            assert server.requests <= listings, path
            assert server.reads <= reads, path
            assert listings <= MOST_LISTINGS
            assert reads <= MOST_READS


def test_looking_for_a_few_among_many_ends(aws_session: boto3.Session) -> None:
    """Of a million photos, ten listings at a time are looked through for those that are wanted."""
    with GeneratedS3(1_000_000) as server:
        pages = Store.connect(Settings(s3_endpoint_url=server.url), aws_session).pages
        found, after = pages.page_where("main", None, 60, lambda _: False)
        assert (found, after) == ([], photo_id(990_000)[:14] + "Z" * 12)  # nobody's id
        assert server.requests == MOST_SCANNED == 10
        server.requests = 0
        found, after = pages.page_where(
            "main", after, 60, lambda photo: photo.id > photo_id(985_000)
        )
        assert [photo.id for photo in found] == [photo_id(984_999 - n) for n in range(60)]
        assert after == found[-1].id
        assert server.requests == 6


def test_memory_is_that_of_a_page(aws_session: boto3.Session) -> None:
    """A page of a million photos takes no more memory than one of a hundred, by a tenth."""
    peaks = {}
    for photos in (100, 1_000_000):
        with GeneratedS3(photos) as server:
            client = client_of(server, aws_session)
            client.get("/api/photos")
            measured = []
            for _ in range(3):  # when garbage is collected is no matter of ours
                gc.collect()
                tracemalloc.start()
                client.get("/api/photos")
                measured.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
            peaks[photos] = min(measured)
    assert peaks[1_000_000] < 1.1 * peaks[100]


def test_paging_visits_all_of_ten_thousand_once(aws_session: boto3.Session) -> None:
    """From the newest to the oldest, while new photos come in front."""
    seen: list[str] = []
    with GeneratedS3(10_000) as server:
        client = client_of(server, aws_session)
        after: str | None = None
        while True:
            query = {"limit": 1000} | ({"after": after} if after else {})
            page = client.get("/api/photos", params=query).json()
            seen += [photo["id"] for photo in page["photos"]]
            server.photos += 3
            if not (after := page["next"]):
                break
    assert seen == [photo_id(number) for number in range(9_999, -1, -1)]
