"""The way of a request through the local S3: check, do, keep, tell."""

import logging
from collections.abc import Callable
from datetime import datetime

from botocore.credentials import Credentials
from werkzeug.datastructures import Headers

from services.local.s3 import aws_chunked, checksums, cors, notifications, post_form, post_policy
from services.local.s3.errors import S3Error, access_denied, invalid_argument
from services.local.s3.exchange import Answer, Request
from services.local.s3.moto_backend import MotoBackend
from services.local.s3.object_folder import ObjectFolder
from services.local.s3.queueing import Queueing, refusal
from services.local.s3.service import Service
from services.local.s3.signature import SignatureCheck, Signed

logger = logging.getLogger(__name__)


class Application:
    """An S3, and the SQS that it notifies, for one key pair."""

    def __init__(
        self,
        credentials: Credentials,
        region: str,
        folder: ObjectFolder | None,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._check = SignatureCheck(credentials, region, now)
        moto = MotoBackend(region)
        self._queues = Queueing(moto)
        self._service = Service(moto, self._queues, folder, str(credentials.access_key), now)

    def close(self) -> None:
        """Answer nothing any more; what is being done is done first."""
        self._queues.close()
        self._service.close()

    def answer(self, request: Request) -> Answer:
        """Answer one request; never raises."""
        try:
            answer = self._do(request)
        except S3Error as error:
            answer = _refuse(request, error)
        except Exception:  # the server must live on, as S3 does
            logger.exception(
                "internal error", extra={"method": request.method, "path": request.path}
            )
            internal = S3Error(
                500, "InternalError", "We encountered an internal error. Please try again."
            )
            answer = _refuse(request, internal)
        if request.method != "OPTIONS":
            rules = self._service.cors_rules(request.bucket)
            origin = request.headers.get("Origin")
            answer.headers.extend(cors.headers_for(rules, request.method, origin))
        answer.headers["x-amz-request-id"] = request.id
        answer.headers["x-amz-id-2"] = request.id
        return answer

    def _do(self, request: Request) -> Answer:
        if request.method == "OPTIONS":
            rules = self._service.cors_rules(request.bucket)
            return Answer(200, cors.preflight(rules, request.headers))
        is_form = request.headers.get("Content-Type", "").startswith("multipart/form-data")
        if request.method == "POST" and is_form and not request.key:
            return self._do_form(request)
        body = request.read_all()
        signed = self._authenticate(request, body)
        if signed.service == "sqs":
            return self._queues.answer(request, body)
        if signed.service != "s3":
            raise S3Error(
                400,
                "AuthorizationHeaderMalformed",
                f"The authorization header is malformed; incorrect service {signed.service!r}. "
                'This endpoint belongs to "s3".',
            )
        request, body = _decoded(request, body, signed)
        checksums.check({name.lower(): value for name, value in request.headers}, body)
        return self._service.do(request, body)

    def _authenticate(self, request: Request, body: bytes) -> Signed:
        names = {name.lower() for name in request.parameters}
        if "Authorization" in request.headers:
            if "x-amz-algorithm" in names:
                raise invalid_argument(
                    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                    "Signature query string parameter or the Authorization header should be "
                    "specified",
                    "Authorization",
                    request.headers["Authorization"],
                )
            return self._check.header(request, body)
        if names & {"x-amz-algorithm", "x-amz-signature", "x-amz-credential"}:
            return self._check.query(request)
        raise access_denied()

    def _do_form(self, request: Request) -> Answer:
        def check(fields: dict[str, str]) -> post_policy.SizeRange:
            if "policy" not in fields:
                raise access_denied()
            for name in ("key", "x-amz-signature"):
                if name not in fields:
                    msg = (
                        f"Bucket POST must contain a field named '{name}'.  If it is specified, "
                        "please check the order of the fields."
                    )
                    raise invalid_argument(msg, name, "")
            self._check.form(fields)
            return post_policy.check_policy(fields["policy"], fields, request.bucket, self._now())

        form = post_form.read_form(request, check)
        key = form.fields["key"]
        put = request.put_instead(key, post_form.object_headers(form))
        checksums.check(form.fields, form.file)
        stored = self._service.do(put, form.file, notifications.CREATED_POST)
        if not stored.ok:
            return stored
        origin = f"http://{request.headers.get('Host', 'localhost')}"
        return post_form.success(form, request.bucket, key, origin, stored.headers)


def _refuse(request: Request, error: S3Error) -> Answer:
    if "X-Amz-Target" in request.headers:
        return refusal(error)
    logger.info(
        "refused",
        extra={
            "method": request.method,
            "path": request.path,
            "status": error.status,
            "code": error.code,
            "reason": error.message,
        },
    )
    headers = Headers({"Content-Type": "application/xml"})
    return Answer(error.status, headers, error.to_xml(request.path, request.id))


def _decoded(request: Request, body: bytes, signed: Signed) -> tuple[Request, bytes]:
    """Return request and body without the aws-chunked coding, if they have it."""
    coding = request.headers.get("X-Amz-Content-SHA256", "")
    if coding not in aws_chunked.CODINGS:
        return request, body
    length = request.headers.get("X-Amz-Decoded-Content-Length", "")
    if not length.isdigit():
        raise S3Error(
            411, "MissingContentLength", "You must provide the x-amz-decoded-content-length header."
        )
    body, trailer = aws_chunked.decode(body, coding, signed, int(length))
    headers = request.headers.copy()
    codings = [part.strip() for part in headers.get("Content-Encoding", "").split(",")]
    headers["Content-Encoding"] = ",".join(part for part in codings if part != "aws-chunked")
    if not headers["Content-Encoding"]:
        headers.remove("Content-Encoding")
    headers.remove("X-Amz-Content-SHA256")
    headers.extend(trailer)
    return request.with_changes(headers=headers), body
