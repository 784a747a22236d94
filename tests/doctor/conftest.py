"""A product to break, and the doctor's report on it."""

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from botocore.loaders import JSONFileLoader

from services.doctor.__main__ import main
from services.local.provision import provision_buckets, refuse_acls
from tests.conftest import Product, free_port, start_product, stop_product


@dataclass(frozen=True, slots=True)
class Report:
    """The printed lines by check, and the exit status."""

    lines: dict[str, tuple[str, str]]  # check → verdict, rest of the line
    status: int

    @property
    def wrong(self) -> dict[str, str]:
        """The failing lines: check → what is wrong and the fix."""
        return {name: text for name, (verdict, text) in self.lines.items() if verdict == "FAIL"}

    @property
    def verdicts(self) -> dict[str, str]:
        """Check → verdict."""
        return {name: verdict for name, (verdict, _) in self.lines.items()}


def read_report(printed: str, status: int) -> Report:
    """Return the report from the printed columns: verdict, check, text."""
    lines = {}
    for line in printed.splitlines():
        verdict, name, text = line[:4].strip(), line[6:14].strip(), line[16:]
        assert verdict in ("ok", "warn", "FAIL", "skip"), line
        lines[name] = (verdict, text)
    return Report(lines, status)


Doctor = Callable[..., Report]


@pytest.fixture(scope="session", autouse=True)
def _read_botocore_once() -> Iterator[None]:
    """Let botocore read its descriptions of services once: that is most of what a doctor does."""
    read = JSONFileLoader().load_file
    once = functools.cache(read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: once(path))
        yield


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A whole product that tests may break."""
    product = start_product(tmp_path_factory.mktemp("data"))
    yield product
    stop_product(product)


@pytest.fixture
def ill(running: Product) -> Iterator[Product]:
    """The product, to be broken; afterwards its settings are made again, as a start does."""
    yield running
    provision_buckets(running.settings, running.session, origins(running))
    refuse_acls(running.settings, running.session)


def origins(product: Product) -> list[str]:
    """Return the addresses that browsers know a product by."""
    return [product.url, product.url.replace("localhost", "127.0.0.1")]


@pytest.fixture
def doctor(
    running: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Checks the product with the settings that it runs with, and others where given."""

    def check(*arguments: str, seconds: float = 10, **environ: str) -> Report:
        for name in ("PORT", "DATA_DIR"):
            monkeypatch.setenv(name, running.environ[name])
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        status = main([*arguments, "--seconds", str(seconds)])
        return read_report(capsys.readouterr().out, status)

    return check


@contextmanager
def stopped_workers(product: Product) -> Iterator[None]:
    """Let the workers hang until the block ends."""
    command = ["pgrep", "-P", str(product.process.pid), "-f", "services.local.worker"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    workers = [int(pid) for pid in found.stdout.split()]
    assert len(workers) == 2
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def program(*module: str, **environ: str) -> Iterator[None]:
    """Run a program of ours until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def wait_for(url: str) -> None:
    """Return once something answers at an address."""
    for _ in range(200):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(url)


@contextmanager
def gallery(product: Product, **environ: str) -> Iterator[str]:
    """Run one more gallery over the product's buckets, with other settings, and yield its port."""
    port = str(free_port())
    environ = {
        **product.environ,
        "S3_ENDPOINT_URL": product.settings.s3_endpoint_url or "",
        **environ,
    }
    with program("uvicorn", "services.web.app:app", "--port", port, **environ):
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield port
