"""Explains an error of AWS, of S3 or of the network to the person who runs the doctor."""

import re

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from services.doctor.finding import Finding, fail
from services.doctor.installation import Installation

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
_BAD_CREDENTIALS = (
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken",
    "InvalidToken", "UnrecognizedClientException", "ExpiredTokenException",
)  # fmt: skip


def explain(error: Exception, installation: Installation) -> Finding:
    """Return a finding for an error that a check did not expect."""
    local = installation.stack is None
    start = (
        "`make run` starts it; set DATA_DIR as there" if local else "check this machine's network"
    )
    if isinstance(error, BotoCoreError):
        return fail(_one_line(error), start)
    if not isinstance(error, ClientError):
        text = f"the answer is not understood: {type(error).__name__}: {_one_line(error)}"
        return fail(text[:300], "check what runs at that address")
    code = error.response.get("Error", {}).get("Code", "")
    message = _one_line(error.response.get("Error", {}).get("Message", ""))
    if code in _BAD_CREDENTIALS:
        fix = "set DATA_DIR, or the credentials, as for the running `make run`"
        if not local:
            fix = "use credentials of the account that it runs in"
        return fail(f"these credentials are refused ({code})", fix)
    if code in ("AuthorizationHeaderMalformed", "PermanentRedirect", "301"):
        text = f"requests for region {installation.settings.region} are refused"
        return fail(text, "set AWS_REGION to the region that the buckets are in")
    if code in _DENIED:
        action = re.search(r"not authorized to perform: (\S+)", message)
        missing = action[1] if action else error.operation_name
        return fail(f"not allowed: {missing}", f"allow {missing} to whose credentials these are")
    return fail(
        f"{error.operation_name} fails with {code}: {message}",
        "try again; if it stays, look the code up in AWS's documentation",
    )


def explain_http(error: urllib3.exceptions.HTTPError) -> str:
    """Return in a few words why an address does not answer."""
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its name is unknown"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "nothing listens there"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "it takes too long"
    return _one_line(error)


def _one_line(text: object) -> str:
    return " ".join(str(text).split()).rstrip(".")
