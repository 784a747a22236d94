"""Both functions, running in their images."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.core.keys import new_photo_id, upload_key
from services.core.settings import Settings
from services.store import Store
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.deploy.images.engine import Function
from tests.deploy.images.lambda_runtime import Lambda
from tests.deploy.packaging import ROOT, of_type, package
from tests.events import s3_event


def put(store: Store, data: bytes) -> tuple[str, dict[str, Any]]:
    """Upload bytes and return the photo id and S3's event about it."""
    photo_id = new_photo_id(datetime.now(UTC))
    key, bucket = upload_key("main", photo_id), store.uploads.name
    answer = store.uploads._s3.put_object(Bucket=bucket, Key=key, Body=data)
    return photo_id, s3_event((key, answer["VersionId"]), bucket=bucket)


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


@pytest.fixture(scope="session")
def roots() -> Path:
    """The folder of both images' root file systems, built."""
    subprocess.run([ROOT / "scripts/build-images"], check=True)
    return ROOT / "build/images"


@pytest.fixture
def resize(roots: Path, store: Store, settings: Settings, tmp_path: Path) -> Iterator[Lambda]:
    """The resize function, running."""
    del roots, store
    with Lambda(function_of("resize", settings), tmp_path / "resize.log") as running:
        yield running


@pytest.fixture
def web(roots: Path, store: Store, settings: Settings, tmp_path: Path) -> Iterator[Lambda]:
    """The web function, running."""
    del roots, store
    with Lambda(function_of("web", settings), tmp_path / "web.log") as running:
        yield running
