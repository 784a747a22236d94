"""Upload by browser, curl, boto3 and multipart, deletes and notifications, on Ceph."""

import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
from boto3.s3.transfer import TransferConfig
from playwright.sync_api import FilePayload, expect

from services.store.client import make_s3
from tests import pictures
from tests.browser.conftest import Open
from tests.s3.ceph.conftest import RealProduct


def send(post: dict[str, Any], data: bytes) -> httpx.Response:
    """Post a form."""
    return httpx.post(post["url"], data=post["fields"], files={"file": ("f", data)})


def test_a_browser_uploads_across_origins(real: RealProduct, open_page: Open) -> None:
    """Chosen in the page, posted to the S3, shown without a reload, served by presigned GETs."""
    page = open_page(real.url)
    page.set_input_files(
        "input[type=file]",
        [FilePayload(name="Sea.jpg", mimeType="image/jpeg", buffer=pictures.jpeg(900, 600))],
    )
    tile = page.locator("#grid .tile img").first
    expect(tile).to_be_visible()
    page.wait_for_function("document.querySelector('#grid .tile img').naturalWidth > 1")
    assert real.listed("Sea.jpg")["width"] == 900


def test_curl_uploads(real: RealProduct, tmp_path: Path) -> None:
    """`curl -F` with the fields."""
    path = tmp_path / "a.png"
    path.write_bytes(pictures.png(64, 48))
    begun = real.begin(filename="a.png", type="image/png", size=path.stat().st_size)
    form = [f"-F{name}={value}" for name, value in begun["upload"]["fields"].items()]
    sent = subprocess.run(
        [
            *("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *form),
            *(f"-Ffile=@{path}", begun["upload"]["url"]),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sent.stdout == "201"
    assert real.settled(begun["id"])["state"] == "ready"


def test_boto3_uploads_under_any_name(real: RealProduct) -> None:
    """Spaces, plus signs and Unicode come through Ceph's raw keys."""
    s3 = make_s3(real.settings, real.session)
    s3.put_object(
        Bucket=real.settings.upload_bucket,
        Key="uploads/a+b 100% 日本.jpg",
        Body=pictures.jpeg(70, 50),
    )
    assert real.listed("a+b 100% 日本.jpg")["width"] == 70


def test_a_multipart_upload_is_one_picture(real: RealProduct, tmp_path: Path) -> None:
    """What boto3 sends in parts above its threshold."""
    path = tmp_path / "large.png"
    path.write_bytes(pictures.png(3600, 2600))  # 6 MB, so two parts
    assert path.stat().st_size > 5_242_880
    s3 = make_s3(real.settings, real.session)
    parts = TransferConfig(multipart_threshold=5_242_880, multipart_chunksize=5_242_880)
    s3.upload_file(str(path), real.settings.upload_bucket, "uploads/large.png", Config=parts)
    assert real.listed("large.png", 60)["width"] == 3600
    name = real.bridge.received[-1]["Records"][0]["eventName"]
    assert name.removeprefix("s3:") == "ObjectCreated:CompleteMultipartUpload"


def test_an_upload_is_deleted_by_whoever_sent_it(real: RealProduct) -> None:
    """The token deletes; the picture's address is dead afterwards."""
    data = pictures.jpeg(100, 80)
    begun = real.begin(size=len(data))
    assert send(begun["upload"], data).status_code == 201
    photo = real.settled(begun["id"])
    path = f"{real.url}/api/photos/{begun['id']}"
    assert httpx.delete(path, headers={"X-Delete-Token": "other"}).status_code == 403
    token = {"X-Delete-Token": begun["delete_token"]}
    assert httpx.delete(path, headers=token).status_code == 204
    assert httpx.get(path).status_code == 410
    assert httpx.get(photo["variants"][0]["url"]).status_code == 404


def test_a_replayed_form_replaces_nothing(real: RealProduct) -> None:
    """The conditional write and the version ids of a real S3 keep the first picture."""
    data = pictures.jpeg(100, 80)
    begun = real.begin(size=len(data))
    send(begun["upload"], data)
    photo = real.settled(begun["id"])
    before = httpx.get(photo["variants"][0]["url"]).content
    assert send(begun["upload"], pictures.jpeg(300, 300)).status_code == 201
    end = time.monotonic() + 20
    while real.store.uploads.head("main", begun["id"]) and time.monotonic() < end:
        time.sleep(0.05)
    assert httpx.get(photo["variants"][0]["url"]).content == before
    assert real.settled(begun["id"])["width"] == 100


def test_a_rejected_upload_says_why(real: RealProduct) -> None:
    """Verdict and quarantine."""
    begun = real.begin(size=10)
    assert send(begun["upload"], b"no picture").status_code == 201
    photo = real.settled(begun["id"])
    assert (photo["state"], photo["reason"]) == ("rejected", "unsupported_format")
    kept = make_s3(real.settings, real.session).get_object(
        Bucket=real.settings.upload_bucket, Key=f"quarantine/main/{begun['id']}/unsupported_format"
    )
    assert kept["Body"].read() == b"no picture"


def test_notifications_have_s3s_form(real: RealProduct) -> None:
    """One record, S3's names, the version, and the key as it is."""
    s3 = make_s3(real.settings, real.session)
    put = s3.put_object(
        Bucket=real.settings.upload_bucket, Key="uploads/n +1.jpg", Body=pictures.jpeg(40, 30)
    )
    real.listed("n +1.jpg")
    (record,) = [
        event["Records"][0]
        for event in real.bridge.received
        if event["Records"][0]["s3"]["object"]["key"] == "uploads/n +1.jpg"
    ]
    assert record["eventSource"] == "ceph:s3"
    assert record["s3"]["bucket"]["name"] == real.settings.upload_bucket
    assert record["s3"]["object"]["versionId"] == put["VersionId"]
    assert record["eventName"].removeprefix("s3:") == "ObjectCreated:Put"
