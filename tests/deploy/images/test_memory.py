"""The memory that serverless.yml gives the resize function: enforced, and enough."""

import subprocess
from pathlib import Path

import pytest

from services.core.settings import Settings
from services.imaging.memory import MEMORY_BOUND
from services.store import Store
from tests import pictures
from tests.deploy.images.conftest import function_of, put
from tests.deploy.images.engine import Container, peak_of_process
from tests.deploy.images.lambda_runtime import Lambda

pytestmark = pytest.mark.images


def held(settings: Settings, megabytes: int, folder: Path) -> int:
    """Return the exit status of a program that holds so much memory in the function's place."""
    program = f"held = bytearray(b'x') * ({megabytes} << 20)"
    command = Container().run(function_of("resize", settings), port=0)
    command += ["--entrypoint", "/usr/bin/python3", "contact-sheet:resize", "-c", program]
    # podman notes in the working folder that a container ran out of memory.
    return subprocess.run(command, check=False, cwd=folder).returncode


def test_the_limit_is_enforced(roots: Path, settings: Settings, tmp_path: Path) -> None:
    """Less than the function's memory may be held; who holds more is killed, as on Lambda."""
    del roots
    limit = function_of("resize", settings).memory_mb
    assert held(settings, limit - 50, tmp_path) == 0
    assert held(settings, limit + 50, tmp_path) == 128 + 9


def test_a_huge_picture_is_published_within_the_limit(resize: Lambda, store: Store) -> None:
    """A hundred megapixels with transparency: four bytes each, and the runtime lives on."""
    small = pictures.photo(1000, 1000, mode="RGBA")
    picture = small.resize((10_000, 10_000), resample=0)
    photo_id, event = put(store, pictures.png(image=picture))
    runtime = resize.process
    assert resize.invoke(event).result == {"published": 1}, resize.log.read_text()
    assert photo_id in store.gallery.photos("main", [photo_id])
    assert resize.invoke(put(store, pictures.jpeg())[1]).result == {"published": 1}
    assert resize.process is runtime
    assert resize.peak_memory() < resize.function.memory_mb << 20


def test_the_decoding_process_is_bounded_below_the_function(resize: Lambda, store: Store) -> None:
    """What the child may hold and what its parent holds fit: the verdict comes before the kill."""
    largest = pictures.jpeg().ljust(25_000_000, b"\0")
    _, event = put(store, largest)
    assert resize.invoke(event).result == {"published": 1}, resize.log.read_text()
    parent = peak_of_process(resize.container.pid())
    assert parent > 50_000_000
    assert MEMORY_BOUND + parent <= resize.function.memory_mb << 20
