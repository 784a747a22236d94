"""Both functions, running in their images, invoked as AWS's API invokes them."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from services.core.keys import new_photo_id, upload_key
from services.core.settings import Settings
from services.store import Store
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.deploy.images.invoke_api import InvokeApi
from tests.deploy.images.lambda_runtime import Answer, Lambda
from tests.deploy.images.sandbox import Bubblewrap, Engine, Function, Sandbox
from tests.deploy.packaging import ROOT, of_type, package


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function that runs, and boto3's client of the API that invokes it."""

    running: Lambda
    client: Any

    def invoke(self, event: Any) -> Answer:
        """Return what the function answers."""
        began = time.perf_counter()
        response = self.client.invoke(
            FunctionName=self.running.function.name, Payload=json.dumps(event)
        )
        body = response["Payload"].read()
        milliseconds = (time.perf_counter() - began) * 1000
        return Answer.of(body, failed="FunctionError" in response, milliseconds=milliseconds)

    def log(self) -> str:
        """Return what the function logged."""
        return self.running.log.read_text()


def put(store: Store, data: bytes) -> tuple[str, dict[str, Any]]:
    """Upload bytes and return the photo id and S3's event about it."""
    photo_id = new_photo_id(datetime.now(UTC))
    s3 = store.uploads._s3
    answer = s3.put_object(Bucket=store.uploads.name, Key=upload_key("main", photo_id), Body=data)
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "s3": {
            "bucket": {"name": store.uploads.name},
            "object": {
                "key": upload_key("main", photo_id),
                "size": len(data),
                "versionId": answer["VersionId"],
            },
        },
    }
    return photo_id, {"Records": [record]}


def function_of(name: str, settings: Settings) -> Function:
    """Return an image's function with the memory and timeout that serverless.yml gives it."""
    properties = of_type(package(), "AWS::Lambda::Function")[f"{name.title()}LambdaFunction"]
    env = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "UPLOAD_BUCKET": settings.upload_bucket,
        "GALLERY_BUCKET": settings.gallery_bucket,
        "S3_ENDPOINT_URL": settings.s3_endpoint_url or "",
    }
    memory, timeout = properties["MemorySize"], properties["Timeout"]
    return Function(name=name, env=env, memory_mb=memory, timeout=timeout)


@contextmanager
def deployed(
    function: Function, sandbox: Sandbox, log: Path, session: boto3.Session
) -> Iterator[Deployed]:
    """Run a function and the API that invokes it."""
    with Lambda(function, sandbox, log) as running, InvokeApi({function.name: running}) as api:
        yield Deployed(running, session.client("lambda", endpoint_url=api.url))


@pytest.fixture(scope="session")
def roots() -> Path:
    """The folder of both images' root file systems, built."""
    subprocess.run([ROOT / "scripts/build-images"], check=True)
    return ROOT / "build/images"


@pytest.fixture(
    params=[Bubblewrap, pytest.param(Engine, marks=pytest.mark.engine)],
    ids=["bubblewrap", "engine"],
)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Where the function runs."""
    chosen: Sandbox = request.param()
    return chosen


@pytest.fixture
def resize(
    roots: Path,
    store: Store,
    settings: Settings,
    sandbox: Sandbox,
    tmp_path: Path,
    aws_session: boto3.Session,
) -> Iterator[Deployed]:
    """The resize function, running."""
    del roots, store
    function = function_of("resize", settings)
    with deployed(function, sandbox, tmp_path / "resize.log", aws_session) as running:
        yield running


@pytest.fixture
def web(
    roots: Path,
    store: Store,
    settings: Settings,
    sandbox: Sandbox,
    tmp_path: Path,
    aws_session: boto3.Session,
) -> Iterator[Deployed]:
    """The web function, running."""
    del roots, store
    function = function_of("web", settings)
    with deployed(function, sandbox, tmp_path / "web.log", aws_session) as running:
        yield running
