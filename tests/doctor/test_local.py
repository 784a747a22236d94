"""Each thing broken in the local product is named, with its fix, and nothing else is."""

import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.core import keys
from services.core.reasons import Reason
from services.doctor.__main__ import CLEAR, main
from services.local.queue import Queue
from services.store.budget import TALLY_KEY
from services.store.client import make_s3
from tests.conftest import Product, free_port, start_product, stop_product
from tests.doctor.conftest import Doctor, gallery, read_report, stopped_workers

UPLOADS, GALLERY = "contact-sheet-uploads", "contact-sheet-gallery"
OURS = ("PORT", "DATA_DIR")
LOG = "Fix: read what `make run` printed"
RESTART = "Fix: stop `make run` and start it again; it"


def storage(product: Product) -> Any:
    """Return the client of the product's S3."""
    return make_s3(product.settings, product.session)


def stored(product: Product) -> set[str]:
    """Return the keys of every version in both buckets."""
    pages = [storage(product).list_object_versions(Bucket=name) for name in (UPLOADS, GALLERY)]
    return {version["Key"] for page in pages for version in page.get("Versions", [])}


def test_a_healthy_product_is_well(running: Product, doctor: Doctor) -> None:
    """Every check is ok but that of a stack, and only the mark of a deletion is left behind.

    The tally may be made at that moment, whoever uploads.
    """
    before = stored(running)
    report = doctor("--local")
    assert report.status == 0
    assert report.verdicts == {
        "buckets": "ok",
        "failures": "ok",
        "sweep": "ok",
        "given up": "ok",
        "clock": "ok",
        "drift": "skip",
        "upload": "ok",
    }
    [mark] = stored(running) - before - {TALLY_KEY}
    assert mark.startswith("deleted/")


@pytest.mark.parametrize(
    "rule",
    [{"ExposeHeaders": ["ETag"]}, {"AllowedOrigins": ["https://elsewhere.test"]}],
    ids=["exposes too little", "another page"],
)
def test_pages_cannot_read_the_answer_to_an_upload(
    ill: Product, doctor: Doctor, rule: dict[str, list[str]]
) -> None:
    """The rule that S3 applies decides, not what its configuration looks like."""
    right = {
        "AllowedOrigins": [ill.url],
        "AllowedMethods": ["POST"],
        "ExposeHeaders": ["ETag", "Location"],
    }
    rules: Any = {"CORSRules": [right | rule]}
    storage(ill).put_bucket_cors(Bucket=UPLOADS, CORSConfiguration=rules)
    report = doctor()
    assert report.wrong == {
        "upload": f"CORS of {UPLOADS} does not let {ill.url} upload and read ETag and Location. "
        f"{RESTART} sets the bucket's CORS"
    }
    assert report.status == 1


def test_pages_cannot_read_pictures(ill: Product, doctor: Doctor) -> None:
    """Nobody could download a ZIP; the rule that S3 applies to a picture decides."""
    rule: Any = {"AllowedOrigins": ["https://elsewhere.test"], "AllowedMethods": ["GET", "HEAD"]}
    storage(ill).put_bucket_cors(Bucket=GALLERY, CORSConfiguration={"CORSRules": [rule]})
    report = doctor()
    s3 = ill.settings.s3_endpoint_url
    assert report.wrong == {
        "upload": f"CORS of {GALLERY} does not let {ill.url} read from {s3}: no ZIP can be made. "
        f"{RESTART} sets the bucket's CORS"
    }
    assert report.status == 1


def test_uploads_are_not_picked_up(running: Product, doctor: Doctor) -> None:
    """Where the workers hang the picture waits; that is told, and the picture is removed."""
    with stopped_workers(running):
        report = doctor(seconds=1)
    assert report.wrong == {"upload": f"resize did not publish the picture within 1 s. {LOG}"}


def test_events_were_given_up_on(running: Product, doctor: Doctor) -> None:
    """They are counted, not taken; a new start tries them again."""
    with closing(Queue(Path(running.environ["DATA_DIR"]))) as queue:
        given_up = "insert into event (body, round, tries, due) values ('{}', 0, 3, 0)"
        for _ in range(2):
            queue._sql(given_up)
        reports = doctor(), doctor()
        queue.redrive()
    for report in reports:
        assert report.wrong == {"failures": f"events that were given up on: 2. {LOG}"}


def test_a_bucket_is_missing(doctor: Doctor) -> None:
    """It is named, and the other checks go on."""
    report = doctor(GALLERY_BUCKET="not-made")
    assert report.wrong["buckets"] == (
        f"there is no bucket not-made. {RESTART} makes missing buckets"
    )
    assert report.lines["clock"][0] == "ok"
    assert report.status == 1


def test_the_credentials_are_others(running: Product, doctor: Doctor, tmp_path: Path) -> None:
    """Those of another data folder do not open this one."""
    (tmp_path / "credentials.json").write_text('["contact-sheet", "of another folder"]')
    shutil.copy(Path(running.environ["DATA_DIR"]) / "ports.json", tmp_path)
    report = doctor(DATA_DIR=str(tmp_path))
    assert report.wrong["buckets"] == (
        "these credentials are refused (SignatureDoesNotMatch). "
        "Fix: set DATA_DIR, or the credentials, as for the running `make run`"
    )


def test_s3_is_down(running: Product, doctor: Doctor, tmp_path: Path) -> None:
    """The gallery answers, S3 does not."""
    shutil.copy(Path(running.environ["DATA_DIR"]) / "credentials.json", tmp_path)
    port = free_port()
    (tmp_path / "ports.json").write_text(f'{{"s3.port": {port}}}')
    report = doctor(DATA_DIR=str(tmp_path))
    for name in ("buckets", "sweep"):
        assert report.wrong[name].startswith("Could not connect to the endpoint URL: ")
        assert f"http://127.0.0.1:{port}/" in report.wrong[name]
        assert report.wrong[name].endswith(". Fix: `make run` starts it; set DATA_DIR as there")


def test_an_upload_was_given_up_on(running: Product, doctor: Doctor) -> None:
    """It is named with its last error, and nothing has failed."""
    photo_id = keys.new_photo_id(datetime.now(UTC))
    attempt = running.store.attempts.begin("main", photo_id)
    running.store.attempts.end(attempt)
    running.store.attempts.give_up(attempt, "uploads/a.jpg", Reason.GIVEN_UP, "ValueError: x")
    report = doctor()
    storage(running).delete_object(Bucket=GALLERY, Key=keys.given_up_key("main", photo_id))
    assert report.status == 0
    verdict, text = report.lines["given up"]
    assert verdict == "warn"
    assert text == (
        "uploads that were given up on: 1, such as uploads/a.jpg: given_up, ValueError: x. Fix: "
        f"quarantine/ of {UPLOADS} has the file, unless it is archived; what fails again is worth a "
        "bug report"
    )


def test_the_gallery_is_down(running: Product, doctor: Doctor) -> None:
    """S3 answers, the gallery does not."""
    port = str(free_port())
    report = doctor(PORT=port, PUBLIC_URL=running.url)
    assert report.wrong == {
        "upload": f"the gallery at http://localhost:{port} does not answer: nothing listens "
        "there. Fix: `make run` starts it; set PORT as there"
    }


def test_s3_refuses_the_gallery(running: Product, doctor: Doctor) -> None:
    """A gallery that signs with another secret can read no album and begin no upload."""
    with gallery(running, AWS_SECRET_ACCESS_KEY="another") as port:
        report = doctor(PORT=port, PUBLIC_URL=running.url)
    assert report.wrong == {
        "upload": "POST /api/uploads fails with 503 The storage does not answer; please try again "
        "in a moment. Fix: read what `make run` printed"
    }


def test_resize_rejects_the_picture(tmp_path: Path, doctor: Doctor) -> None:
    """Its reason and its sentence are told, and the verdict is removed again."""
    product = start_product(tmp_path, MAX_PIXELS="10")
    try:
        report = doctor(**{name: product.environ[name] for name in OURS})
        left = storage(product).list_objects_v2(Bucket=GALLERY)["Contents"]
    finally:
        stop_product(product)
    [text] = report.wrong.values()
    assert text.startswith("resize rejects a good picture as too_many_pixels: ")
    assert text.endswith(f". {LOG}")
    assert {item["Key"].split("/")[0] for item in left} - {"usage"} == {"deleted"}


class Cdn(ThreadingHTTPServer):
    """Answers every request with the same status, type and body."""

    answer = (404, "text/plain", b"")


class CdnHandler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Cdn

    def do_GET(self) -> None:
        """Answer."""
        status, type_, body = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


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
    ("answer", "why"),
    [
        ((404, "text/plain", b""), "404 text/plain"),
        ((403, "application/xml", b"<Error><Code>AccessDenied</Code></Error>"), "403 AccessDenied"),
        ((200, "text/html", b"Welcome"), "200 text/html"),
    ],
    ids=["none", "refused", "another page"],
)
def test_a_variant_is_not_served(
    running: Product,
    doctor: Doctor,
    behind_cdn: tuple[Cdn, str],
    answer: tuple[int, str, bytes],
    why: str,
) -> None:
    """Each is loaded from where a browser gets it; the picture is removed anyway."""
    cdn, port = behind_cdn
    cdn.answer = answer
    report = doctor(PORT=port, PUBLIC_URL=running.url)
    [text] = report.wrong.values()
    assert text.startswith("variant 400 as webp at http://127.0.0.1:")
    assert text.endswith(
        f" is not served: {why}. Fix: see the line of the buckets; with IMAGE_BASE_URL, check the CDN"
    )
    assert not [key for key in stored(running) if key.startswith("index/")]


def test_a_terminal_shows_what_takes_time(
    running: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps stand on a line that the result takes away, beside the results themselves."""
    for name in OURS:
        monkeypatch.setenv(name, running.environ[name])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([]) == 0
    printed = capsys.readouterr()
    steps = [step.strip() for step in printed.err.split(CLEAR) if step]
    assert steps[:2] == ["uploading a picture", "waiting for the picture to be published, 0 s"]
    assert printed.err.endswith(CLEAR)
    assert len(read_report(printed.out, 0).lines) == 7
