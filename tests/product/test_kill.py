"""Each process of the local product is killed in the middle of 50 uploads: none is lost."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import api, pictures
from tests.conftest import free_port, start_product, stop_product
from tests.faults.invariant import Buckets
from tests.product.processes import cmdline, descendants

PHOTOS = 50


def upload(url: str, data: bytes) -> str:
    """Upload until it is accepted, as a person would who is shown an error."""
    end = time.monotonic() + 60
    while True:
        try:
            return api.upload(url, data)
        except (httpx.HTTPError, AssertionError):
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("weed", id="weed"),
        pytest.param("services.local.worker worker-0", id="worker"),
        pytest.param("services.imaging.decoder_process", id="decoder"),
        pytest.param("uvicorn", id="web"),
        pytest.param("", id="bridge-and-queue"),  # which the first process has, and all end with it
    ],
)
def test_killed_during_50_uploads(tmp_path: Path, part: str) -> None:
    """It is started again, by itself or with all, and all 50 are published; nothing else is left."""
    environ = {"PORT": str(free_port()), "SWEEP_AFTER_SECONDS": "2"}
    product = start_product(tmp_path, **environ)
    data = pictures.jpeg(60, 40)
    with ThreadPoolExecutor(2) as pool:
        uploads = [pool.submit(upload, product.url, data) for _ in range(PHOTOS)]
        uploads[PHOTOS // 3].result()
        if part:
            victims = [p for p in descendants(product.process.pid) if part in cmdline(p)]
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            assert victims
        else:
            stop_product(product, signal.SIGKILL)
            product = start_product(tmp_path, **environ)
        accepted = [future.result() for future in uploads]
    try:
        states = {product.settled(photo_id, 60)["state"] for photo_id in accepted}
        assert states == {"ready"}
        buckets = Buckets(product.store, product.settings, product.session)
        assert set(accepted) <= buckets.published().keys()
        end = time.monotonic() + 60
        while (left := buckets.versions()) and time.monotonic() < end:
            time.sleep(0.2)
        assert left == {}
    finally:
        assert stop_product(product) == 0
