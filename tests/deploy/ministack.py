"""MiniStack: an emulator of AWS, as a process of its own, which holds each caller to its policies."""

import json
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
import pytest

from tests.conftest import free_port
from tests.deploy.packaging import ACCOUNT, REGION, ROOT
from tests.deploy.roles import Right

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(frozen=True, slots=True)
class MiniStack:
    """An account, empty at first; `folder` has its log, its certificate and what it was asked."""

    url: str
    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate that it shows."""
        return self.folder / "certificate.pem"

    @property
    def environ(self) -> dict[str, str]:
        """What makes a program use it as AWS, as the account's owner."""
        trusting = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
        trusted = dict.fromkeys(trusting, str(self.certificate))
        return KEYS | {"AWS_ENDPOINT_URL": self.url} | trusted

    def client(self, service: Any, **credentials: str) -> Any:
        """Return a client of one of its services: the owner's, or whose credentials are given."""
        held: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} | credentials
        session = boto3.Session(region_name=REGION, **held)
        return session.client(service, endpoint_url=self.url, verify=str(self.certificate))

    def outputs(self, stack: str) -> dict[str, str]:
        """Return what a stack says of itself."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    def asked(self, who: str) -> tuple[set[Right], set[Right]]:
        """Return which rights the holder of an access key was allowed, and which denied."""
        both: tuple[set[Right], set[Right]] = (set(), set())
        for line in map(json.loads, (self.folder / "asked").read_text().splitlines()):
            if line["who"] == who:
                both[not line["allowed"]].add(Right(line["action"], line["resource"]))
        return both


@contextmanager
def running_ministack(
    folder: Path, host: str = "127.0.0.1", port: int = 0, **environ: str
) -> Iterator[MiniStack]:
    """Run MiniStack until the block ends, within which this process trusts its certificate."""
    port = port or free_port()
    account = MiniStack(f"https://{host}" if port == 443 else f"https://{host}:{port}", folder)
    key = _certificate(folder, host)
    settings = {
        "AUTH": "true",  # signatures, roles, bucket policies and CORS count
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",  # would listen on a port of its own
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "MINISTACK_SSL_CERT": str(account.certificate),
        "MINISTACK_SSL_KEY": str(key),
        "RECORD": str(folder / "asked"),
        "TMPDIR": str(folder),
        "USE_SSL": "1",
    }
    # Not by its own command, which binds port 443 twice.
    serve = [sys.executable, "-m", "hypercorn", "tests.deploy.recording:app"]
    serve += ["--bind", f"{host}:{port}", "--certfile", str(account.certificate)]
    serve += ["--keyfile", str(key), "--workers", "0"]  # in the process itself
    with (folder / "ministack.log").open("w") as log:
        process = subprocess.Popen(
            serve, cwd=ROOT, env={**os.environ, **settings, **environ}, stdout=log, stderr=log
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(account.certificate))
        patch.setenv("AWS_CA_BUNDLE", str(account.certificate))
        try:
            _wait_until_ready(account, process)
            yield account
        finally:
            process.kill()  # nothing is kept, and asked nicely it waits for open connections
            process.wait()


def _certificate(folder: Path, host: str) -> Path:
    """Make a certificate for AWS's names, and return its key's file."""
    domains = ["amazonaws.com", "s3.amazonaws.com", "cloudfront.net"]
    domains += [f"{kind}{REGION}.amazonaws.com" for kind in ("", "s3.", "execute-api.")]
    names = ",".join(f"DNS:*.{domain}" for domain in domains) + f",IP:{host}"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=rehearsal", "-addext", f"subjectAltName={names}"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "key.pem"


def _wait_until_ready(account: MiniStack, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert process.poll() is None, (account.folder / "ministack.log").read_text()
        try:
            httpx.get(f"{account.url}/_ministack/health")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("MiniStack does not answer")
