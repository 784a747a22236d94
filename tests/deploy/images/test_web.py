"""The web function in its image."""

import json
import re

import pytest

from tests.deploy.images.lambda_runtime import Lambda
from tests.events import http_api

pytestmark = pytest.mark.images


def test_answers_pages_and_files(web: Lambda) -> None:
    """The image has templates and built files: the page is whole, with what it links to."""
    page = web.invoke(http_api("GET", "/")).result
    assert page["statusCode"] == 200
    assert page["headers"]["content-type"].startswith("text/html")
    [script, *_] = re.findall(r'src="(/static/[^"]+\.js)"', page["body"])
    assert web.invoke(http_api("GET", script)).result["statusCode"] == 200
    for _ in range(10):
        ready = web.invoke(http_api("GET", "/readyz")).result
        assert ready["statusCode"] == 200, web.log.read_text()


def test_signs_an_upload(web: Lambda) -> None:
    """The image issues a presigned POST for the upload bucket."""
    body = json.dumps({"filename": "a.jpg", "type": "image/jpeg", "size": 1000})
    answer = web.invoke(http_api("POST", "/api/uploads", body=body.encode())).result
    assert answer["statusCode"] == 201, answer
    assert json.loads(answer["body"])["upload"]["fields"]["key"].startswith("uploads/")
