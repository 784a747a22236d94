"""Where a picture can get stuck beyond the first steps, and what is left of it."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.core.settings import load_local_settings, load_settings
from services.doctor.end_to_end import Journey, StuckError
from services.doctor.examination import Examination
from services.doctor.installation import local_installation
from services.store.client import make_s3
from tests import pictures
from tests.conftest import Product, start_product, stop_product
from tests.doctor.conftest import Doctor, gallery

PHOTO = "7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"
OURS = ("PORT", "S3_PORT", "DATA_DIR")


class Cdn(ThreadingHTTPServer):
    """Answers at every address with what it is told to."""

    answer = (404, b"")


class CdnHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Cdn

    def do_GET(self) -> None:
        """Answer."""
        status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def behind_cdn(running: Product) -> Iterator[tuple[Cdn, str]]:
    """A CDN, and the port of a gallery that shows its variants through it."""
    with Cdn(("127.0.0.1", 0), CdnHandler) as cdn:
        threading.Thread(target=cdn.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{cdn.server_address[1]}"
        with gallery(running, IMAGE_BASE_URL=url) as port:
            yield cdn, port
        cdn.shutdown()


@pytest.mark.parametrize(
    ("answer", "stuck"),
    [
        ((404, b""), "is not served: 404. Fix: see what is said of buckets and clock above"),
        ((200, b"not one"), "does not decode. Fix: read what `make run` printed"),
        (
            (200, pictures.png(30, 20)),
            "is 30 × 20, not as the API says. Fix: read what `make run` printed",
        ),
    ],
    ids=["none", "no picture", "another picture"],
)
def test_a_variant_is_not_what_it_should_be(
    running: Product,
    doctor: Doctor,
    behind_cdn: tuple[Cdn, str],
    answer: tuple[int, bytes],
    stuck: str,
) -> None:
    """What is served is decoded and measured, not only fetched; the picture is removed anyway."""
    cdn, port = behind_cdn
    cdn.answer = answer
    report = doctor(PORT=port, PUBLIC_URL=running.url)
    assert report.wrong == {"end to end": f"variant 400 as webp {stuck}"}
    s3: Any = make_s3(running.settings, running.session)
    listed = s3.list_objects_v2(Bucket=running.settings.gallery_bucket, Prefix="index/")
    assert listed["KeyCount"] == 0


def test_resize_rejects_the_picture(tmp_path: Path, doctor: Doctor) -> None:
    """Its reason and its sentence are told, and the verdict is removed again."""
    product = start_product(tmp_path, MAX_PIXELS="10")
    try:
        report = doctor(**{name: product.environ[name] for name in OURS})
        s3: Any = make_s3(product.settings, product.session)
        left = s3.list_objects_v2(Bucket=product.settings.gallery_bucket)["Contents"]
    finally:
        stop_product(product)
    [text] = report.wrong.values()
    assert text.startswith("resize rejects a good picture as too_many_pixels: ")
    assert text.endswith(". Fix: read what `make run` printed")
    assert [item["Key"].split("/")[0] for item in left] == ["deleted"]


def test_what_is_left_of_a_deleted_picture_is_named(running: Product) -> None:
    """In both buckets, under each of the prefixes that a photo has."""
    environ = {name: running.environ[name] for name in OURS}
    installation = local_installation(load_settings(environ), load_local_settings(environ))
    journey = Journey(Examination(installation))
    journey.look_for_leavings(PHOTO)
    uploads, gallery_bucket = installation.buckets
    left = [
        (uploads, f"quarantine/main/{PHOTO}/corrupt"),
        (gallery_bucket, f"index/main/{PHOTO}/1"),
        (gallery_bucket, f"photos/main/{PHOTO}/400.webp"),
        (gallery_bucket, f"rejected/main/{PHOTO}"),
    ]
    s3: Any = installation.clients.s3
    for bucket, key in left:
        s3.put_object(Bucket=bucket, Key=key, Body=io.BytesIO(b"x"))
    with pytest.raises(StuckError) as stuck:
        journey.look_for_leavings(PHOTO)
    for bucket, key in left:
        versions = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
        s3.delete_object(Bucket=bucket, Key=key, VersionId=versions[0]["VersionId"])
    named = ", ".join(f"{bucket}/{key}" for bucket, key in left)
    assert str(stuck.value) == f"the picture was deleted, and this is left: {named}"
