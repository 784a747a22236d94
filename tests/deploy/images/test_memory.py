"""The memory that serverless.yml gives the resize function: enforced, and enough."""

import subprocess
from pathlib import Path

import pytest

from services.core.settings import Settings
from services.imaging.memory import MEMORY_BOUND
from services.store import Store
from tests import pictures
from tests.deploy.images.conftest import Deployed, function_of, put
from tests.deploy.images.sandbox import Engine, peak_of_process

pytestmark = [pytest.mark.images, pytest.mark.engine]


@pytest.fixture
def sandbox() -> Engine:
    """The one that enforces a limit."""
    return Engine()


def held(settings: Settings, megabytes: int) -> int:
    """Return the exit status of a program that holds so much memory in the function's place."""
    program = f"held = bytearray(b'x') * ({megabytes} << 20)"
    command = Engine().run(function_of("resize", settings), port=0)
    command += ["--entrypoint", "/usr/bin/python3", "contact-sheet:resize", "-c", program]
    return subprocess.run(command, check=False).returncode


def test_the_limit_is_enforced(roots: Path, settings: Settings) -> None:
    """Less than the function's memory may be held; who holds more is killed, as on Lambda."""
    del roots
    limit = function_of("resize", settings).memory_mb
    assert held(settings, limit - 50) == 0
    assert held(settings, limit + 50) == 128 + 9


def test_a_huge_picture_is_published_within_the_limit(resize: Deployed, store: Store) -> None:
    """A hundred megapixels with transparency: four bytes each, and the runtime lives on."""
    small = pictures.photo(1000, 1000, mode="RGBA")
    picture = small.resize((10_000, 10_000), resample=0)
    photo_id, event = put(store, pictures.png(image=picture))
    runtime = resize.running.process
    assert resize.invoke(event).result == {"published": 1}, resize.log()
    assert photo_id in store.gallery.photos("main", [photo_id])
    assert resize.invoke(put(store, pictures.jpeg())[1]).result == {"published": 1}
    assert resize.running.process is runtime
    assert resize.running.peak_memory() < resize.running.function.memory_mb << 20


def test_the_decoding_process_is_bounded_below_the_function(
    resize: Deployed, sandbox: Engine, store: Store
) -> None:
    """What the child may hold and what its parent holds fit: the verdict comes before the kill."""
    largest = pictures.jpeg().ljust(25_000_000, b"\0")
    _, event = put(store, largest)
    assert resize.invoke(event).result == {"published": 1}, resize.log()
    parent = peak_of_process(sandbox.pid())
    assert parent > 50_000_000
    assert MEMORY_BOUND + parent <= resize.running.function.memory_mb << 20
