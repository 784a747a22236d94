"""MiniStack: an emulator of AWS on loopback, as a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from tests.conftest import free_port
from tests.deploy.packaging import ACCOUNT, REGION

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True, slots=True)
class MiniStack:
    """An account, empty at first."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """What makes a program use it as AWS."""
        return KEYS | {"AWS_ENDPOINT_URL": self.url}

    def client(self, service: Any) -> Any:
        """Return a client of one of its services."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url)


@contextmanager
def running_ministack(folder: Path, **environ: str) -> Iterator[MiniStack]:
    """Run MiniStack until the block ends; its log is kept in the folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "TMPDIR": str(folder),
    }
    with (folder / "ministack.log").open("w") as log:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "ministack"],
            cwd=folder,
            env={**os.environ, **settings, **environ},
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_ready(url, process)
            yield MiniStack(url)
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert process.poll() is None, "MiniStack ended; see its log"
        try:
            httpx.get(f"{url}/_ministack/health")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("MiniStack does not answer")
