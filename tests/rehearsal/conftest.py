"""An emulated AWS, the product deployed to it by the README's own commands, and a browser before it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import api
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.deploy.deployment import STACK
from tests.deploy.ministack import MiniStack
from tests.deploy.packaging import ROOT
from tests.rehearsal.emulated_aws import NAMES, Engine, emulated_aws

expect.set_options(timeout=1000 * api.PATIENT)
BIN = ROOT / "tests/rehearsal/bin"


@dataclass(frozen=True, slots=True)
class Shell:
    """A clone of the repository, and a shell in it that has an AWS account."""

    folder: Path
    env: dict[str, str]

    def run(self, commands: str, *, fails: bool = False) -> str:
        """Run commands and return what they print."""
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=600,
        )
        assert (done.returncode != 0) is fails, done.stdout
        return done.stdout


@dataclass(frozen=True, slots=True)
class Deployed:
    """The product on the emulated AWS."""

    account: MiniStack
    engine: Engine
    shell: Shell
    http: httpx.Client
    url: str
    uploads: str
    gallery: str
    queue: str

    def deploy(self, options: str) -> str:
        """Deploy once more and return what is printed."""
        return self.shell.run(f"{readme_commands()[-1]} {options}")

    def resources(self) -> dict[str, str]:
        """Return the stack's resources: physical id by logical id."""
        cloudformation = self.account.client("cloudformation")
        listed = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    def messages(self) -> int:
        """Return how many messages the failure queue has."""
        asked = self.account.client("sqs").get_queue_attributes(
            QueueUrl=self.queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def invocations(self, function: str) -> int:
        """Return how often a function was invoked, by its log."""
        pages = self.account.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{STACK}-{function}")
        messages = [event["message"] for page in found for event in page["events"]]
        return sum(message.startswith("START RequestId: ") for message in messages)

    def names(self) -> dict[str, str]:
        """Return the photos that anyone sees: id by file name."""
        photos = self.http.get(f"{self.url}/api/photos").json()["photos"]
        return {photo["name"]: photo["id"] for photo in photos}

    def sizes(self, photo_id: str) -> set[int]:
        """Return the boxes of a photo's variants."""
        photo: Any = api.settled(self.url, photo_id)
        return {variant["size"] for variant in photo["variants"]}


def readme_commands() -> list[str]:
    """Return the commands of the README's section on deploying, for a machine like this one."""
    section = (ROOT / "README.md").read_text().partition("\n## Deploy\n")[2].partition("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    lines = [line.partition("#") for line in block[1].splitlines()]
    other = "arm64" if platform.machine() == "x86_64" else "x86_64"
    return [command.strip() for command, _, remark in lines if other not in remark]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MiniStack, Engine]]:
    """An AWS account with nothing in it, and the engine that runs its functions."""
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run([ROOT / "scripts/debian-base"], env=env, check=True)
    with emulated_aws(tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="session")
def shell(aws: tuple[MiniStack, Engine], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A fresh clone, as far as what git knows of goes."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in listed.split("\0")[:-1]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    account, engine = aws
    env = (
        account.environ
        | engine.environ
        | {
            "HOME": str(tmp_path_factory.mktemp("home")),
            "PATH": f"{BIN}:{ROOT / '.venv/bin'}:{os.environ['PATH']}",
            # The emulator is done at once; osls looks only every five seconds unless told otherwise.
            "SLS_AWS_MONITORING_FREQUENCY": "200",
            "LANG": "C.UTF-8",
        }
    )
    env |= {name: value for name, value in os.environ.items() if name.lower().startswith("npm_")}
    cache = subprocess.run(
        ["npm", "config", "get", "cache"], check=True, capture_output=True, text=True
    )
    env |= {"npm_config_cache": cache.stdout.strip(), "npm_config_prefer_offline": "true"}
    return Shell(folder, env)


@pytest.fixture(scope="session")
def deployed(aws: tuple[MiniStack, Engine], shell: Shell) -> Iterator[Deployed]:
    """The product, deployed by what the README says and by nothing else."""
    account, engine = aws
    for command in readme_commands():
        printed = shell.run(command)
    address = re.search(r"endpoint: ANY - (https://\S+)", printed)
    assert address, printed
    outputs = account.outputs(STACK)
    assert outputs["GalleryUrl"] == address[1]
    with httpx.Client(timeout=api.PATIENT) as http:
        yield Deployed(
            account, engine, shell, http, address[1],
            outputs["UploadBucketName"], outputs["GalleryBucketName"], outputs["FailureQueueUrl"],
        )  # fmt: skip


@pytest.fixture(scope="session")
def browser(
    aws: tuple[MiniStack, Engine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium, to which AWS's names lead to the emulator.

    It runs in the network of the container that holds the bridge: in this machine's own, each
    container that starts is a change upon which Chromium drops its connections.
    """
    account, engine = aws
    program = tmp_path_factory.mktemp("browser") / "chromium"
    network = f"/proc/{engine.bridge_pid()}/ns/net"
    program.write_text(f'#!/bin/sh\nexec nsenter --net={network} {CHROMIUM} "$@"\n')
    program.chmod(0o755)
    address = account.url.removeprefix("https://")
    rules = ",".join(f"MAP *{name} {address}" for name in NAMES)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        yield launched
        launched.close()


@contextmanager
def new_page(browser: Browser, errors: str = r"\Z\A") -> Iterator[Page]:
    """A page of a browser of its own; its console may report no error but those of a pattern."""
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(1000 * api.PATIENT)
    opened = context.new_page()
    reported: list[str] = []
    opened.on("console", lambda line: reported.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: reported.append(str(error)))
    yield opened
    context.close()
    assert [text for text in reported if not re.search(errors, text)] == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own."""
    with new_page(browser) as opened:
        yield opened
