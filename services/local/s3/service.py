"""What an S3 request does: the change, the disk and the event, as one step for everybody else."""

import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey
from werkzeug.datastructures import Headers

from services.local.s3 import conditions, notifications
from services.local.s3.cors import CorsRule
from services.local.s3.errors import S3Error
from services.local.s3.exchange import Answer, Request
from services.local.s3.listing import KeyIndex, Listed, list_objects
from services.local.s3.moto_backend import MotoBackend
from services.local.s3.notifications import Sequencer
from services.local.s3.object_folder import ObjectFolder
from services.local.s3.persistence import Persistence
from services.local.s3.queueing import Queueing

MAX_KEY_BYTES = 1024
_BUCKET_NAME = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Query parameters that make a PUT of a key one of something else than its object.
_SUBRESOURCES = frozenset({"acl", "tagging", "retention", "legal-hold", "uploadId"})


class Service:
    """The buckets and objects, in memory and, where `folder` is given, on disk.

    One lock around all of it: moto is not safe for threads, and a condition holds until its write.
    """

    def __init__(
        self,
        moto: MotoBackend,
        queues: Queueing,
        folder: ObjectFolder | None,
        principal: str,
        now: Callable[[], datetime],
    ) -> None:
        self._moto = moto
        self._queues = queues
        self._principal = principal
        self._now = now
        self._sequencer = Sequencer()
        self._lock = threading.Lock()
        self._closed = False
        self._indexes: dict[str, KeyIndex] = {}
        self._folder = folder
        self._kept: Persistence | None = None
        if folder:
            self._kept = Persistence(moto, folder, self._sequencer)
            self._kept.restore()

    def close(self) -> None:
        """Change nothing any more, once what is being done is done."""
        with self._lock:
            self._closed = True
            self._moto.close()
            if self._folder:
                self._folder.close()

    def cors_rules(self, bucket: str) -> list[CorsRule]:
        """Return the CORS rules of a bucket."""
        with self._lock:
            return list(self._moto.cors_rules(bucket))

    def do(self, request: Request, body: bytes, event: str | None = None) -> Answer:
        """Do a checked request; `event` names it where its method alone does not.

        Its change is on disk and its notification sent when this returns. Raises S3Error.
        """
        event = event or _event_of(request)
        with self._lock:
            if self._closed:
                raise S3Error(503, "ServiceUnavailable", "Service is unable to handle request.")
            if _is_listing(request) and (bucket := self._moto.bucket(request.bucket)):
                return self._list(request, bucket)
            self._check_state(request, event)
            answer = self._moto.call_s3(_unconditional(request), body)
            if answer.ok and request.method in ("PUT", "POST", "DELETE"):
                self._keep(request, answer, event)
        return answer

    def _check_state(self, request: Request, event: str | None) -> None:
        if request.method in ("GET", "HEAD"):
            return
        asked = request.parameters
        bucket = self._moto.bucket(request.bucket)
        creates = request.method == "PUT" and not request.key and not asked.keys() - {"x-id"}
        if creates and not _BUCKET_NAME.fullmatch(request.bucket):
            raise S3Error(400, "InvalidBucketName", "The specified bucket is not valid.")
        if len(request.key.encode("utf-8", "replace")) > MAX_KEY_BYTES:
            raise S3Error(400, "KeyTooLongError", "Your key is too long")
        if creates and bucket:
            raise S3Error(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own "
                "it.",
                BucketName=request.bucket,
            )
        if "uploadId" in asked and bucket and asked["uploadId"] not in bucket.multiparts:
            raise S3Error(
                404,
                "NoSuchUpload",
                "The specified upload does not exist. The upload ID may be invalid, or the upload "
                "may have been aborted or completed.",
                UploadId=asked["uploadId"],
            )
        if not request.key:
            return
        given = request.headers.get
        source = given("x-amz-copy-source")
        if source:
            conditions.check_copy_source(
                self._copy_source(source),
                given("x-amz-copy-source-if-match"),
                given("x-amz-copy-source-if-none-match"),
            )
        current = _current(self._moto.current(request.bucket, request.key))
        if request.method == "DELETE":
            conditions.check_delete(current, given("If-Match"))
        elif event:
            conditions.check_write(current, given("If-Match"), given("If-None-Match"))

    def _copy_source(self, source: str) -> conditions.Current | None:
        path, _, query = source.partition("?")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        version_id = parse_qs(query).get("versionId", [None])[0]
        if version_id:
            return _current(self._moto.version(bucket, key, version_id))
        return _current(self._moto.current(bucket, key))

    def _list(self, request: Request, bucket: FakeBucket) -> Answer:
        def look_up(key: str) -> Listed:
            model = bucket.keys[key]
            return Listed(
                etag=model.etag,
                size=model.size,
                modified=model.last_modified,
                storage_class=model.storage_class,
                checksum=model.checksum_algorithm,
            )

        if bucket.name not in self._indexes:
            live = (key for key, model in bucket.keys.items() if isinstance(model, FakeKey))
            self._indexes[bucket.name] = KeyIndex(live)
        index = self._indexes[bucket.name]
        body = list_objects(bucket.name, index, request.parameters, look_up)
        return Answer(200, Headers({"Content-Type": "application/xml"}), body)

    def _keep(self, request: Request, answer: Answer, event: str | None) -> None:
        asked = request.parameters
        bucket = request.bucket
        if not request.key:
            self._indexes.pop(bucket, None)
        elif bucket in self._indexes:
            present = isinstance(self._moto.current(bucket, request.key), FakeKey)
            self._indexes[bucket].set(request.key, present=present)
        sequencer = ""
        if self._kept and request.key:
            started = re.search(rb"<UploadId>([^<]+)</UploadId>", answer.body)
            upload_id = started[1].decode() if started else asked.get("uploadId")
            # A joined object is on disk before its parts are removed.
            sequencer = self._kept.save_key(bucket, request.key)
            if upload_id:
                self._kept.save_upload(bucket, upload_id)
        elif self._kept:
            self._kept.save_bucket(bucket)
            if "delete" in asked:
                self._kept.save_all(bucket)
        if event:
            self._notify(request, event, sequencer or self._sequencer.next())
        if "notification" in asked:
            for queue in self._queues_of(bucket):
                self._queues.send(queue.arn, notifications.test_event_body(bucket, self._now()))

    def _notify(self, request: Request, event: str, sequencer: str) -> None:
        model = self._moto.current(request.bucket, request.key)
        if not isinstance(model, FakeKey):
            return
        created = notifications.Created(
            bucket=request.bucket,
            key=request.key,
            size=model.size,
            etag=model.etag.strip('"'),
            version_id=None if model.version_id == "null" else model.version_id,
            sequencer=sequencer,
        )
        cause = notifications.Cause(
            event=event,
            request_id=request.id,
            source_ip=request.source_ip,
            principal=self._principal,
            region=self._moto.region,
            moment=self._now(),
        )
        for queue in self._queues_of(request.bucket):
            if queue.matches(event, request.key):
                self._queues.send(queue.arn, notifications.event_body(created, cause, queue.id))

    def _queues_of(self, bucket: str) -> list[Any]:
        model = self._moto.bucket(bucket)
        configuration = model.notification_configuration if model else None
        return list(configuration.queue) if configuration else []


def _event_of(request: Request) -> str | None:
    """Return the event of a request that stores an object, or None."""
    asked = request.parameters.keys()
    if not request.key:
        return None
    if request.method == "POST" and "uploadId" in asked:
        return notifications.CREATED_MULTIPART
    if request.method != "PUT" or asked & _SUBRESOURCES:
        return None
    if "x-amz-copy-source" in request.headers:
        return notifications.CREATED_COPY
    return notifications.CREATED_PUT


def _is_listing(request: Request) -> bool:
    is_get = request.method == "GET" and not request.key
    return is_get and request.parameters.get("list-type") == "2"


def _unconditional(request: Request) -> Request:
    """Return a write without the conditions that were decided already."""
    if request.method in ("GET", "HEAD"):
        return request
    headers = request.headers.copy()
    for name in ("If-Match", "If-None-Match", "x-amz-copy-source-if-none-match"):
        headers.remove(name)
    return request.with_changes(headers=headers)


def _current(model: FakeKey | FakeDeleteMarker | None) -> conditions.Current | None:
    if model is None:
        return None
    return conditions.Current(model.etag.strip('"') if isinstance(model, FakeKey) else None)
