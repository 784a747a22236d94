"""Reads names and addresses of an installation from its CloudFormation stack."""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from services.core.settings import load_settings
from services.doctor.clients import make_clients, make_stack_clients
from services.doctor.installation import CannotExamineError, Deployed, Function, Installation

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

DEFAULT_STACK = "contact-sheet-dev"

OUTPUTS = ("GalleryUrl", "UploadBucketName", "GalleryBucketName", "FailureQueueUrl")
RESOURCES = ("ResizeLambdaFunction", "WebLambdaFunction", "ResizeEventsRuleSchedule1")


def stack_installation(name: str, region: str) -> Installation:
    """Return what a stack says of itself; raises CannotExamineError."""
    try:
        session = boto3.Session(region_name=region)
        return _read(name, region, session)
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        why = str(error).rstrip(".")
        msg = f"{why}; `aws configure` or AWS_PROFILE names the account that was deployed to."
        raise CannotExamineError(msg) from None
    except BotoCoreError as error:
        msg = f"AWS cannot be asked: {str(error).rstrip('.')}."
        raise CannotExamineError(msg) from None
    except ClientError as error:
        told = error.response.get("Error", {})
        if "does not exist" in told.get("Message", ""):
            msg = (
                f"There is no stack {name} in {region}; name another with --stack, another region "
                "with AWS_REGION, or deploy it with `npx serverless deploy`."
            )
        else:
            msg = f"AWS refuses to tell of stack {name}: {told.get('Message')}"
        raise CannotExamineError(msg) from None


def _read(name: str, region: str, session: boto3.Session) -> Installation:
    clients = make_stack_clients(session)
    [stack] = clients.cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in stack.get("Outputs", [])
        if "OutputKey" in output and "OutputValue" in output
    }
    listed = clients.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    resources = {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for item in listed
        if "PhysicalResourceId" in item
    }
    missing = [item for item in OUTPUTS if item not in outputs]
    missing += [item for item in RESOURCES if item not in resources]
    if missing:
        msg = f"Stack {name} has no {', '.join(missing)}; `npx serverless deploy` makes it anew."
        raise CannotExamineError(msg)
    resize, of_resize = _function(clients.functions, resources["ResizeLambdaFunction"])
    web, of_web = _function(clients.functions, resources["WebLambdaFunction"])
    settings = load_settings(
        of_resize
        | of_web
        | {
            "AWS_REGION": region,
            "UPLOAD_BUCKET": outputs["UploadBucketName"],
            "GALLERY_BUCKET": outputs["GalleryBucketName"],
        }
    )
    url = outputs["GalleryUrl"].rstrip("/")
    # A rule's physical id may be its ARN.
    rule = resources["ResizeEventsRuleSchedule1"].rpartition("/")[2]
    return Installation(
        settings,
        make_clients(settings, session),
        url,
        origin=url,
        failure_queue=outputs["FailureQueueUrl"].rpartition("/")[2],
        deployed=Deployed(resize, web, rule, clients),
    )


def _function(client: "LambdaClient", name: str) -> tuple[Function, dict[str, str]]:
    """Return a function and its environment."""
    told = client.get_function_configuration(FunctionName=name)
    function = Function(told["FunctionName"], told["FunctionArn"], told["Role"])
    return function, told.get("Environment", {}).get("Variables", {})
