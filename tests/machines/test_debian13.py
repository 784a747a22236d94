"""The README's first command on a Debian 13 that has little more than make and Python."""

import io
import subprocess
import tarfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import api, pictures
from tests.conftest import free_port
from tests.deploy.images.engine import engine

ROOT = Path(__file__).parents[2]
BASE = "docker.io/library/debian:trixie-slim"
PREPARE = """
set -e
apt-get update -q >/dev/null
apt-get install -y -q --no-install-recommends ca-certificates make python3 >/dev/null 2>&1
mkdir /contact-sheet
tar -x -C /contact-sheet
cd /contact-sheet
exec make run
"""

pytestmark = pytest.mark.machines


def checkout() -> bytes:
    """Return the files that a clone would have, as they are here, in a tar archive."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).exists():
                tar.add(ROOT / name, name)
    return archive.getvalue()


@pytest.fixture
def gallery() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address that `make run` prints there, and its process."""
    subprocess.run([ROOT / "scripts/debian-base"], check=True)
    port, name = free_port(), f"contact-sheet-{uuid.uuid4().hex[:12]}"
    command = [
        *engine(), "run", "--rm", "--interactive", "--name", name, "--network", "host", "--pull", "never",
        "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096",
        "--env", f"PORT={port}", "--env", f"S3_PORT={free_port()}",
        BASE, "sh", "-c", PREPARE,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(checkout())
    process.stdin.close()
    drained = threading.Thread(target=process.stdout.read)
    try:
        printed = []
        for line in process.stdout:
            printed.append(line.decode())
            if line.startswith(b"Contact Sheet: http"):
                break
        else:
            pytest.fail("".join(printed[-30:]))
        drained.start()
        yield f"http://localhost:{port}", process
    finally:
        subprocess.run([*engine(), "kill", name], check=False, capture_output=True)
        process.wait(30)
    drained.join()
    process.stdout.close()


def test_make_run_publishes_a_picture(gallery: tuple[str, subprocess.Popen[bytes]]) -> None:
    """`make run` installs all that is missing; a picture that is uploaded is published."""
    url, process = gallery
    photo_id = api.upload(url, pictures.jpeg(1200, 900))
    photo = api.settled(url, photo_id)
    assert photo["state"] == "ready"
    assert httpx.get(url).status_code == 200
    assert process.poll() is None
