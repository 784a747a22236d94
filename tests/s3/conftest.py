"""The S3 under test: SeaweedFS, or with `--s3 ceph` a throwaway Ceph."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from services.core.settings import Settings
from services.store.client import make_s3
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.s3.ceph.cluster import Ceph
from tests.s3.lacking import LACKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

HERE = Path(__file__).parent
SEAWEEDFS, CEPH = LACKING


@dataclass(frozen=True, slots=True)
class Server:
    """An S3, and the client with which the product speaks to it."""

    url: str
    session: boto3.Session
    s3: "S3Client" = field(repr=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of the server."""
    parser.addoption("--s3", choices=LACKING, default=SEAWEEDFS, help="what tests/s3 runs against")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Expect to fail, strictly, what the server lacks; refuse a list that names no test."""
    here = {f"{item.path.name}::{item.name}": item for item in items if item.path.parent == HERE}
    for name, why in LACKING[config.getoption("--s3", SEAWEEDFS)].items():
        if name in here:
            failed = pytest.fail.Exception  # what was to be refused was not
            errors = (AssertionError, failed, ClientError, httpx.TransportError)
            here[name].add_marker(pytest.mark.xfail(strict=True, reason=why, raises=errors))
        elif not any("::" in argument for argument in config.args):
            module = name.partition("::")[0]
            stale = any(item.startswith(f"{module}::") for item in here)
            assert not stale, f"lacking.py names {name}, which is no test"


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """A fresh cluster."""
    if not Ceph.installed():
        pytest.fail("Ceph is missing; `make test-s3` installs it")
    folder = tmp_path_factory.mktemp("ceph")
    with Ceph(folder, access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY) as running:
        yield running


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The S3 that was chosen."""
    on_ceph = request.config.getoption("--s3", SEAWEEDFS) == CEPH
    running = request.getfixturevalue("ceph" if on_ceph else "local_s3")
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name="us-east-1")
    settings = Settings(s3_endpoint_url=running.url)
    return Server(running.url, session, make_s3(settings, session))


@pytest.fixture
def s3(server: Server) -> "S3Client":
    """The product's own client."""
    return server.s3


NUMBERS = itertools.count()


@pytest.fixture
def bucket(request: pytest.FixtureRequest, s3: "S3Client") -> Iterator[str]:
    """An empty bucket of this test's own."""
    if request.config.getoption("--s3", SEAWEEDFS) == CEPH:
        name = f"bucket-{next(NUMBERS)}"
        s3.create_bucket(Bucket=name)
        yield name
    else:
        local_s3 = request.getfixturevalue("local_s3")
        names = local_s3.buckets()
        yield names[0]
        local_s3.drop(*names)


@pytest.fixture
def versioned(s3: "S3Client", bucket: str) -> str:
    """An empty bucket that keeps versions."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket
