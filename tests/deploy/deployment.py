"""The product as the packaged template makes it on MiniStack, which holds each role to its policy.

Its code runs in this process, with its role's temporary credentials; in the images that ship it runs
in tests/rehearsal.
"""

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
from services.resize.handler import handle
from services.store import Store
from services.web.app import create_app
from tests.deploy.ministack import MiniStack
from tests.deploy.packaging import ACCOUNT, DEPLOYED, REGION, Template, deployed, of_type
from tests.deploy.roles import ROLES, Right

STACK = "contact-sheet-dev"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both functions by their own credentials, and `s3` of the account's owner.

    `client` speaks to the web function, `http` to S3, as browsers do. `access_keys` are by function.
    """

    account: MiniStack
    template: Template
    resize: Store
    web: Store
    resize_settings: Settings
    client: TestClient
    http: httpx.Client
    s3: Any
    sqs: Any
    queue: str
    access_keys: dict[str, str]

    def events(self) -> list[Any]:
        """Return the notifications that came since the last look."""
        found: list[Any] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0 if found else 2
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def invoke(self, event: Any, settings: Settings | None = None) -> dict[str, Any]:
        """Call the resize function."""
        deadline = time.monotonic() + 60
        return handle(event, self.resize, settings or self.resize_settings, deadline=deadline)

    def deliver(self) -> list[dict[str, Any]]:
        """Call the resize function with each notification, and return its responses."""
        return [self.invoke(event) for event in self.events()]

    def asked(self, function: str) -> set[Right]:
        """Return the rights that a function used; fails if it was denied any."""
        allowed, denied = self.account.asked(self.access_keys[function])
        assert denied == set()
        return allowed


def settings_in(template: Template, function: str, s3_url: str | None) -> Settings:
    """Return what a function reads from its environment, but for where S3 is."""
    functions = of_type(template, "AWS::Lambda::Function")
    variables = functions[f"{function.title()}LambdaFunction"]["Environment"]["Variables"]
    return replace(load_settings(variables), s3_endpoint_url=s3_url)


def create_stack(account: MiniStack, template: Template, name: str = STACK) -> None:
    """Make all that a template has."""
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    wait = {"Delay": 1}
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=wait)


@contextmanager
def deploy(account: MiniStack, template: Template) -> Iterator[Deployment]:
    """Yield the product in an account that has none yet."""
    create_stack(account, template)
    credentials = {name: credentials_of(account, role) for role, name in ROLES.items()}
    settings = {name: settings_in(template, name, account.url) for name in credentials}
    stores = {
        name: Store.connect(settings[name], boto3.Session(*held, region_name=REGION))
        for name, held in credentials.items()
    }
    s3, sqs = account.client("s3"), account.client("sqs")
    queue = told_by_queue(account, template)
    client = TestClient(
        create_app(settings["web"], stores["web"]), base_url=settings["web"].public_url or ""
    )
    keys = {name: held[0] for name, held in credentials.items()}
    with httpx.Client() as http:
        yield Deployment(
            account, template, stores["resize"], stores["web"], settings["resize"], client, http, s3, sqs, queue,
            keys,
        )  # fmt: skip
    for one in (s3, sqs, *(store.uploads._s3 for store in stores.values())):
        one.close()


def credentials_of(account: MiniStack, logical_id: str) -> tuple[str, str, str]:
    """Return temporary credentials of a role, which Lambda alone may have until this lets us."""
    stack = account.client("cloudformation")
    made = stack.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    name = made["StackResourceDetail"]["PhysicalResourceId"]
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
    }
    iam = account.client("iam")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    assumed = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"]


def told_by_queue(account: MiniStack, template: Template) -> str:
    """Let the upload bucket tell a queue what it would tell the function, and return the queue."""
    sqs = account.client("sqs")
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    url: str = sqs.create_queue(QueueName="notifications", Attributes={"Policy": policy})[
        "QueueUrl"
    ]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    properties = of_type(template, "AWS::S3::Bucket")["UploadBucket"]["NotificationConfiguration"]
    [configuration] = deployed(properties)["LambdaConfigurations"]
    rules = configuration["Filter"]["S3Key"]["Rules"]
    account.client("s3").put_bucket_notification_configuration(
        Bucket=DEPLOYED["UploadBucket"],
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": arn["QueueArn"],
                    "Events": [configuration["Event"]],
                    "Filter": {"Key": {"FilterRules": rules}},
                }
            ]
        },
    )
    # S3 says that it can reach the queue.
    sqs.purge_queue(QueueUrl=url)
    return url
