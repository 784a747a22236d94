"""The images, built from the Dockerfiles and run as Lambda runs them, against the local S3."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.config import Settings
from services.keys import new_photo_id, upload_key
from services.store import Store
from tests import pictures
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.deploy.lambda_runtime import Lambda
from tests.deploy.packaging import ROOT, of_type, package
from tests.resize.test_metrics import extracted

pytestmark = pytest.mark.images

LIMIT = 150_000_000

SAMPLES: dict[str, Callable[[], bytes]] = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "avif": pictures.avif,
    "heic": pictures.heic,
}


@pytest.fixture(scope="module")
def roots() -> Path:
    """The folder of both images' root file systems, built."""
    subprocess.run([ROOT / "scripts/build-images"], check=True)
    return ROOT / "build/images"


def command_of(name: str) -> str:
    """Return the handler that a Dockerfile names."""
    found = re.search(r'^CMD \["(.*)"\]$', (ROOT / f"Dockerfile.{name}").read_text(), re.MULTILINE)
    assert found
    return found[1]


def start(name: str, roots: Path, settings: Settings, log: Path) -> Lambda:
    """Return a Lambda of an image with the timeout that serverless.yml gives it."""
    function = of_type(package(), "AWS::Lambda::Function")[f"{name.title()}LambdaFunction"]
    env = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "UPLOAD_BUCKET": settings.upload_bucket,
        "GALLERY_BUCKET": settings.gallery_bucket,
        "S3_ENDPOINT_URL": settings.s3_endpoint_url or "",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
    }
    return Lambda(roots / name, command_of(name), env, log, timeout=function["Timeout"])


@pytest.fixture
def resize(roots: Path, store: Store, settings: Settings, tmp_path: Path) -> Iterator[Lambda]:
    """The resize function, running."""
    del store
    with start("resize", roots, settings, tmp_path / "resize.log") as running:
        yield running


@pytest.fixture
def web(roots: Path, store: Store, settings: Settings, tmp_path: Path) -> Iterator[Lambda]:
    """The web function, running."""
    del store
    with start("web", roots, settings, tmp_path / "web.log") as running:
        yield running


def put(store: Store, data: bytes) -> tuple[str, dict[str, Any]]:
    """Upload bytes and return the photo id and S3's event about it."""
    photo_id = new_photo_id(datetime.now(UTC))
    s3 = store.uploads._s3
    answer = s3.put_object(Bucket=store.uploads.name, Key=upload_key(photo_id), Body=data)
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "s3": {
            "bucket": {"name": store.uploads.name},
            "object": {
                "key": upload_key(photo_id),
                "size": len(data),
                "versionId": answer["VersionId"],
            },
        },
    }
    return photo_id, {"Records": [record]}


def http_api(method: str, path: str, body: str = "") -> dict[str, Any]:
    """Return what API Gateway's HTTP API sends, payload 2.0."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "gallery.test", "content-type": "application/json"},
        "requestContext": {"stage": "$default", "requestId": "1", "http": http},
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("name", ["resize", "web"])
def test_image_is_small_and_has_no_tools(name: str, roots: Path) -> None:
    """An image stays below 150 MB and has no program but Python, so no shell and no pip."""
    root = roots / name
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LIMIT
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"python3", "python3.13"}
    assert not list(root.rglob("pip"))
    assert not list((root / "var/task").rglob("local"))
    # Scanners read here which Debian packages they look at.
    assert (root / "var/lib/dpkg/status.d/libc6").is_file()
    if name == "web":
        assert not list(root.rglob("libMagick*"))
        assert not (root / "var/task/services/resize").exists()
    else:
        assert not (root / "var/task/services/web").exists()


def test_every_module_was_compiled(roots: Path) -> None:
    """No module of ours is left to be compiled at each cold start."""
    for task in (roots / "resize/var/task", roots / "web/var/task"):
        for source in task.rglob("*.py"):
            assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")), source


@pytest.mark.parametrize("format_", ["jpeg", "png", "gif", "webp", "avif", "heic"])
def test_resize_image_publishes_every_format(resize: Lambda, store: Store, format_: str) -> None:
    """The image has what decodes each accepted format, and what encodes the variants."""
    photo_id, event = put(store, SAMPLES[format_]())
    answer = resize.invoke(event)
    assert (answer.result, answer.error) == ({"published": 1}, None), resize.log.read_text()
    assert set(store.gallery.entries([photo_id])) == {photo_id}
    assert store.uploads.head(photo_id) is None


def test_resize_image_ten_in_a_row(resize: Lambda, store: Store) -> None:
    """One environment does ten uploads, one after another."""
    for _ in range(10):
        photo_id, event = put(store, SAMPLES["jpeg"]())
        assert resize.invoke(event).result == {"published": 1}
        assert photo_id in store.gallery.entries([photo_id])


def test_resize_image_survives_a_bad_picture(resize: Lambda, store: Store) -> None:
    """A file that is no picture gets its verdict, and the next picture is published."""
    photo_id, event = put(store, b"not a picture at all" * 100)
    assert resize.invoke(event).result == {"rejected": 1}
    assert store.gallery.verdicts([photo_id])[photo_id]["reason"] == "unsupported_format"
    _, event = put(store, SAMPLES["jpeg"]())
    assert resize.invoke(event).result == {"published": 1}


def test_resize_image_with_three_seconds_left(resize: Lambda, store: Store) -> None:
    """Told that it has 3 s left, the handler keeps the original and asks for a retry, or is done."""
    photo_id, event = put(store, SAMPLES["jpeg"]())
    answer = resize.invoke(event, seconds_left=3)
    assert answer.milliseconds < 3000
    if answer.error:
        assert answer.error["errorType"] == "RetryNeededError"
        assert store.uploads.head(photo_id) is not None
    else:
        assert photo_id in store.gallery.entries([photo_id])
    assert resize.invoke(event).result in ({"published": 1}, {"gone": 1})


def test_resize_image_sweeps_and_logs_json(resize: Lambda, store: Store) -> None:
    """The scheduled event is the sweep, and every line that is logged is one JSON object."""
    put(store, SAMPLES["png"]())
    assert resize.invoke({"detail-type": "Scheduled Event", "source": "aws.events"}).error is None
    _, event = put(store, SAMPLES["png"]())
    resize.invoke(event)
    lines = [line for line in resize.log.read_text().splitlines() if line.strip()]
    finished = [line for line in map(json.loads, lines) if line["message"] == "upload finished"]
    assert finished[-1]["outcome"] == "published"
    assert finished[-1]["bytes_in"] > 0
    # As the runtime passes it on, nothing around it: CloudWatch finds metrics only at the root.
    values = {name: value for (name, _), (value, _) in extracted(finished[-1]).items()}
    assert values["Uploads"] == 1
    assert values["BytesIn"] == finished[-1]["bytes_in"]


def test_web_image_answers_pages_and_files(web: Lambda) -> None:
    """The image has templates and built files: the page is whole, with what it links to."""
    page = web.invoke(http_api("GET", "/")).result
    assert page["statusCode"] == 200
    assert page["headers"]["content-type"].startswith("text/html")
    [script, *_] = re.findall(r'src="(/static/[^"]+\.js)"', page["body"])
    assert web.invoke(http_api("GET", script)).result["statusCode"] == 200
    for _ in range(10):
        ready = web.invoke(http_api("GET", "/readyz")).result
        assert ready["statusCode"] == 200, web.log.read_text()


def test_web_image_signs_an_upload(web: Lambda) -> None:
    """The image issues a presigned POST for the upload bucket."""
    body = json.dumps({"filename": "a.jpg", "type": "image/jpeg", "size": 1000})
    answer = web.invoke(http_api("POST", "/api/uploads", body)).result
    assert answer["statusCode"] == 201, answer
    assert json.loads(answer["body"])["upload"]["fields"]["key"].startswith("uploads/")
