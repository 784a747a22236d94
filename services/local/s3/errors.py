"""Refusals in S3's own words."""

from xml.sax.saxutils import escape


class LocalS3Error(Exception):
    """The local S3 cannot start; the message is one sentence that says what to do."""


class S3Error(Exception):
    """A refusal with S3's code, message and HTTP status; `details` are the XML's further elements.

    Source: AWS, "Error responses" in the Amazon S3 API Reference.
    """

    def __init__(self, status: int, code: str, message: str, **details: str | int) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def to_xml(self, resource: str, request_id: str) -> bytes:
        """Return the error document, UTF-8."""
        elements = {"Code": self.code, "Message": self.message} | self.details
        elements |= {"Resource": resource, "RequestId": request_id}
        inner = "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()


def access_denied(message: str = "Access Denied", **details: str | int) -> S3Error:
    """Return S3's 403 AccessDenied."""
    return S3Error(403, "AccessDenied", message, **details)


def invalid_argument(message: str, name: str, value: str) -> S3Error:
    """Return S3's 400 InvalidArgument about one parameter, header or form field."""
    return S3Error(400, "InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
