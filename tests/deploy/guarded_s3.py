"""A proxy in front of the object store that does only what the role of whoever signed allows.

It also keeps a list: each right that was asked for, by whom.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import boto3

from tests.deploy.iam import OVER_TLS, Iam, Policy, Question
from tests.deploy.s3_calls import Call, Right, rights_for
from tests.faults.faulty_s3 import FaultyS3, FaultyS3Handler
from tests.object_store import REGION, SECRET, ObjectStore

DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
SIGNED_BY = re.compile(rb"Credential=(\w+)|name=\"x-amz-credential\"\r\n\r\n(\w+)", re.IGNORECASE)
FORM_KEY = re.compile(rb'name="key"\r\n\r\n(.*)\r\n')


@dataclass(frozen=True, slots=True)
class Function:
    """Somebody whose calls are counted, with the policies that apply to them."""

    name: str  # and access key id
    policy: Policy

    def session(self) -> boto3.Session:
        """Return a session that has its credentials."""
        return boto3.Session(self.name, SECRET, region_name=REGION)


class _Handler(FaultyS3Handler):
    server: "GuardedS3"

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        call = Call.read(self.command, self.path, dict(self.headers))
        if self.command == "POST" and (form := FORM_KEY.search(body)):
            call = replace(call, key=form[1].decode())
        head = f"{self.path} {self.headers.get('Authorization', '')}\n".encode()
        signed = SIGNED_BY.search(head + body)
        caller = self.server.functions.get((signed[1] or signed[2]).decode() if signed else "")
        if caller and not self.server.may(caller, call):
            return 403, [("Content-Type", "application/xml")], DENIED
        status, headers, answer = super()._forward(body)
        # "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code 403":
        # whether an object is missing is told only to who may list.
        listing = Right("s3:ListBucket", f"arn:aws:s3:::{call.bucket}")
        if caller and call.key and status == 404 and not self.server.allows(caller, listing):
            return 403, [("Content-Type", "application/xml")], DENIED
        return status, headers, answer

    do_OPTIONS = FaultyS3Handler._handle  # noqa: N815 http.server's name


class GuardedS3(FaultyS3):
    """The proxy. `functions` may be given other policies at any time.

    `context` is what IAM knows of each request besides; over TLS by default, because on AWS it is
    and here it never is. `bucket_policies` are by bucket name.
    """

    def __init__(
        self,
        store: ObjectStore,
        iam: Iam,
        functions: list[Function],
        *,
        bucket_policies: dict[str, Policy] | None = None,
        context: dict[str, str] = OVER_TLS,
    ) -> None:
        super().__init__(store.url)
        self.RequestHandlerClass = _Handler
        self._s3: Any = store.s3
        self._iam = iam
        self._context = context
        self._bucket_policies = bucket_policies or {}
        self.functions = {function.name: function for function in functions}
        self.asked: set[tuple[str, Right]] = set()
        self.denied: set[tuple[str, Right]] = set()

    def allow(self, name: str, policy: Policy) -> None:
        """Give a function another policy."""
        self.functions[name] = Function(name, policy)

    def may(self, caller: Function, call: Call) -> bool:
        """Tell whether a function has all rights that a call needs, and note them."""
        rights = rights_for(call, tags_of_source=self._source_has_tags(call))
        return not [right for right in rights if not self.allows(caller, right)]

    def allows(self, caller: Function, right: Right) -> bool:
        """Tell whether a function has a right, and note it."""
        self.asked.add((caller.name, right))
        bucket = right.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        question = Question(
            action=right.action,
            resource=right.resource,
            policy=caller.policy,
            bucketPolicy=self._bucket_policies.get(bucket),
            context=self._context,
        )
        allowed = self._iam.allows(question)
        if not allowed:
            self.denied.add((caller.name, right))
        return allowed

    def _source_has_tags(self, call: Call) -> bool:
        source = call.headers.get("x-amz-copy-source", "").lstrip("/")
        bucket, _, key = source.partition("?")[0].partition("/")
        return bool(key and self._s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])
