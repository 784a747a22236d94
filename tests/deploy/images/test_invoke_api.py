"""The API that invokes is AWS's, as boto3's client of it sees."""

import base64
import json

import pytest
from botocore.exceptions import ClientError

from services.store import Store
from tests import pictures
from tests.deploy.images.conftest import Deployed, put
from tests.events import http_api

pytestmark = pytest.mark.images


def test_an_invocation_answers_with_the_log(resize: Deployed, store: Store) -> None:
    """Asked for it, the answer brings the last of what was logged."""
    _, event = put(store, pictures.jpeg())
    answer = resize.client.invoke(
        FunctionName="arn:aws:lambda:us-east-1:123456789012:function:resize",
        Payload=json.dumps(event),
        LogType="Tail",
    )
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == {"published": 1}
    assert '"message": "upload finished"' in base64.b64decode(answer["LogResult"]).decode()


def test_an_event_is_done_later(resize: Deployed, store: Store) -> None:
    """As S3 invokes: accepted at once, done in the order of arrival."""
    photo_id, event = put(store, pictures.jpeg())
    answer = resize.client.invoke(
        FunctionName="resize", Payload=json.dumps(event), InvocationType="Event"
    )
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert resize.invoke(event).result in ({"gone": 1}, {"published": 1})
    assert photo_id in store.gallery.photos("main", [photo_id])


def test_a_dry_run_does_nothing(resize: Deployed, store: Store) -> None:
    """It only says that the function could be invoked."""
    photo_id, event = put(store, pictures.jpeg())
    answer = resize.client.invoke(
        FunctionName="resize", Payload=json.dumps(event), InvocationType="DryRun"
    )
    assert answer["StatusCode"] == 204
    assert store.uploads.head("main", photo_id) is not None


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("missing", b"{}", "ResourceNotFoundException"),
        ("resize", b"no JSON", "InvalidRequestContentException"),
        ("resize", b'"' + b"a" * (6 << 20) + b'"', "RequestTooLargeException"),
    ],
)
def test_what_cannot_be_invoked(resize: Deployed, name: str, payload: bytes, code: str) -> None:
    """Unknown functions and events that are no JSON or too large are refused by AWS's codes."""
    with pytest.raises(ClientError) as refused:
        resize.client.invoke(FunctionName=name, Payload=payload)
    assert refused.value.response["Error"]["Code"] == code


def test_a_handler_that_raises_is_a_function_error(resize: Deployed) -> None:
    """The answer's status is 200 all the same, as AWS's."""
    event = {"tasks": [{}], "invocationSchemaVersion": "2.0"}
    answer = resize.client.invoke(FunctionName="resize", Payload=json.dumps(event))
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"


def test_who_takes_too_long_is_ended(web: Deployed) -> None:
    """The environment is ended at the timeout, and the next invocation gets another."""
    page = http_api("GET", "/")
    ended = web.running.process
    web.running.timeout = 0.001
    assert web.invoke(page).error["errorType"] == "Sandbox.Timedout"
    web.running.timeout = web.running.function.timeout
    assert web.invoke(page).result["statusCode"] == 200
    assert web.running.process is not ended
