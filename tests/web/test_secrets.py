"""Secrets stay out of the logs."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from mangum import Mangum
from starlette.testclient import TestClient

from tests import pictures
from tests.conftest import SECRET_ACCESS_KEY, free_port
from tests.events import http_api
from tests.json_log import json_log
from tests.web.uploading import Resize, upload


@contextlib.contextmanager
def our_logs(level: str) -> Iterator[io.StringIO]:
    """Collect what is logged, but of the dependencies only from warnings on."""
    names = ("botocore", "boto3", "s3transfer", "urllib3", "httpx", "httpcore")
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with json_log(level) as log:
            yield log
    finally:
        for name in names:
            logging.getLogger(name).setLevel(logging.NOTSET)


def test_no_secret_is_logged(client: TestClient, resize: Resize) -> None:
    """Through an upload, a deletion and two refusals."""
    with our_logs("DEBUG") as log:
        begun = upload(client, pictures.jpeg(50, 40))
        resize(begun["id"])
        path = f"/api/photos/{begun['id']}"
        address = client.get(path).json()["variants"][0]["url"]
        client.delete(path, headers={"X-Delete-Token": "wrong"})
        client.delete(path, headers={"X-Delete-Token": begun["delete_token"]})
        client.get(path)
    fields, lines = begun["upload"]["fields"], log.getvalue()
    for secret in (
        begun["delete_token"],
        SECRET_ACCESS_KEY,
        fields["x-amz-signature"],
        fields["policy"],
        address.partition("X-Amz-Signature=")[2],
    ):
        assert len(secret) > 8
        assert secret not in lines


TOKEN = "s3cr3t-t0ken-in-a-path"


@pytest.mark.parametrize("path", [f"/l/{TOKEN}", f"/signin/{TOKEN}", f"/feeds/{TOKEN}"])
def test_no_token_in_a_path_is_logged_on_lambda(app: FastAPI, path: str) -> None:
    """Mangum logs the path of each request."""
    with our_logs("INFO") as log:
        Mangum(app, lifespan="off")(http_api("GET", path), object())  # type: ignore[arg-type]
    lines = log.getvalue()
    assert TOKEN not in lines
    assert path.replace(TOKEN, "\\u2026") in lines


def test_no_token_in_a_path_is_logged_by_uvicorn() -> None:
    """Run as the README says, it writes a line of each request."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "services.web.app:app", "--port", str(port)]
    environ = {**os.environ, "S3_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x",
               "AWS_SECRET_ACCESS_KEY": "x"}  # fmt: skip
    server = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            for _ in range(200):
                try:
                    http.get("/healthz")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            http.get(f"/signin/{TOKEN}/more?x=1")  # no route, so nothing is asked of the storage
    finally:
        server.terminate()
        logged, _ = server.communicate(timeout=10)
    assert "/signin/…/more?x=1" in logged
    assert TOKEN not in logged
