"""What is left of botocore in the images does all that the product asks of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest

from tests.deploy.packaging import ROOT

REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1")
PROGRAM = """
import json, sys
import botocore
from services.core.settings import Settings
from services.store import Store
from services.core.variants import FORMATS
found = {"botocore": botocore.__file__}
for region in sys.argv[1:]:
    store = Store.connect(Settings(region=region))
    s3 = store.uploads._s3
    post, fields = store.uploads.presign_post(
        "main", "7ZZZZZZZZZ0123456789ABCDEF", content_type="image/png", name="a", delete_sha256="0"
    )
    found[region] = [
        s3.meta.endpoint_url, post, sorted(fields), store.gallery.origin,
        sorted(s3.meta.service_model.operation_names), s3.can_paginate("list_object_versions"),
    ]
print(json.dumps(found))
"""


def client_in(site: Path) -> dict[str, Any]:
    """Return what a process says that finds botocore in `site` first."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM, *REGIONS],
        env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(made.stdout)
    assert Path(found.pop("botocore")).is_relative_to(site)
    return found


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site folder with botocore as the images have it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(Path(botocore.__file__).parent, site / "botocore")
    subprocess.run([sys.executable, ROOT / "scripts/slim_botocore.py", site], check=True)
    return site


def test_a_client_is_the_same_in_every_partition(slim: Path) -> None:
    """Endpoints, presigned POSTs, origins and operations are those of the whole botocore."""
    whole = client_in(Path(botocore.__file__).parents[1])
    assert client_in(slim) == whole
    assert whole["cn-north-1"][0] == "https://s3.cn-north-1.amazonaws.com.cn"


def test_little_is_left(slim: Path) -> None:
    """Of 25 MB of descriptions less than half a megabyte stays."""
    files = [path for path in (slim / "botocore/data").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 500_000
