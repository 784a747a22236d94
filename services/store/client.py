"""The S3 client that everything uses, and what its errors mean."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from services.core.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Written = TypeVar("Written")

# S3 answers in tens of milliseconds; a slower request is sent again, most likely to
# another of its machines. All tries together, with their pauses, end well before the resize
# function's deadline and API Gateway's 30 seconds. The read timeout is between two pieces of a body,
# so a large picture may take as long as it needs.
CONNECT_SECONDS = 2
READ_SECONDS = 5
TRIES = 3

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def key_pair_session(key_pair: tuple[str, str], region: str) -> boto3.Session:
    """Return a session of a key pair alone: boto3's own fails where AWS_PROFILE names no profile."""
    no_profile = botocore.session.Session({"profile": (None, None, None, None)})
    return boto3.Session(*key_pair, region_name=region, botocore_session=no_profile)


def make_s3(settings: Settings, session: boto3.Session) -> "S3Client":
    """Return the S3 client that everything uses.

    SigV4 and the regional host always: boto3's own default signs the global host with SigV2 rules,
    and S3 answers that with a redirect which CORS forbids.
    """
    here = urlsplit(settings.s3_endpoint_url or "").hostname in _LOOPBACK
    return session.client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.s3_endpoint_url,
        config=Config(
            signature_version="s3v4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            proxies={} if here else None,  # none reaches this machine; None: what HTTP_PROXY names
            retries={"mode": "standard", "max_attempts": TRIES},
            s3={
                "addressing_style": "path" if settings.s3_endpoint_url else "virtual",
                "us_east_1_regional_endpoint": "regional",
            },
        ),
    )


def conditionally(write: Callable[[], Written]) -> Written | None:
    """Return what a conditional write returns, or None where its condition does not hold.

    S3 answers 409 to one that meets another write of the same key, and wants it sent again.
    Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes".
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return write()
        except ClientError as error:
            if is_error(error, "PreconditionFailed", "412", "NoSuchKey", "404"):
                return None
            if not tries_left or not is_error(error, "ConditionalRequestConflict"):
                raise
    return None


def is_error(error: ClientError, *codes: str) -> bool:
    """Tell whether S3 responded with one of the error codes (a HEAD's is its bare status)."""
    return error.response.get("Error", {}).get("Code") in codes


def is_storage_failure(error: Exception) -> bool:
    """Tell whether an error says that the storage failed, and not that it refuses what it was sent.

    S3 refuses for good with the status 400: a key that is too long, for example.
    """
    if isinstance(error, ClientError):
        return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != 400
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
