"""A deploy, another, a look and a removal, by osls against moto's AWS; and what moto leaves out."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from tests.conftest import free_port
from tests.deploy.moto_aws import ATTRIBUTES
from tests.deploy.packaging import (
    ACCOUNT,
    REGION,
    ROOT,
    Template,
    image_parameters,
    package,
    serverless,
)

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
STACK = "contact-sheet-dev"
UPLOADS = f"{STACK}-uploads-{ACCOUNT}-{REGION}"

# Types in our template that moto makes nothing of. When moto learns one, this fails, and the test
# of what it makes can be written.
NOT_IN_MOTO = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
}
# Of the parts that --param cdn=true adds; moto_aws.py stands in for two of them.
NOT_IN_MOTO_WITH_CDN = {
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
}
# And properties of the buckets that it drops in silence; test_wiring.py applies them itself.
DROPPED_FROM_BUCKETS = {
    "CorsConfiguration",
    "LifecycleConfiguration",
    "NotificationConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "VersioningConfiguration",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of moto's server, a process of its own: its state is global."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.deploy.moto_aws", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(150):
        try:
            httpx.get(f"{url}/moto-api/")
            break
        except httpx.TransportError:
            assert process.poll() is None
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with serverless.yml alone: osls writes beside it."""
    copy = tmp_path_factory.mktemp("deploy")
    (copy / "serverless.yml").write_text((ROOT / "serverless.yml").read_text())
    return copy


def run(aws: str, folder: Path, command: str, *arguments: str) -> str:
    """Run one osls command to its end and return what it prints."""
    # moto is done at once; osls looks only every five seconds unless told otherwise.
    environ = {"AWS_ENDPOINT_URL": aws, "SLS_AWS_MONITORING_FREQUENCY": "200", **KEYS}
    done = serverless(command, *arguments, *image_parameters(), env=environ, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def client(aws: str, service: Any) -> Any:
    """Return a client of moto's AWS."""
    session = boto3.Session("test", "test", region_name=REGION)
    return session.client(service, endpoint_url=aws)


def dropped_properties(s3: Any) -> set[str]:
    """Return which properties of the upload bucket moto left unset."""
    questions: dict[str, Callable[[], object]] = {
        "BucketEncryption": lambda: s3.get_bucket_encryption(Bucket=UPLOADS),
        "CorsConfiguration": lambda: s3.get_bucket_cors(Bucket=UPLOADS),
        "LifecycleConfiguration": lambda: s3.get_bucket_lifecycle_configuration(Bucket=UPLOADS),
        "NotificationConfiguration": lambda: s3.get_bucket_notification_configuration(
            Bucket=UPLOADS
        )["LambdaFunctionConfigurations"],
        "OwnershipControls": lambda: s3.get_bucket_ownership_controls(Bucket=UPLOADS),
        "PublicAccessBlockConfiguration": lambda: s3.get_public_access_block(Bucket=UPLOADS),
        "VersioningConfiguration": lambda: s3.get_bucket_versioning(Bucket=UPLOADS)["Status"],
    }
    dropped = set()
    for name, ask in questions.items():
        try:
            ask()
        except (ClientError, KeyError):
            dropped.add(name)
    return dropped


def types_not_made(aws: str, template: Template) -> set[str]:
    """Return the types in the template that moto made nothing of in the stack that is up."""
    cloudformation = client(aws, "cloudformation")
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    made = {
        resource["LogicalResourceId"]
        for resource in cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        if "ResourceType" in resource
    }
    wanted = {name: resource["Type"] for name, resource in template["Resources"].items()}
    return {wanted[name] for name in wanted.keys() - made}


def test_deploy_again_info_and_remove(aws: str, folder: Path) -> None:
    """The stack comes up, a second deploy changes nothing, and removal takes all but the pictures."""
    assert "deployed to stack" in run(aws, folder, "deploy")
    assert types_not_made(aws, package()) == NOT_IN_MOTO
    assert dropped_properties(client(aws, "s3")) == DROPPED_FROM_BUCKETS

    functions = client(aws, "lambda").list_functions()["Functions"]
    # moto also forgets that these are images; the template's own test holds that.
    assert {f["FunctionName"]: f["MemorySize"] for f in functions} == {
        f"{STACK}-resize": 1769,
        f"{STACK}-web": 1769,
    }
    [rule] = client(aws, "events").list_rules()["Rules"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(15 minutes)", "ENABLED")

    assert "did not include any changes" in run(aws, folder, "deploy", "--force")
    assert STACK in run(aws, folder, "info")
    assert "successfully removed" in run(aws, folder, "remove")
    assert client(aws, "lambda").list_functions()["Functions"] == []


def test_deploy_and_remove_with_a_cdn(aws: str, folder: Path) -> None:
    """The same with CloudFront in front, whose address is the one that the function is told."""
    cdn = "--param=cdn=true"
    assert "deployed to stack" in run(aws, folder, "deploy", cdn)
    lost = types_not_made(aws, package(cdn="true"))
    assert lost | ATTRIBUTES.keys() == NOT_IN_MOTO | NOT_IN_MOTO_WITH_CDN
    web = client(aws, "lambda").get_function_configuration(FunctionName=f"{STACK}-web")
    assert web["Environment"]["Variables"]["PUBLIC_URL"] == "https://d123.cloudfront.net"
    assert "successfully removed" in run(aws, folder, "remove", cdn)
    assert client(aws, "lambda").list_functions()["Functions"] == []
