"""moto's S3 and SQS without a server around them, and each fact about their insides relied on here.

moto 5.2: its `S3Response.bucket_dispatch` and `key_dispatch` take a werkzeug request and return
status, headers and body; state hangs off `s3_backends[account]["aws"]`; notifications go through
the module `moto.s3.notifications`; every model is kept for ever in its class's `instances_tracked`.
moto is not safe for threads: the caller holds one lock around each call.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Iterator
from email.header import Header
from typing import Any

from moto.core.request import Request as MotoRequest
from moto.s3 import models, notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, FakeMultipart, S3Backend
from moto.s3.responses import S3Response
from moto.sqs.models import SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse
from werkzeug.datastructures import Headers

from services.local.s3.cors import CorsRule
from services.local.s3.exchange import Answer, Request
from services.local.s3.signature import SIGNATURE_PARAMETERS

_accounts = itertools.count(1)
_OTHERS_HEADERS = frozenset({"date", "server", "content-length", "x-amzn-requestid"})


class _Unshared(dict[str, Any]):
    """Stays empty: moto's book of bucket names, which all accounts share.

    Two servers in one process are two worlds.
    """

    def __setitem__(self, name: str, value: Any) -> None:
        pass


class _Request(MotoRequest):
    # An object is never a form to moto, whatever its content type says, and not copied on its way.
    want_form_data_parsed = False
    given = b""

    def get_data(self, *_args: Any, **_kwargs: Any) -> bytes:  # type: ignore[override]  # bytes only
        return self.given


def _copy_without_bytes(key: FakeKey, _memo: dict[int, Any]) -> FakeKey:
    """Stand in for `FakeKey.__deepcopy__`: ListObjectVersions copies every object's bytes."""
    copied = object.__new__(FakeKey)
    key.etag  # noqa: B018  # computes it, once
    # A copy closes its buffer when it goes; the object still needs its own.
    copied.__dict__.update(key.__dict__, multipart=None, disposed=True, _value_buffer=None)
    return copied


def _silent(*_args: Any, **_kwargs: Any) -> None:
    """Stand in for moto's sender: its records lack what S3's have, and it sends before the disk."""


def _adapt_moto() -> None:
    models.s3_backends.bucket_accounts = _Unshared()
    notifications.send_event = _silent
    notifications.send_test_event = _silent
    FakeKey.__deepcopy__ = _copy_without_bytes  # type: ignore[attr-defined]  # it is what we add
    for kind in (FakeKey, FakeDeleteMarker, FakeMultipart):
        kind.instances_tracked = deque(maxlen=0)  # type: ignore[union-attr]  # a metaclass's


_adapt_moto()


class MotoBackend:
    """One account's S3 and SQS in memory; accounts of one process do not see each other."""

    def __init__(self, region: str) -> None:
        self.account_id = f"{next(_accounts):012d}"
        self.region = region
        self.s3: S3Backend = models.s3_backends[self.account_id]["aws"]
        self.sqs: SQSBackend = sqs_backends[self.account_id][region]

    def close(self) -> None:
        """Forget everything."""
        for bucket in self.s3.buckets.values():
            for versions in list(bucket.keys.lists()):
                for version in versions[1]:
                    dispose(version)
            for upload in bucket.multiparts.values():
                upload.dispose()
        models.s3_backends.pop(self.account_id, None)
        sqs_backends.pop(self.account_id, None)

    def bucket(self, name: str) -> FakeBucket | None:
        """Return a bucket's model, or None."""
        return self.s3.buckets.get(name)

    def current(self, bucket: str, key: str) -> FakeKey | FakeDeleteMarker | None:
        """Return the model of what a key holds now, or None."""
        model = self.bucket(bucket)
        return model.keys.get(key) if model else None

    def version(self, bucket: str, key: str, version_id: str) -> FakeKey | FakeDeleteMarker | None:
        """Return the model of one version, or None."""
        model = self.bucket(bucket)
        versions = model.keys.getlist(key, []) if model else []
        return next((v for v in versions if str(v.version_id) == version_id), None)

    def cors_rules(self, name: str) -> Iterator[CorsRule]:
        """Yield the CORS rules of a bucket."""
        bucket = self.bucket(name)
        for rule in bucket.cors if bucket else ():
            yield CorsRule(
                *(_strings(rule.allowed_origins), _strings(rule.allowed_methods)),
                *(_strings(rule.allowed_headers), _strings(rule.exposed_headers)),
                rule.max_age_seconds,
            )

    def call_s3(self, request: Request, body: bytes) -> Answer:
        """Let moto do an S3 request, and return its answer."""
        moto_request = self._to_moto(request, body, "s3")
        dispatch = S3Response.key_dispatch if request.key else S3Response.bucket_dispatch
        return _answer(dispatch(moto_request, moto_request.raw_url, moto_request.headers))

    def call_sqs(self, request: Request, body: bytes) -> Answer:
        """Let moto do an SQS request, and return its answer."""
        moto_request = self._to_moto(request, body, "sqs")
        return _answer(
            SQSResponse.dispatch(moto_request, moto_request.raw_url, moto_request.headers)
        )

    def send(self, queue: str, message: str) -> None:
        """Put a message into a queue; raises whatever moto raises where there is no such queue."""
        self.sqs.send_message(queue_name=queue, message_body=message)

    def _to_moto(self, request: Request, body: bytes, service: str) -> MotoRequest:
        headers = Headers(request.headers)
        for name in ("Authorization", "Content-Length", "Expect", "X-Amz-Security-Token"):
            headers.remove(name)
        # What moto reads from it: that the request is signed, and the region.
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential=local/20000101/{self.region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=checked"
        )
        headers["x-moto-account-id"] = self.account_id
        query = "&".join(
            part
            for part in request.raw_query.split("&")
            if part.partition("=")[0].lower() not in SIGNATURE_PARAMETERS
        )
        host = request.headers.get("Host", "localhost")
        moto_request = _Request.from_primitives(
            request.method, f"http://{host}{request.raw_path}?{query}", headers
        )
        moto_request.given = body  # type: ignore[attr-defined]  # declared to return its base
        return moto_request


def dispose(version: FakeKey | FakeDeleteMarker) -> None:
    """Let go of a version's bytes in memory; moto warns when it has to do it itself."""
    if isinstance(version, FakeKey):
        version.dispose()


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _answer(response: Any) -> Answer:
    status, headers, body = response
    kept = Headers()
    for name, value in dict(headers).items():
        lower = name.lower()
        # The server sets its own; cross-origin headers are the guard's.
        if lower not in _OTHERS_HEADERS and not lower.startswith("access-control-"):
            kept.add(name, _header_text(str(value)))
    if "content-length" in {name.lower() for name in headers} and not body:
        length = next(str(v) for n, v in headers.items() if n.lower() == "content-length")
        kept["Content-Length"] = length  # of the object that a HEAD asks about
    return Answer(int(status), kept, body.encode() if isinstance(body, str) else bytes(body))


def _header_text(text: str) -> str:
    """Return metadata as S3 sends it: what is not Latin-1 in RFC 2047's coding."""
    with contextlib.suppress(UnicodeEncodeError):
        text.encode("latin-1")
        return text
    return Header(text, "utf-8", maxlinelen=10_000).encode()
