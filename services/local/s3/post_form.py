"""A browser's POST of a file to a bucket: the form read, and S3's answers to it.

The form is decoded by werkzeug's incremental parser, so that the file stands in memory once and a
file that is too large not at all. Source: AWS, "POST Object" in the Amazon S3 API Reference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from services.local.s3.errors import S3Error, invalid_argument
from services.local.s3.exchange import Answer, Request
from services.local.s3.post_policy import SizeRange

MAX_FIELD_BYTES = 20_480  # of everything before the file
BLOCK = 256 * 1024
# Form fields that become headers of the object, besides x-amz-*.
OBJECT_HEADERS = (
    "cache-control",
    "content-type",
    "content-disposition",
    "content-encoding",
    "expires",
)


@dataclass(frozen=True)
class Form:
    """What came before the file and the file; names are lower case.  Fields behind it do not count."""

    fields: dict[str, str]
    file: bytes


def read_form(request: Request, check: Callable[[dict[str, str]], SizeRange]) -> Form:
    """Read a form; `check` gets the fields before the file is read, and says what size it may have.

    The body is read to its end even if the form is refused, so that the client reads the refusal.
    Raises S3Error.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise _malformed()
    reader = _Reader(MultipartDecoder(boundary.encode()), check)
    refusal: S3Error | None = None
    left = request.length
    while left > 0:
        block = request.read(min(BLOCK, left))
        if not block:
            raise S3Error(400, "IncompleteBody", "The request body terminated unexpectedly")
        left -= len(block)
        if refusal is None:
            try:
                reader.feed(block)
            except S3Error as error:
                refusal = error
    if refusal is not None:
        raise refusal
    return reader.finish()


class _Reader:
    """Takes the body block by block and keeps the fields and as much of the file as is allowed."""

    def __init__(
        self, decoder: MultipartDecoder, check: Callable[[dict[str, str]], SizeRange]
    ) -> None:
        self._decoder = decoder
        self._check = check
        self._fields: dict[str, str] = {}
        self._name: str | None = None  # of the part being read; None: ignored
        self._part = bytearray()
        self._sizes: SizeRange | None = None
        self._size = 0
        self._file_done = False

    def feed(self, block: bytes) -> None:
        try:
            self._decoder.receive_data(block)
            while not isinstance(event := self._decoder.next_event(), NeedData):
                if isinstance(event, Field | File):
                    self._begin(event)
                elif isinstance(event, Data):
                    self._take(event)
        except (ValueError, RequestEntityTooLarge):
            raise _malformed() from None

    def _begin(self, part: Field | File) -> None:
        self._name = None if self._file_done else (part.name or "").lower()
        self._part = bytearray()
        if self._name == "file":
            # The name that the file has on the person's disk, without its folders.
            name = part.filename if isinstance(part, File) and part.filename else ""
            name = name.replace("\\", "/").rsplit("/", 1)[-1]
            self._fields["key"] = self._fields.get("key", "").replace("${filename}", name)
            if not self._fields["key"]:
                del self._fields["key"]
            self._sizes = self._check(self._fields)

    def _take(self, event: Data) -> None:
        if self._name is None:
            return
        if self._name == "file" and self._sizes:
            self._size += len(event.data)
            if self._size <= self._sizes.largest:
                self._part += event.data
            self._file_done = not event.more_data
            return
        self._part += event.data
        if len(self._part) + sum(map(len, self._fields.values())) > MAX_FIELD_BYTES:
            raise S3Error(
                400,
                "MaxPostPreDataLengthExceeded",
                "Your POST request fields preceding the upload file were too large.",
                MaxPostPreDataLengthBytes=MAX_FIELD_BYTES,
            )
        if not event.more_data:
            self._fields[self._name] = self._part.decode("utf-8", "replace")

    def finish(self) -> Form:
        try:
            self._decoder.receive_data(None)
            complete = isinstance(self._decoder.next_event(), Epilogue)
        except ValueError:
            complete = False
        if not complete:
            raise _malformed()
        if not self._sizes or not self._file_done:
            raise invalid_argument(
                "POST requires exactly one file upload per request.", "file", "0"
            )
        self._sizes.check(self._size)
        return Form(self._fields, bytes(self._part))


def object_headers(form: Form) -> Headers:
    """Return the headers that a PUT of the same object would have had."""
    return Headers(
        [
            (name, value)
            for name, value in form.fields.items()
            if name in OBJECT_HEADERS
            or name.startswith(("x-amz-meta-", "x-amz-server-side-", "x-amz-storage-", "x-amz-tag"))
        ]
    )


def success(form: Form, bucket: str, key: str, origin: str, stored: Headers) -> Answer:
    """Return what S3 answers once the object of a form is stored; `stored` are the PUT's headers."""
    etag = stored["ETag"]
    location = f"{origin}/{bucket}/{quote(key, safe='/~')}"
    headers = Headers({"ETag": etag, "Location": location})
    if "x-amz-version-id" in stored:
        headers["x-amz-version-id"] = stored["x-amz-version-id"]
    redirect = urlsplit(form.fields.get("success_action_redirect", form.fields.get("redirect", "")))
    if redirect.scheme in ("http", "https"):
        query = urlencode({"bucket": bucket, "key": key, "etag": etag})
        both = "&".join(filter(None, (redirect.query, query)))
        headers["Location"] = urlunsplit(redirect._replace(query=both))
        return Answer(303, headers)
    status = form.fields.get("success_action_status")
    if status == "201":
        elements = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in elements.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{inner}</PostResponse>'
        headers["Content-Type"] = "application/xml"
        return Answer(201, headers, body.encode())
    return Answer(200 if status == "200" else 204, headers)


def _malformed() -> S3Error:
    return S3Error(
        400,
        "MalformedPOSTRequest",
        "The body of your POST request is not well-formed multipart/form-data.",
    )
