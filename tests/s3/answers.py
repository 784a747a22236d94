"""What an S3 answers, in short."""

import httpx
import pytest
from botocore.exceptions import ClientError


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and S3's error code."""
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    """Return status and code of boto3's exception."""
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
