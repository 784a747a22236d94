"""What an error of AWS's means to the person who asked."""

import re
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from services.doctor.finding import Finding, fail, skip
from services.doctor.installation import Installation

# Operation → the action that must be allowed, where these have different names.
ACTIONS = {
    "GetBucketCors": "s3:GetBucketCORS",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
}
# Operation → service, of those that keep their name.
SERVICES = {
    "GetBucketLocation": "s3",
    "GetBucketOwnershipControls": "s3",
    "GetBucketVersioning": "s3",
    "GetPolicy": "lambda",
    "SimulatePrincipalPolicy": "iam",
    "DescribeRule": "events",
    "ListTargetsByRule": "events",
    "GetQueueUrl": "sqs",
    "GetQueueAttributes": "sqs",
}
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
REFUSED = frozenset(
    {
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken"),
        *("InvalidToken", "UnrecognizedClientException", "ExpiredTokenException"),
    }
)
UNKNOWN = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})


def action_of(operation: str) -> str:
    """Return the IAM action that an operation needs."""
    return ACTIONS.get(operation) or f"{SERVICES.get(operation, '*')}:{operation}"


def code_of(error: ClientError) -> str:
    """Return the error's code."""
    return error.response.get("Error", {}).get("Code", "")


def explain(error: Exception, installation: Installation) -> Finding:
    """Return what to tell of an error that a check did not expect."""
    if isinstance(error, EndpointConnectionError):
        url = urlsplit(error.kwargs["endpoint_url"])
        return fail(f"nothing answers at {url.scheme}://{url.netloc}", _start_it(installation))
    if isinstance(error, BotoCoreError):
        return fail(_one_line(error), _start_it(installation))
    if not isinstance(error, ClientError):
        text = f"what was answered cannot be understood: {type(error).__name__}: {_one_line(error)}"
        return fail(text[:300], "look what answers there")
    code = code_of(error)
    message = _one_line(error.response.get("Error", {}).get("Message", ""))
    if code in REFUSED:
        if installation.queue:
            fix = "set DATA_DIR to the data folder of the running `make run`"
        else:
            fix = "give the credentials of the account that it runs in"
        return fail(f"these credentials are refused ({code})", fix)
    if code == "RequestTimeTooSkewed":
        return fail("requests are refused: this machine's clock is wrong", "set the clock by NTP")
    if code == "AuthorizationHeaderMalformed":
        wrong = f"requests for {installation.settings.region} are refused"
        return fail(wrong, "set AWS_REGION to the region that it runs in")
    if code in DENIED:
        action = re.search(r"not authorized to perform: (\S+)", message)
        missing = action[1] if action else action_of(error.operation_name)
        return fail(f"not allowed: {missing}", f"allow {missing} to whose credentials these are")
    if code in UNKNOWN and installation.other_s3:
        return skip(f"this S3 does not know {error.operation_name}")
    return fail(
        f"{error.operation_name} was answered with {code}: {message}",
        "try again; where it stays, look the code up in AWS's documentation",
    )


def _start_it(installation: Installation) -> str:
    if installation.deployed:
        return "look whether this machine reaches AWS"
    if installation.queue:
        return "`make run` starts it; set S3_PORT as there"
    return "start that S3, or set S3_ENDPOINT_URL to another"


def _one_line(text: object) -> str:
    return " ".join(str(text).split()).rstrip(".")
