"""The same application under Mangum and under uvicorn."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from mangum import Mangum

from services.core.keys import new_photo_id, uploaded_at
from services.store import Store
from tests.conftest import free_port
from tests.web.test_api import publish

HOST = "gallery.test"
HEADERS = {
    "host": HOST,
    "x-forwarded-proto": "https",
    "accept": "*/*",
    "x-forwarded-for": "1.2.3.4",
}


class Context:
    """Lambda's context; the application asks nothing of it."""

    aws_request_id = "1"


def http_api(method: str, path: str, query: dict[str, str], body: bytes | None) -> dict[str, Any]:
    """API Gateway's HTTP API, payload 2.0, which a Function URL sends too."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": HEADERS | {"content-type": "application/json"},
        "requestContext": {
            "accountId": "1",
            "apiId": "a",
            "domainName": HOST,
            "stage": "$default",
            "requestId": "1",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "1.2.3.4",
                "userAgent": "test",
            },
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def function_url(
    method: str, path: str, query: dict[str, str], body: bytes | None
) -> dict[str, Any]:
    """A Lambda Function URL."""
    event = http_api(method, path, query, body)
    event["requestContext"] |= {"domainName": "abc.lambda-url.eu-west-1.on.aws"}
    return event


def rest_api(method: str, path: str, query: dict[str, str], body: bytes | None) -> dict[str, Any]:
    """API Gateway's REST API, payload 1.0."""
    headers = HEADERS | {"content-type": "application/json"}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()} or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "requestContext": {
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": path,
            "stage": "prod",
            "identity": {"sourceIp": "1.2.3.4"},
        },
        "body": body.decode() if body else None,
        "isBase64Encoded": False,
    }


def load_balancer(
    method: str, path: str, query: dict[str, str], body: bytes | None
) -> dict[str, Any]:
    """An Application Load Balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": query,
        "headers": HEADERS | {"content-type": "application/json"},
        "body": body.decode() if body else "",
        "isBase64Encoded": False,
    }


EVENTS = [http_api, function_url, rest_api, load_balancer]


@pytest.fixture
def uvicorn_url(app: FastAPI) -> Iterator[str]:
    """The application under uvicorn, over real HTTP."""
    port = free_port()
    config = uvicorn.Config(app, "127.0.0.1", port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def answer_of(handler: Any, event: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Call the Lambda handler and return status, headers and body."""
    result = handler(event, Context())
    headers = result.get("headers") or {}
    headers |= {name: values[0] for name, values in (result.get("multiValueHeaders") or {}).items()}
    body = result["body"]
    data = base64.b64decode(body) if result["isBase64Encoded"] else body.encode()
    return result["statusCode"], {k.lower(): v for k, v in headers.items()}, data


REQUESTS: list[tuple[str, str, dict[str, str], bytes | None]] = [
    ("GET", "/healthz", {}, None),
    ("GET", "/readyz", {}, None),
    ("GET", "/api/photos", {"limit": "2"}, None),
    ("GET", "/api/photos", {"limit": "none"}, None),
    ("GET", "/api/photos", {"ids": "a,b"}, None),
    ("GET", "/api/photos/nobody", {}, None),
    ("GET", "/nowhere", {}, None),
    ("GET", "/api/openapi.json", {}, None),
    ("POST", "/api/uploads", {}, b'{"filename": "a.svg", "type": "image/svg+xml", "size": 1}'),
    ("POST", "/api/uploads", {}, b"not json"),
    ("DELETE", "/api/photos/nobody", {}, None),
]


@pytest.mark.parametrize("event_of", EVENTS)
@pytest.mark.parametrize(("method", "path", "query", "body"), REQUESTS)
def test_lambda_answers_as_uvicorn_does(
    app: FastAPI,
    store: Store,
    uvicorn_url: str,
    event_of: Callable[..., dict[str, Any]],
    method: str,
    path: str,
    query: dict[str, str],
    body: bytes | None,
) -> None:
    """Status, headers and body are the same, whichever of AWS's front doors the request takes."""
    publish(store, 3)
    direct = httpx.request(
        method,
        uvicorn_url + path,
        params=query,
        content=body,
        # Compression is the business of both alike; bare bodies compare.
        headers={
            "host": HOST,
            "content-type": "application/json",
            "accept-encoding": "identity",
        },
    )
    status, headers, data = answer_of(
        Mangum(app, lifespan="off"), event_of(method, path, query, body)
    )
    expected = {k: v for k, v in direct.headers.items() if k not in ("date", "server")}
    assert status == direct.status_code
    assert data == direct.content
    assert {k: v for k, v in headers.items() if k in expected} == expected


@pytest.mark.parametrize("event_of", EVENTS)
def test_an_upload_begins_on_lambda(app: FastAPI, event_of: Callable[..., dict[str, Any]]) -> None:
    """A body, however it is encoded, arrives."""
    body = b'{"filename": "a.jpg", "type": "image/jpeg", "size": 10}'
    status, headers, data = answer_of(
        Mangum(app, lifespan="off"), event_of("POST", "/api/uploads", {}, body)
    )
    assert status == 201
    begun = json.loads(data)
    assert headers["location"] == f"/photos/{begun['id']}"
    assert uploaded_at(begun["id"]) > uploaded_at(new_photo_id(uploaded_at("7" + "Z" * 25)))


def test_the_shipped_handler_answers() -> None:
    """`services.web.handler.handler` is what the image runs."""
    from services.web.handler import handler

    status, _, data = answer_of(handler, http_api("GET", "/healthz", {}, None))
    assert (status, data) == (200, b'{"status":"ok"}')
