"""The local S3 wired by the template that ships, where moto's deploy drops the wiring."""

import json
from typing import Any

import boto3
import httpx
import pytest

from services.config import Settings
from services.local.provision import make_sqs
from services.store import Store
from tests.deploy.packaging import of_type, package

GALLERY = "https://api123.execute-api.us-east-1.amazonaws.com"


@pytest.fixture
def bucket() -> dict[str, Any]:
    """The upload bucket's properties in the template."""
    properties: dict[str, Any] = of_type(package(), "AWS::S3::Bucket")["UploadBucket"]
    return properties


def s3_names(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a CORS rule of CloudFormation as S3's API names its parts."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {names.get(name, name): value for name, value in rule.items()}


def test_cors_of_the_template_lets_the_page_upload(
    bucket: dict[str, Any], store: Store, settings: Settings
) -> None:
    """The deployed page's origin may post and read ETag and Location; another origin may not."""
    s3: Any = store.uploads._s3
    rules = [s3_names(rule) for rule in bucket["CorsConfiguration"]["CorsRules"]]
    s3.put_bucket_cors(Bucket=store.uploads.name, CORSConfiguration={"CORSRules": rules})
    url = f"{settings.s3_endpoint_url}/{store.uploads.name}"

    def preflight(origin: str, method: str) -> httpx.Response:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        return httpx.options(url, headers=asked)

    allowed = preflight(GALLERY, "POST")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] in (GALLERY, "*")
    assert preflight("https://elsewhere.test", "POST").status_code == 403
    assert preflight(GALLERY, "DELETE").status_code == 403
    answer = httpx.post(url, headers={"Origin": GALLERY}, files={"file": b"unsigned"})
    assert answer.status_code == 403
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert set(exposed) == {"ETag", "Location"}


def test_notification_of_the_template_reaches_uploads_only(
    bucket: dict[str, Any], store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """An object under uploads/ is told of, and what the function quarantines is not: no loop."""
    sqs = make_sqs(settings, aws_session)
    queue = sqs.create_queue(QueueName=f"wiring-{store.uploads.name}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    [shipped] = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    rules = [
        {"Name": rule["Name"], "Value": rule["Value"]}
        for rule in shipped["Filter"]["S3Key"]["Rules"]
    ]
    s3: Any = store.uploads._s3
    s3.put_bucket_notification_configuration(
        Bucket=store.uploads.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    # The local product's worker reads a queue where Lambda is called.
                    "QueueArn": attributes["Attributes"]["QueueArn"],
                    "Events": [shipped["Event"]],
                    "Filter": {"Key": {"FilterRules": rules}},
                }
            ]
        },
    )
    s3.put_object(Bucket=store.uploads.name, Key="quarantine/a", Body=b"x")
    s3.put_object(Bucket=store.uploads.name, Key="uploads/b", Body=b"x")
    told = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            told += json.loads(message["Body"]).get("Records", [])
    assert [record["s3"]["object"]["key"] for record in told] == ["uploads/b"]
