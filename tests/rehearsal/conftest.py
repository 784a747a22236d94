"""An emulated AWS, the product deployed to it by the README's own commands, and a browser before it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import api, pictures
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.deploy.ministack import MiniStack
from tests.deploy.packaging import ROOT
from tests.rehearsal.emulated_aws import NAMES, Engine, emulated_aws

STACK = "contact-sheet-dev"
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
            timeout=300,
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
    subprocess.run([ROOT / "scripts/build-images"], env=env, check=True)
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
    return Shell(folder, env)


@pytest.fixture(scope="session")
def deployed(aws: tuple[MiniStack, Engine], shell: Shell) -> Iterator[Deployed]:
    """The product, deployed by what the README says and by nothing else."""
    account, engine = aws
    for command in readme_commands():
        printed = shell.run(command)
    address = re.search(r"endpoint: ANY - (https://\S+)", printed)
    assert address, printed
    [stack] = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["GalleryUrl"] == address[1]
    with httpx.Client(timeout=60) as http:
        yield Deployed(
            account, engine, shell, http, address[1],
            outputs["UploadBucketName"], outputs["GalleryBucketName"], outputs["FailureQueueUrl"],
        )  # fmt: skip


@pytest.fixture(scope="session")
def warm(deployed: Deployed) -> None:
    """Containers enough for one page: Chromium drops its connections whenever another one starts."""

    def get(_: int) -> bool:
        return deployed.http.get(f"{deployed.url}/readyz").is_success

    with ThreadPoolExecutor(6) as threads:
        for _ in range(3):  # a busy machine may be too slow for the first
            if all(threads.map(get, range(6))):
                break
    photo_id = api.upload(deployed.url, pictures.jpeg())
    assert api.settled(deployed.url, photo_id)["state"] == "ready"


@pytest.fixture(scope="session")
def browser(deployed: Deployed, warm: None) -> Iterator[Browser]:
    """Chromium, to which AWS's names lead to the emulator."""
    del warm
    address = deployed.account.url.removeprefix("https://")
    rules = ",".join(f"MAP *{name} {address}" for name in NAMES)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own; its console may report no error."""
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(30_000)
    opened = context.new_page()
    reported: list[str] = []
    opened.on("console", lambda line: reported.append(line.text) if line.type == "error" else None)
    opened.on("pageerror", lambda error: reported.append(str(error)))
    yield opened
    context.close()
    assert reported == []
