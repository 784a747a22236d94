"""The stack as moto makes it of the template that ships, with both functions running beside it."""

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx

from services.doctor.finding import Finding
from tests.conftest import free_port
from tests.deploy.packaging import ACCOUNT, REGION, package
from tests.doctor.stand_in_iam import StandInIam

STACK = "contact-sheet-dev"
UPLOADS = f"{STACK}-uploads-{ACCOUNT}-{REGION}"
GALLERY = f"{STACK}-gallery-{ACCOUNT}-{REGION}"
RESIZE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-resize"

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True, slots=True)
class Account:
    """AWS as moto has it, with the stack in it."""

    url: str
    gallery: str
    iam: StandInIam
    found: dict[str, Finding] = field(default_factory=dict)  # what was said of it at first

    @property
    def environ(self) -> dict[str, str]:
        """What points a program to it."""
        return KEYS | {"AWS_ENDPOINT_URL": self.url, "AWS_ENDPOINT_URL_IAM": self.iam.url}

    def client(self, service: Any) -> Any:
        """Return a client of moto's."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url)


def start(*module: str, **environ: str) -> subprocess.Popen[bytes]:
    """Start a program of ours or moto's."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *module],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(url: str) -> None:
    """Return once something answers."""
    for _ in range(200):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


@contextmanager
def running_stack() -> Iterator[Account]:
    """Make the stack from the template that ships, with the two functions running beside it."""
    moto = f"http://127.0.0.1:{free_port()}"
    web = f"http://localhost:{free_port()}"
    ours = KEYS | {
        "S3_ENDPOINT_URL": moto,
        "UPLOAD_BUCKET": UPLOADS,
        "GALLERY_BUCKET": GALLERY,
        # moto's server shows a posted object a moment before it has its metadata.
        "SWEEP_AFTER_SECONDS": "1",
    }
    processes = [
        start("moto.server", "-H", "127.0.0.1", "-p", moto.rpartition(":")[2]),
        start("uvicorn", "services.web.app:app", "--port", web.rpartition(":")[2], **ours),
    ]
    try:
        template = copy.deepcopy(package())
        # moto has no HTTP API; what would be behind it runs here.
        template["Outputs"]["GalleryUrl"]["Value"] = web
        wait_for(f"{moto}/moto-api/")
        session = boto3.Session("test", "test", region_name=REGION)
        session.client("cloudformation", endpoint_url=moto).create_stack(
            StackName=STACK, TemplateBody=json.dumps(template)
        )
        processes.append(start("services.local.worker", **ours))
        wait_for(f"{web}/healthz")
        with StandInIam(session.client("iam", endpoint_url=moto)) as iam:
            yield Account(moto, web, iam)
    finally:
        for process in processes[::-1]:
            process.terminate()
            process.wait(10)
