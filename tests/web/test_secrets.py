"""Secrets stay out of the logs."""

import logging

import httpx
import pytest
from starlette.testclient import TestClient

from services.core.logs import log_as_json
from tests import pictures
from tests.conftest import SECRET_ACCESS_KEY
from tests.web.conftest import Resize
from tests.web.uploading import begin


def test_no_secret_is_logged(
    client: TestClient, resize: Resize, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through an upload, a deletion and two refusals, at the lowest level of our own loggers."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_as_json("DEBUG")
        for name in ("botocore", "boto3", "s3transfer", "urllib3", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        data = pictures.jpeg(50, 40)
        begun = begin(client, size=len(data)).json()
        post = begun["upload"]
        httpx.post(post["url"], data=post["fields"], files={"file": data})
        resize(begun["id"])
        path = f"/api/photos/{begun['id']}"
        address = client.get(path).json()["variants"][0]["url"]
        client.delete(path, headers={"X-Delete-Token": "wrong"})
        client.delete(path, headers={"X-Delete-Token": begun["delete_token"]})
        client.get(path)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        for name in ("botocore", "boto3", "s3transfer", "urllib3", "httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    logged = capsys.readouterr()
    for secret in (
        begun["delete_token"],
        SECRET_ACCESS_KEY,
        post["fields"]["x-amz-signature"],
        post["fields"]["policy"],
        address.partition("X-Amz-Signature=")[2],
    ):
        assert len(secret) > 8
        assert secret not in logged.out + logged.err
