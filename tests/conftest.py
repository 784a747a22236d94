"""What tests stand on: a real S3 over HTTP, the store in it, and the whole product."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import hypothesis
import pytest

from services.core.settings import Settings
from services.imaging.environment import LIBRARIES
from services.local.provision import provision_buckets
from services.local.weed import free_ports, s3_url
from services.resize import handler as _resize_handler  # noqa: F401 imported before the logger is quieted
from services.store import Store
from services.web import app as _web_app  # noqa: F401 likewise
from tests import api
from tests.object_store import KEY_PAIR, ObjectStore

ACCESS_KEY_ID, SECRET_ACCESS_KEY = KEY_PAIR
ORIGIN = "http://gallery.test"

# A busy machine is no failure: what is slow is a benchmark's matter.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

os.environ.update(LIBRARIES)  # where a test decodes in this process, Wand is imported after this


@pytest.fixture(scope="session", autouse=True)
def quiet_root_logger() -> None:
    """Entry points make the root logger write JSON when they are imported; tests read their own."""
    root = logging.getLogger()
    root.handlers[:] = [item for item in root.handlers if type(item) is not logging.StreamHandler]
    root.setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def local_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """The object store, one for each worker of xdist."""
    with ObjectStore(tmp_path_factory.mktemp("seaweedfs"), origins=[ORIGIN]) as server:
        yield server


@pytest.fixture(scope="session")
def aws_session(local_s3: ObjectStore) -> boto3.Session:
    """The key pair that the S3 knows."""
    return local_s3.session


@pytest.fixture
def settings(local_s3: ObjectStore) -> Iterator[Settings]:
    """Settings that name two buckets of this test's own."""
    uploads, gallery = local_s3.buckets()
    yield Settings(upload_bucket=uploads, gallery_bucket=gallery, s3_endpoint_url=local_s3.url)
    local_s3.drop(uploads, gallery)


@pytest.fixture
def store(settings: Settings, aws_session: boto3.Session) -> Store:
    """The two buckets, made and empty."""
    provision_buckets(settings, aws_session, [ORIGIN])
    return Store.connect(settings, aws_session)


@pytest.fixture
def unversioned(store: Store, settings: Settings, aws_session: boto3.Session) -> Store:
    """A store whose upload bucket keeps no versions, as on a lesser S3."""
    del store
    lesser = replace(settings, upload_bucket=f"{settings.upload_bucket}-plain")
    session_s3 = aws_session.client("s3", endpoint_url=settings.s3_endpoint_url)
    session_s3.create_bucket(Bucket=lesser.upload_bucket)
    return Store.connect(lesser, aws_session)


@dataclass(frozen=True, slots=True)
class Product:
    """The whole product, running."""

    url: str
    settings: Settings
    session: boto3.Session
    store: Store
    process: subprocess.Popen[str]
    environ: dict[str, str]

    def upload(self, data: bytes, name: str = "photo.jpg", type_: str = "image/jpeg") -> str:
        """Upload as a program would and return the photo id."""
        return api.upload(self.url, data, name, type_)

    def settled(self, photo_id: str, seconds: float = 30) -> dict[str, object]:
        """Return the photo as the API describes it once it waits no more."""
        return api.settled(self.url, photo_id, seconds)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    return free_ports(1)[0]


def start_product(data_dir: Path, **environ: str) -> Product:
    """Start `python -m services.local` on free ports and return it once it announces itself."""
    port = int(environ.get("PORT") or free_port())
    environment = {
        **os.environ,
        "PORT": str(port),
        "DATA_DIR": str(data_dir),
        "LOG_LEVEL": "WARNING",
        **environ,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.local"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(f"Contact Sheet: http://localhost:{port}"), line
    access_key_id, secret = json.loads((data_dir / "credentials.json").read_text())
    session = boto3.Session(access_key_id, secret, region_name="us-east-1")
    settings = Settings(s3_endpoint_url=s3_url(data_dir))
    return Product(
        f"http://localhost:{port}",
        settings,
        session,
        Store.connect(settings, session),
        process,
        environment
        | {
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
        },
    )


def stop_product(product: Product, how: signal.Signals = signal.SIGINT) -> int:
    """Stop it as Ctrl-C does, and return its exit status."""
    product.process.send_signal(how)
    status = product.process.wait(20)
    if product.process.stdout:
        product.process.stdout.close()
    return status


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The whole product, one for the session: tests share its gallery and look for their own."""
    running = start_product(tmp_path_factory.mktemp("data"))
    yield running
    stop_product(running)
