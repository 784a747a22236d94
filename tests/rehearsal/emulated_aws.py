"""AWS on this machine, functions included: MiniStack, which runs their images by podman's socket.

Everything has the name that it has on AWS: it listens on port 443 of the bridge that containers are on,
which they and this machine reach alike, so that template, CORS, cookies and signatures are as shipped.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.ministack import MiniStack, running_ministack
from tests.deploy.packaging import ACCOUNT, REGION, of_type, package

BRIDGE = "contact-sheet-bridge"
NAMES = (".amazonaws.com", ".cloudfront.net")  # that lead to it
# runc refuses podman's own default where a container runs in a container.
CONTAINERS_CONF = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'


@dataclass(frozen=True, slots=True)
class Engine:
    """podman, with settings of its own."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """What makes podman read them."""
        return {"CONTAINERS_CONF": str(self.folder / "containers.conf")}

    def command(self, *arguments: str) -> list[str]:
        """Return a command of podman's."""
        return ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", *arguments]

    def run(self, *arguments: str) -> str:
        """Run it and return what it prints."""
        done = subprocess.run(
            self.command(*arguments),
            env=os.environ | self.environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def bridge_pid(self) -> int:
        """Return the process of the container that holds the bridge."""
        return int(self.run("inspect", "--format", "{{.State.Pid}}", BRIDGE))

    def containers(self, function: str) -> list[dict[str, Any]]:
        """Return what it knows of a function's running containers."""
        listed = self.run("ps", "--quiet", "--filter", "label=ministack=lambda")
        inspected = json.loads(self.run("inspect", *listed.split())) if listed else []
        name = f"AWS_LAMBDA_FUNCTION_NAME={function}"
        return [each for each in inspected if name in each["Config"]["Env"]]


@contextmanager
def emulated_aws(folder: Path) -> Iterator[tuple[MiniStack, Engine]]:
    """Start it, with nothing in it; end it and its containers."""
    folder.chmod(0o755)  # the functions' user reads the certificate
    (folder / "containers.conf").write_text(CONTAINERS_CONF)
    engine = Engine(folder)
    with _docker_api(engine) as docker_host, _bridge(engine) as address, _names(address):
        settings = {
            "AWS_ENDPOINT_URL": f"https://{address}",
            "DOCKER_HOST": docker_host,
            "LAMBDA_DOCKER_FLAGS": _container_flags(address, folder / "certificate.pem"),
            "MINISTACK_DOCKER_TIMEOUT": "60",
            "MINISTACK_HOST": f"{REGION}.amazonaws.com",
        }
        with running_ministack(folder, address, 443, **settings) as account:
            yield account, engine
        if left := engine.run("ps", "--all", "--quiet", "--filter", "label=ministack=lambda"):
            engine.run("rm", "--force", "--time", "0", *left.split())


@contextmanager
def _docker_api(engine: Engine) -> Iterator[str]:
    """Serve Docker's API by podman."""
    path = engine.folder / "podman.sock"
    command = engine.command("system", "service", "--time", "0", f"unix://{path}")
    with (engine.folder / "podman.log").open("wb") as log:
        service = subprocess.Popen(command, env=os.environ | engine.environ, stdout=log, stderr=log)
    try:
        while not path.exists():
            assert service.poll() is None, (engine.folder / "podman.log").read_text()
            time.sleep(0.1)
        yield f"unix://{path}"
    finally:
        service.terminate()
        service.wait(10)


@contextmanager
def _bridge(engine: Engine) -> Iterator[str]:
    """Yield the bridge's address; it exists as long as a container is on it."""
    sleep = ("docker.io/library/debian:trixie-slim", "sleep", "infinity")
    container = engine.run("run", "--rm", "--detach", "--name", BRIDGE, *sleep)
    try:
        yield engine.run("inspect", "--format", "{{.NetworkSettings.Gateway}}", container)
    finally:
        engine.run("rm", "--force", "--time", "0", container)


@contextmanager
def _names(address: str) -> Iterator[None]:
    """Let AWS's names lead to the emulator in this process."""
    resolve = socket.getaddrinfo

    def resolved(host: Any, *rest: Any, **more: Any) -> Any:
        return resolve(address if str(host).endswith(NAMES) else host, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolved)
        yield


def _container_flags(address: str, certificate: Path) -> str:
    """Return what Lambda does to a container and MiniStack does not."""
    hosts = [
        f"contact-sheet-{stage}-{bucket}-{ACCOUNT}-{REGION}.s3.{REGION}.amazonaws.com"
        for stage in ("dev", "cdn")
        for bucket in ("uploads", "gallery")
    ]
    (memory,) = {f["MemorySize"] for f in of_type(package(), "AWS::Lambda::Function").values()}
    flags = [
        *("--memory", f"{memory}m", "--read-only", "--tmpfs", "/tmp:size=512m"),  # noqa: S108
        *("-v", f"{certificate}:/var/aws.pem:ro", "-e", "AWS_CA_BUNDLE=/var/aws.pem"),
        # MiniStack names itself as the endpoint; the functions shall find AWS by AWS's names.
        *("-e", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"),
        *(part for host in hosts for part in ("--add-host", f"{host}:{address}")),
    ]
    return " ".join(flags)
