"""The product as the packaged template makes it, on a local S3 that holds each role to its policy."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
import httpx
from starlette.testclient import TestClient

from services.core.settings import Settings, load_settings
from services.local.provision import make_sqs
from services.local.s3 import LocalS3
from services.resize.handler import handle
from services.store import Store
from services.store.client import make_s3
from services.web.app import create_app
from tests.deploy.guarded_s3 import Function, GuardedS3
from tests.deploy.iam import Iam, Policy
from tests.deploy.packaging import Template, of_type
from tests.deploy.roles import policies
from tests.deploy.wiring import SETTINGS, Properties, buckets, notification, settings_of


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both functions by their own credentials, and `s3` and `sqs` of the account's owner.

    `client` speaks to the web function, `http` to S3, as browsers do.
    """

    resize: Store
    web: Store
    resize_settings: Settings
    client: TestClient
    http: httpx.Client
    s3: Any
    sqs: Any
    queue: str
    guard: GuardedS3
    roles: dict[str, Policy]

    def events(self) -> list[Any]:
        """Return the notifications that came since the last look."""
        found = []
        while told := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in told:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def invoke(self, event: Any, settings: Settings | None = None) -> dict[str, Any]:
        """Call the resize function."""
        deadline = time.monotonic() + 60
        return handle(event, self.resize, settings or self.resize_settings, deadline=deadline)

    def deliver(self) -> list[dict[str, Any]]:
        """Call the resize function for all that S3 told, and return its answers."""
        return [self.invoke(event) for event in self.events()]


def settings_in(template: Template, function: str, s3_url: str | None) -> Settings:
    """Return what a function reads from its environment, but for where S3 is."""
    functions = of_type(template, "AWS::Lambda::Function")
    variables = functions[f"{function.title()}LambdaFunction"]["Environment"]["Variables"]
    return replace(load_settings(variables), s3_endpoint_url=s3_url)


@contextmanager
def deploy(
    template: Template,
    iam: Iam,
    *,
    changed: dict[str, Policy] | None = None,
    origin: str = "",
    **guard: Any,
) -> Iterator[Deployment]:
    """Yield the product, its roles as the template has them or `changed`.

    `origin`, if any, is the gallery's address instead of the one on AWS.
    """
    roles = policies(template) | (changed or {})
    functions = [Function(name, policy) for name, policy in roles.items()]
    with LocalS3(None) as server:
        owner = boto3.Session(
            server.access_key_id, server.secret_access_key, region_name=server.region
        )
        settings = {f.name: settings_in(template, f.name, server.url) for f in functions}
        stores = {f.name: Store.connect(settings[f.name], f.session()) for f in functions}
        s3, sqs = make_s3(settings["web"], owner), make_sqs(settings["web"], owner)
        queue = sqs.create_queue(QueueName="notified")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        apply(buckets(template, origin), s3, queue=arn["QueueArn"])
        guarded = GuardedS3(server, iam, functions, **guard)
        web = replace(settings["web"], public_url=origin or settings["web"].public_url)
        client = TestClient(create_app(web, stores["web"]), base_url=web.public_url or "")
        with httpx.Client() as http:
            yield Deployment(
                stores["resize"], stores["web"], settings["resize"], client, http, s3, sqs, queue,
                guarded, roles,
            )  # fmt: skip
        for one in (s3, sqs, *(store.uploads._s3 for store in stores.values())):
            one.close()


def apply(wanted: dict[str, Properties], s3: Any, *, queue: str) -> None:
    """Make the buckets and set on them what the template says.

    But for the bucket policies: the local S3 keeps them and does not read them rightly (moto takes
    a Deny with a condition that it does not know for one without), so that GuardedS3 asks IAM.
    """
    for properties in wanted.values():
        name = properties["BucketName"]
        s3.create_bucket(Bucket=name)
        for setting, value in settings_of(properties).items():
            if setting == "NotificationConfiguration":
                notification(queue=queue).put(s3, name, value)
            elif setting != "BucketPolicy":
                SETTINGS[setting].put(s3, name, value)
