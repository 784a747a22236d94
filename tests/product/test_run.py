"""`make run`: the whole product as one process tree."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from services.local.__main__ import require_imagemagick
from services.local.queue import Queue
from services.local.weed import StartError
from tests import pictures
from tests.conftest import Product, free_port, start_product, stop_product
from tests.product.processes import alive, cmdline, descendants


def run(**environ: str) -> tuple[int, str]:
    """Start the product where it cannot start, and return exit status and last words."""
    ended = subprocess.run(
        [sys.executable, "-m", "services.local"],
        env={**os.environ, "PORT": str(free_port()), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr.strip()


def test_what_was_uploaded_survives_a_restart(tmp_path: Path) -> None:
    """Pictures, names and addresses are there again, after Ctrl-C and after a hard kill."""
    first = start_product(tmp_path)
    photo_id = first.upload(pictures.jpeg(800, 600), name="kept.jpg")
    before = first.settled(photo_id)
    assert before["state"] == "ready"
    assert stop_product(first) == 0

    second = start_product(tmp_path)
    assert second.settled(photo_id)["name"] == "kept.jpg"
    other = second.upload(pictures.png(30, 20), "other.png", "image/png")
    assert second.settled(other)["state"] == "ready"
    os.killpg(second.process.pid, signal.SIGKILL)
    stop_product(second, signal.SIGKILL)

    third = start_product(tmp_path)
    try:
        listed = httpx.get(f"{third.url}/api/photos").json()["photos"]
        assert [photo["id"] for photo in listed] == [other, photo_id]
        for photo in listed:
            for variant in photo["variants"]:
                assert httpx.get(variant["url"]).status_code == 200
    finally:
        assert stop_product(third, signal.SIGTERM) == 0


def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    """S3, workers and the gallery all end."""
    running = start_product(tmp_path)
    started = descendants(running.process.pid)
    assert len(started) >= 6  # weed, its guard, two workers with a decoder each, uvicorn
    assert stop_product(running) == 0
    assert alive(started) == set()
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)


def test_a_hard_kill_leaves_nothing_running(tmp_path: Path) -> None:
    """The object store is killed; workers and gallery notice that they are alone, and end."""
    running = start_product(tmp_path)
    started = descendants(running.process.pid)
    stop_product(running, signal.SIGKILL)
    end = time.monotonic() + 15
    while alive(started) and time.monotonic() < end:
        time.sleep(0.1)
    assert {cmdline(pid) for pid in alive(started)} == set()
    with pytest.raises(httpx.TransportError):  # a reset, where its port was just being closed
        httpx.get(running.url)


def test_an_upload_that_was_cut_short_by_a_stop_is_done_after_the_start(tmp_path: Path) -> None:
    """The queue keeps what a worker had taken, and what nobody had, when everything was killed."""
    first = start_product(tmp_path)
    workers = [p for p in descendants(first.process.pid) if "local.worker" in cmdline(p)]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    photo_ids = [first.upload(pictures.jpeg(100, 80)) for _ in range(3)]
    with closing(Queue(tmp_path)) as queue:
        while queue.waiting() < len(photo_ids):
            time.sleep(0.02)
    stop_product(first, signal.SIGKILL)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)

    second = start_product(tmp_path, SWEEP_AFTER_SECONDS="86400")
    try:
        states = [second.settled(photo_id)["state"] for photo_id in photo_ids]
        assert states == ["ready"] * 3
    finally:
        stop_product(second)


def test_two_products_run_side_by_side(product: Product, tmp_path: Path) -> None:
    """Ports are found by themselves, and are the same after a restart."""
    other = start_product(tmp_path)
    assert other.settings.s3_endpoint_url != product.settings.s3_endpoint_url
    photo_id = other.upload(pictures.jpeg(60, 40))
    assert other.settled(photo_id)["state"] == "ready"
    assert httpx.get(f"{product.url}/api/photos/{photo_id}").status_code == 404
    stop_product(other)
    again = start_product(tmp_path)
    assert again.settings.s3_endpoint_url == other.settings.s3_endpoint_url
    stop_product(again)


def test_a_folder_belongs_to_one_product(product: Product) -> None:
    """A second one is told who has it."""
    folder = product.environ["DATA_DIR"]
    status, words = run(DATA_DIR=folder)
    assert status == 1
    assert words == (
        f"contact-sheet: Contact Sheet already runs in {folder}; set DATA_DIR and PORT for another "
        "one."
    )


def test_neither_proxy_nor_profile_is_asked_for_what_runs_here(tmp_path: Path) -> None:
    """A company's HTTP_PROXY cannot reach this machine; AWS_PROFILE may name what only others have."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = {"HTTP_PROXY": address, "http_proxy": address, "AWS_PROFILE": "none"}
        other = start_product(tmp_path, **names, AWS_DEFAULT_PROFILE="none", NO_PROXY="")
        try:
            assert other.settled(other.upload(pictures.jpeg(60, 40)))["state"] == "ready"
            link, elsewhere = (
                subprocess.run(
                    [sys.executable, "-m", "services.owner", "link", "--local"],
                    env=other.environ | port,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                for port in ({}, {"PORT": str(free_port())})
            )
            assert link.stdout.startswith(f"{other.url}/signin/")
            assert "Nothing listens" not in link.stderr
            assert "Nothing listens" in elsewhere.stderr
        finally:
            stop_product(other)
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_the_data_folder_is_its_owners_alone(product: Product) -> None:
    """Pictures, keys, queue and log are nobody else's to read."""
    folder = Path(product.environ["DATA_DIR"])
    for name in ("credentials.json", "grpc.pem", "queue.sqlite", "ports.json", "store", "log"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_an_earlier_versions_folder_is_left_untouched(tmp_path: Path) -> None:
    """It is named, and so is what to do."""
    (tmp_path / "s3").mkdir()
    status, words = run(DATA_DIR=str(tmp_path))
    assert status == 1
    assert words == (
        f"contact-sheet: The data folder {tmp_path} is an earlier version's, which kept objects in "
        "another form; it is left untouched. Move it away or set DATA_DIR to another folder."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["s3"]


@pytest.mark.parametrize("setting", ["PORT", "S3_PORT"])
def test_a_busy_port_is_named(tmp_path: Path, setting: str) -> None:
    """One sentence that says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        status, words = run(DATA_DIR=str(tmp_path), **{setting: str(port)})
    assert status == 1
    assert words == (
        f"contact-sheet: Port {port} is in use; stop what uses it or set {setting} to another port."
    )


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    """A file where the folder should be stands for a folder that cannot be written to."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    status, words = run(DATA_DIR=str(blocked / "data"))
    assert status == 1
    assert words == (
        f"contact-sheet: Cannot use the data folder {blocked / 'data'}: Not a directory; "
        "set DATA_DIR to a folder of yours."
    )


def test_a_damaged_queue_is_named(tmp_path: Path) -> None:
    """It is left as it is; what waited in it is still in the store."""
    (tmp_path / "queue.sqlite").write_bytes(b"no database" * 1000)
    status, words = run(DATA_DIR=str(tmp_path))
    assert status == 1
    assert words == (
        f"contact-sheet: The queue {tmp_path / 'queue.sqlite'} cannot be used: file is not a "
        "database. If it is damaged, move queue.sqlite* away; the sweep finds again what waited in "
        "it."
    )
    assert (tmp_path / "queue.sqlite").read_bytes() == b"no database" * 1000


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    """As on Lambda."""
    status, words = run(DATA_DIR=str(tmp_path), PAGE_SIZE="none")
    assert status == 1
    assert words == ("contact-sheet: PAGE_SIZE must be a whole number from 1 to 1,000, not 'none'")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wand raises ImportError where it finds no ImageMagick."""
    monkeypatch.setitem(sys.modules, "wand.api", None)
    with pytest.raises(StartError) as caught:
        require_imagemagick()
    assert str(caught.value) == ("ImageMagick's library is missing; `make install` installs it.")


def test_the_gallery_alone_works_against_any_s3(product: Product) -> None:
    """`uvicorn services.web.app:app` with the settings in the environment."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "services.web.app:app", "--port", str(port)],
        env=product.environ | {"S3_ENDPOINT_URL": product.settings.s3_endpoint_url or ""},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        assert ready.json() == {"status": "ok"}
    finally:
        process.terminate()
        process.wait()


def test_a_foreign_client_uploads_with_aws_s3_cp(product: Product, tmp_path: Path) -> None:
    """Any name, no metadata: it stands in the gallery under its own name."""
    path = tmp_path / "Straße +1 (100%).jpg"
    path.write_bytes(pictures.jpeg(321, 123))
    subprocess.run(
        [
            *(sys.executable, "-m", "awscli", "s3", "cp", "--quiet"),
            *("--endpoint-url", str(product.settings.s3_endpoint_url)),
            *(str(path), f"s3://{product.settings.upload_bucket}/uploads/"),
        ],
        env=product.environ,
        check=True,
    )
    end = time.monotonic() + 30
    found: list[dict[str, object]] = []
    while not found and time.monotonic() < end:
        photos = httpx.get(f"{product.url}/api/photos").json()["photos"]
        found = [photo for photo in photos if photo["name"] == path.name]
        time.sleep(0.05)
    assert (found[0]["width"], found[0]["height"]) == (321, 123)


def test_curl_uploads_with_the_fields(product: Product, tmp_path: Path) -> None:
    """`curl -F` with what the API answers, and a picture a moment later."""
    path = tmp_path / "a.png"
    path.write_bytes(pictures.png(64, 48))
    begun = httpx.post(
        f"{product.url}/api/uploads",
        json={"filename": "a.png", "type": "image/png", "size": path.stat().st_size},
    ).json()
    form = [f"-F{name}={value}" for name, value in begun["upload"]["fields"].items()]
    sent = subprocess.run(
        [
            *("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"),
            *form,
            f"-Ffile=@{path}",
            begun["upload"]["url"],
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sent.stdout == "201"
    assert product.settled(begun["id"])["state"] == "ready"


def test_the_announcement_names_everything(product: Product) -> None:
    """The gallery's address first, then where the S3 and its keys are."""
    assert re.fullmatch(r"http://localhost:\d+", product.url)
    assert product.process.stdout is not None
    line = product.process.stdout.readline()
    assert line.startswith(f"S3: {product.settings.s3_endpoint_url}, upload bucket ")
