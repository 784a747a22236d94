"""The local S3 with a key pair for each function, which does only what that function's role allows.

It also keeps a list: each right that was asked for, by whom.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.credentials import Credentials

from services.local.s3 import LocalS3
from services.local.s3.errors import access_denied
from services.local.s3.exchange import Answer, Request
from services.local.s3.signature import SignatureCheck
from tests.deploy.iam import OVER_TLS, Iam, Policy, Question
from tests.deploy.s3_calls import Right, rights_for


@dataclass(frozen=True, slots=True)
class Function:
    """Somebody whose calls are counted, with the policies that apply to them."""

    name: str
    policy: Policy

    @property
    def credentials(self) -> Credentials:
        """Temporary ones, as Lambda gives them; the access key id says who it is."""
        return Credentials(self.name, f"secret of {self.name}", f"token of {self.name}")

    def session(self) -> boto3.Session:
        """Return a session that has them."""
        held = self.credentials
        return boto3.Session(held.access_key, held.secret_key, held.token, region_name="us-east-1")


class KeyPairs:
    """Stands in for the check of the one key pair: the server's own, or one function's."""

    def __init__(self, own: SignatureCheck, functions: list[Function]) -> None:
        self._own = own
        self._functions = {function.name: function for function in functions}
        self._thread = threading.local()

    def allow(self, name: str, policy: Policy) -> None:
        """Give a function another policy."""
        self._functions[name] = Function(name, policy)

    @property
    def caller(self) -> Function | None:
        """Who signed what this thread is doing; None is the server's own key pair."""
        caller: Function | None = self._thread.caller
        return caller

    def _of(self, credential: str) -> SignatureCheck:
        caller = self._functions.get(credential.partition("/")[0])
        self._thread.caller = caller
        if caller is None:
            return self._own
        return replace(self._own, credentials=caller.credentials)

    def header(self, request: Request, body: bytes | None) -> Any:
        """Check the Authorization header."""
        given = request.headers["Authorization"].partition("Credential=")[2]
        return self._of(given).header(request, body)

    def query(self, request: Request) -> Any:
        """Check a presigned URL."""
        return self._of(request.parameters.get("X-Amz-Credential", "")).query(request)

    def form(self, fields: dict[str, str]) -> None:
        """Check a presigned form."""
        self._of(fields.get("x-amz-credential", "")).form(fields)


class GuardedS3:
    """Puts the guard into a local S3 that runs.

    `context` is what IAM knows of each request besides; over TLS by default, because on AWS it is
    and here it never is. `bucket_policies` are by bucket name.
    """

    def __init__(
        self,
        server: LocalS3,
        iam: Iam,
        functions: list[Function],
        *,
        bucket_policies: dict[str, Policy] | None = None,
        context: dict[str, str] = OVER_TLS,
    ) -> None:
        application: Any = server._application
        self._iam = iam
        self._context = context
        self._bucket_policies = bucket_policies or {}
        self._pairs = KeyPairs(application._check, functions)
        self._do: Callable[..., Answer] = application._service.do
        self._moto = application._service._moto
        application._check = self._pairs
        application._service.do = self.do
        self.allow = self._pairs.allow
        self.asked: set[tuple[str, Right]] = set()
        self.denied: set[tuple[str, Right]] = set()

    def do(self, request: Request, body: bytes, event: str | None = None) -> Answer:
        """Do what the caller's role allows; AccessDenied, as S3 says it, is all else."""
        caller = self._pairs.caller
        if caller is None:
            return self._do(request, body, event)
        for right in rights_for(request, tags_of_source=self._source_has_tags(request)):
            self._require(caller, right)
        answer = self._do(request, body, event)
        if request.key and answer.status == 404:
            # "If you don't have the s3:ListBucket permission, Amazon S3 returns an HTTP status code
            # 403": whether an object is missing is told only to who may list.
            self._require(caller, Right("s3:ListBucket", f"arn:aws:s3:::{request.bucket}"))
        return answer

    def _require(self, caller: Function, right: Right) -> None:
        self.asked.add((caller.name, right))
        bucket = right.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        question = Question(
            action=right.action,
            resource=right.resource,
            policy=caller.policy,
            bucketPolicy=self._bucket_policies.get(bucket),
            context=self._context,
        )
        if not self._iam.allows(question):
            self.denied.add((caller.name, right))
            raise access_denied()

    def _source_has_tags(self, request: Request) -> bool:
        source = request.headers.get("x-amz-copy-source", "").lstrip("/")
        bucket, _, key = source.partition("?")[0].partition("/")
        model = self._moto.current(bucket, key) if source else None
        return bool(model and self._moto.s3.tagger.get_tag_dict_for_resource(model.arn))
