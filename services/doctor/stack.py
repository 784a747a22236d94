"""Reads an installation from its CloudFormation stack, and compares the stack with its template."""

import time
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.core.settings import load_settings
from services.doctor.finding import Finding, fail, ok, skip
from services.doctor.installation import CannotCheckError, Installation, Stack, count_messages
from services.store.client import make_s3

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackResourceDriftTypeDef

DEFAULT_STACK = "contact-sheet-dev"
OUTPUTS = ("GalleryUrl", "UploadBucketName", "GalleryBucketName", "FailureQueueUrl")
FUNCTIONS = {"resize": "ResizeLambdaFunction", "web": "WebLambdaFunction"}

# A person waits for the answer.
_CONFIG = Config(
    connect_timeout=5, read_timeout=15, retries={"mode": "standard", "max_attempts": 2}
)
_DETECTION_SECONDS = 120
_POLL_SECONDS = 1


def stack_installation(name: str, region: str) -> Installation:
    """Return the installation that a stack describes; raises CannotCheckError."""
    try:
        return _read(name, region, boto3.Session(region_name=region))
    except BotoCoreError as error:
        why = str(error).rstrip(".")
        msg = f"{why}; `aws configure` or AWS_PROFILE names the account that was deployed to."
        raise CannotCheckError(msg) from None
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", "")
        if "does not exist" in message:
            msg = (
                f"There is no stack {name} in {region}; name another with --stack, another region "
                "with AWS_REGION, or deploy it with `npx serverless deploy`."
            )
        else:
            msg = f"AWS refuses to describe stack {name}: {message}"
        raise CannotCheckError(msg) from None


def _read(name: str, region: str, session: boto3.Session) -> Installation:
    cloudformation = session.client("cloudformation", config=_CONFIG)
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in stack.get("Outputs", [])
        if "OutputKey" in output and "OutputValue" in output
    }
    listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    resources = {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in listed}
    missing = [item for item in OUTPUTS if item not in outputs]
    missing += [item for item in FUNCTIONS.values() if item not in resources]
    if missing:
        msg = f"Stack {name} has no {', '.join(missing)}; `npx serverless deploy` makes it anew."
        raise CannotCheckError(msg)
    functions = {function: resources[logical] for function, logical in FUNCTIONS.items()}
    environ: dict[str, str] = {}
    awslambda = session.client("lambda", config=_CONFIG)
    for function in functions.values():
        configuration = awslambda.get_function_configuration(FunctionName=function)
        environ |= configuration.get("Environment", {}).get("Variables", {})
    buckets = {
        "UPLOAD_BUCKET": outputs["UploadBucketName"],
        "GALLERY_BUCKET": outputs["GalleryBucketName"],
    }
    settings = load_settings(environ | buckets | {"AWS_REGION": region})
    url = outputs["GalleryUrl"].rstrip("/")
    sqs = session.client("sqs", config=_CONFIG)
    queue = outputs["FailureQueueUrl"]
    return Installation(
        settings,
        make_s3(settings, session),
        url,
        origin=url,
        failures=lambda: count_messages(sqs, queue),
        stack=Stack(name, cloudformation, functions, queue),
    )


def drift(installation: Installation) -> Finding:
    """Check by CloudFormation's drift detection that nobody changed what was deployed.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
    """
    stack = installation.stack
    if stack is None:
        return skip("only a stack can differ from its template")
    cloudformation = stack.cloudformation
    detection = cloudformation.detect_stack_drift(StackName=stack.name)["StackDriftDetectionId"]
    end = time.monotonic() + _DETECTION_SECONDS
    installation.progress("CloudFormation compares the stack with its template")
    while True:
        state = cloudformation.describe_stack_drift_detection_status(
            StackDriftDetectionId=detection
        )
        if state["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > end:
            return fail("CloudFormation takes more than two minutes to compare", "try again later")
        time.sleep(_POLL_SECONDS)
    drifts = cloudformation.describe_stack_resource_drifts(
        StackName=stack.name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
    )["StackResourceDrifts"]
    if drifts:
        # A deploy would not do: CloudFormation leaves alone what its own template did not change.
        fix = "set it back by hand; a deploy changes only what the template changed"
        return fail("; ".join(map(_describe, drifts)), fix)
    if state["DetectionStatus"] == "DETECTION_FAILED":
        reason = state.get("DetectionStatusReason", "").rstrip(".")
        return fail(f"not every resource could be compared: {reason}", "allow what it names")
    return ok("every resource is as it was deployed")


def _describe(resource: "StackResourceDriftTypeDef") -> str:
    name = f"{resource['LogicalResourceId']} ({resource.get('PhysicalResourceId')})"
    if resource["StackResourceDriftStatus"] == "DELETED":
        return f"{name} is gone"
    changes = ", ".join(
        f"{item['PropertyPath']} is {item['ActualValue']}, not {item['ExpectedValue']}"
        for item in resource.get("PropertyDifferences", [])
    )
    return f"{name}: {changes}"
