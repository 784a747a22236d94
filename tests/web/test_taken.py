"""When a photo was taken, from the camera's clock to the page."""

from starlette.testclient import TestClient

from services.store import Store
from tests import pictures
from tests.web.uploading import Resize, upload

ORIGINAL, OFFSET, FRACTION = 0x9003, 0x9011, 0x9291
WITH_ZONE = {ORIGINAL: "2026:07:15 18:30:05", OFFSET: "+02:00", FRACTION: "250"}
WITHOUT = {ORIGINAL: "2026:07:15 18:30:05"}
HTML = {"accept": "text/html"}


def taken(client: TestClient, resize: Resize, dates: dict[int, str], *, gps: bool = False) -> str:
    """Upload a picture with these dates and return the photo's id."""
    data = pictures.jpeg(90, 60, exif_block=pictures.exif(dates=dates, gps=gps))
    photo_id: str = upload(client, data)["id"]
    resize(photo_id)
    return photo_id


def test_the_page_and_the_api_say_when_it_was_taken(client: TestClient, resize: Resize) -> None:
    """With the zone that the camera noted."""
    photo_id = taken(client, resize, WITH_ZONE)
    photo = client.get(f"/api/photos/{photo_id}").json()
    assert photo["taken_at"] == "2026-07-15T18:30:05.250+02:00"
    page = client.get(f"/photos/{photo_id}", headers=HTML).text
    assert (
        '<time datetime="2026-07-15T18:30:05.250+02:00">Taken 15 July 2026, 18:30 +02:00</time>'
        in page
    )


def test_a_clock_without_a_zone_is_said_to_have_none(client: TestClient, resize: Resize) -> None:
    """In both languages; nobody guesses one."""
    photo_id = taken(client, resize, WITHOUT)
    listed = client.get("/api/photos").json()["photos"]
    assert [photo["taken_at"] for photo in listed] == ["2026-07-15T18:30:05.000"]
    path = f"/photos/{photo_id}"
    assert (
        "Taken 15 July 2026, 18:30 by the camera&#39;s clock" in client.get(path, headers=HTML).text
    )
    chinese = client.get(path, headers=HTML | {"accept-language": "zh"}).text
    assert "拍摄于 2026年7月15日 18:30" in chinese


def test_a_photo_without_a_time_has_none(client: TestClient, resize: Resize) -> None:
    """The upload's time is not taken for it."""
    photo_id = taken(client, resize, {})
    assert client.get(f"/api/photos/{photo_id}").json()["taken_at"] is None
    assert "Taken" not in client.get(f"/photos/{photo_id}", headers=HTML).text


def test_the_place_leaves_with_the_original(
    client: TestClient, resize: Resize, store: Store
) -> None:
    """Of EXIF that has both the time alone is kept: no object, answer or page tells of a place."""
    photo_id = taken(client, resize, WITH_ZONE, gps=True)
    kept = [item["Key"] for item in store.gallery.objects("")]
    served = [client.get(path, headers=HTML).content for path in ("/", f"/photos/{photo_id}")]
    served += [client.get(f"/api/photos/{photo_id}").content]
    served += [store.gallery.get_bytes(key) or b"" for key in kept]
    assert any(b"2026-07-15T18:30:05" in one for one in served)
    place = pictures.exif(gps=True)[-48:]  # the coordinates as they are stored
    for one in (*served, *(key.encode() for key in kept)):
        for trace in (b"GPS", b"Exif", b"48.8", b"51.0", b"29.6", place):
            assert trace not in one
