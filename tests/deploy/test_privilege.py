"""Each role allows exactly what its function does: not one action more, and not one less."""

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fastapi.routing import iter_route_contexts

from services.core.keys import new_photo_id
from services.resize.handler import RetryNeededError
from services.resize.publish import Outcome
from services.resize.reprocess import Reprocessing
from tests.deploy.deployment import deploy
from tests.deploy.iam import OVER_HTTP, OVER_TLS, Iam, Policy, Question
from tests.deploy.lifetime import Lifetime
from tests.deploy.packaging import ROOT, Template, package
from tests.deploy.roles import FOR_LAMBDA_ITSELF, differences, policies, rights_in
from tests.deploy.s3_calls import PREFIXES, Right
from tests.deploy.wiring import buckets

FUNCTIONS = ("resize", "web")
UPLOADS = "arn:aws:s3:::contact-sheet-dev-uploads-123456789012-us-east-1"
GALLERY = "arn:aws:s3:::contact-sheet-dev-gallery-123456789012-us-east-1"


def bucket_policies(template: Template) -> dict[str, Policy]:
    """Return the bucket policies that ship, by bucket name."""
    return {b["BucketName"]: b["BucketPolicy"] for b in buckets(template).values()}


@pytest.fixture(scope="module", params=["plain", "cdn"])
def lived(request: pytest.FixtureRequest, iam: Iam) -> Iterator[Lifetime]:
    """A gallery that has done everything, each function with its role alone."""
    template = package() if request.param == "plain" else package(cdn="true")
    with deploy(template, iam, bucket_policies=bucket_policies(template)) as deployment:
        lifetime = Lifetime(deployment)
        lifetime.live()
        yield lifetime


def test_each_role_allows_exactly_what_is_asked_of_it(lived: Lifetime, iam: Iam) -> None:
    """Over a whole life nothing is denied, and no right is left that nothing asked for."""
    assert lived.on.guard.denied == set()
    for function in FUNCTIONS:
        policy = lived.on.roles[function]
        assert differences(function, policy, lived.on.guard.asked, iam) == []


def test_it_was_a_whole_life(lived: Lifetime) -> None:
    """Every way to end was seen, and every route of the web function was taken."""
    assert lived.seen == {*Outcome, *Reprocessing}
    routes = [
        (route.path or "", route.methods or set())
        for route in iter_route_contexts(lived.on.client.app.routes)  # type: ignore[attr-defined] # FastAPI's
        if "albums" not in (route.path or "")  # what the main album has, each has
    ]
    assert len(routes) > 30
    untaken = {
        path
        for path, methods in routes
        if not any(
            method in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), taken)
            for method, taken in lived.requested
        )
    }
    # Other albums' settings, links and hidden photos were; these are the main one's, or need a device.
    assert untaken <= {
        *("/settings", "/delete", "/links", "/links/{id_}/sheet", "/hidden", "/work", "/guest"),
        *("/photos/{photo_id}/tidy", "/api/tidy", "/api/work", "/api/direct", "/upload/"),
        *("/l/{token}", "/signin", "/owner/sharex", "/owner/grants/{id_}/withdraw"),
        *(
            "/api/passkeys",
            "/api/passkeys/new",
            "/api/passkeys/signin",
            "/api/openapi.json",
            "/static",
        ),
    }


def test_every_call_of_the_store_was_made(lived: Lifetime) -> None:
    """Each place in services/store that calls S3 did so; a form is signed there and sent later."""
    written = set()
    for path in sorted((ROOT / "services/store").glob("*.py")):
        written |= calls_in(path)
    assert len(written) > 10
    assert written - lived.called == {("UploadBucket.presign_post", "generate_presigned_post")}
    assert lived.called - written == set()


def calls_in(path: Path) -> set[tuple[str, str]]:
    """Return which function of a module calls which operation of a client named s3 or _s3."""
    found = set()

    def search(node: ast.AST, name: str) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{name}.{node.name}".removeprefix(".")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            client = node.func.value
            if getattr(client, "attr", getattr(client, "id", "")) in ("s3", "_s3"):
                operation = node.func.attr
                if operation == "get_paginator":
                    assert isinstance(node.args[0], ast.Constant)
                    operation = str(node.args[0].value)
                found.add((name, operation))
        for child in ast.iter_child_nodes(node):
            search(child, name)

    search(ast.parse(path.read_text()), "")
    return found


def policy_of(rights: Iterable[Right]) -> Policy:
    """Return a policy with a statement for each right."""
    allowed = [{"Effect": "Allow", "Action": r.action, "Resource": r.resource} for r in rights]
    return {"Version": "2012-10-17", "Statement": allowed}


def one_of_each(asked: Iterable[tuple[str, Right]]) -> list[tuple[str, Right]]:
    """Return an example for each prefix: thousands of changed roles are held against them."""
    return list({(who, right.on_prefix()): (who, right) for who, right in asked}.values())


@pytest.mark.parametrize("lived", ["plain"], indirect=True)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_too_few_is_named(lived: Lifetime, iam: Iam, function: str) -> None:
    """Whichever right or statement is taken away: it is named, and nothing else is."""
    policy, asked = lived.on.roles[function], one_of_each(lived.on.guard.asked)
    for right in rights_in(policy):
        without = policy_of(rights_in(policy).keys() - {right})
        said = differences(function, without, asked, iam)
        assert said == [f"{function} needs {right.action} on {right.resource}"]
    for number, statement in enumerate(policy["Statement"]):
        rest = policy["Statement"][:number] + policy["Statement"][number + 1 :]
        said = differences(function, policy | {"Statement": rest}, asked, iam)
        gone = sorted(rights_in({"Statement": [statement]}))
        assert said == [f"{function} needs {r.action} on {r.resource}" for r in gone]


OBJECT_ACTIONS = (
    "GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion",
    "GetObjectTagging", "PutObjectTagging", "PutObjectAcl",
)  # fmt: skip
OTHER_RIGHTS = {
    *(
        Right(f"s3:{action}", f"{bucket}/{prefix}*")
        for action in OBJECT_ACTIONS
        for bucket in (UPLOADS, GALLERY)
        for prefix in (*PREFIXES, "")
    ),
    *(
        Right(action, bucket)
        for action in ("s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketPolicy")
        for bucket in (UPLOADS, GALLERY, "arn:aws:s3:::other")
    ),
    Right("s3:*", f"{GALLERY}/{PREFIXES[0]}*"),
    Right("sqs:ReceiveMessage", "<FailureQueue.Arn>"),
    Right("logs:CreateLogGroup", "*"),
}


@pytest.mark.parametrize("lived", ["plain"], indirect=True)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_too_much_is_named(lived: Lifetime, iam: Iam, function: str) -> None:
    """Whichever right is added, or allowed twice or on a wider prefix: it alone is named."""
    policy, asked = lived.on.roles[function], one_of_each(lived.on.guard.asked)
    listed = rights_in(policy)
    others = OTHER_RIGHTS - listed.keys()
    assert len(others) > 100
    for right in others:
        said = differences(function, policy_of([*listed, right]), asked, iam)
        assert said == [f"{function} may {right.action} on {right.resource} and never does"]
    for right in listed:
        said = differences(function, policy_of([*listed, right]), asked, iam)
        assert said == [f"{function} is allowed {right.action} on {right.resource} 2 times"]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "NotResource": "*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": {}},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
    ],
)
def test_what_could_mean_more_is_refused(statement: dict[str, Any]) -> None:
    """A statement that is no plain list of rights cannot pass unseen."""
    with pytest.raises(AssertionError):
        rights_in({"Statement": [statement]})


def without(function: str, right: Right) -> dict[str, Policy]:
    """Return a role that lacks a right."""
    policy = policies(package())[function]
    return {function: policy_of(rights_in(policy).keys() - {right})}


def test_a_denied_action_is_answered_as_on_aws(iam: Iam) -> None:
    """AccessDenied ends the invocation and loses nothing; with the right back, all is finished."""
    right = Right("s3:DeleteObjectVersion", f"{UPLOADS}/uploads/*")
    with deploy(package(), iam, changed=without("resize", right)) as on:
        begun = Lifetime(on).upload()
        event = on.events()[-1]
        with pytest.raises(RetryNeededError):
            on.invoke(event)
        assert {r.on_prefix() for _, r in on.guard.denied} == {right}
        assert on.web.uploads.head("main", begun["id"]) is not None
        on.guard.allow("resize", policies(package())["resize"])
        assert on.invoke(event) == {"published": 1}
        assert on.web.uploads.head("main", begun["id"]) is None


def test_without_tls_nothing_is_done(iam: Iam) -> None:
    """The bucket policies that ship deny every call of both functions over plain HTTP."""
    template = package()
    policies_ = bucket_policies(template)
    with deploy(template, iam, bucket_policies=policies_, context=OVER_HTTP) as on:
        assert on.client.get("/readyz").status_code == 503
        url, fields = on.web.uploads.presign_post(
            "main", new_photo_id(datetime.now(UTC)), content_type="image/jpeg", name="",
            delete_sha256="",
        )  # fmt: skip
        answer = on.http.post(url, data=fields, files={"file": b"x"})
        assert answer.status_code == 403
        assert "<Code>AccessDenied</Code>" in answer.text
        with pytest.raises(ClientError, match="AccessDenied"):
            on.resize.gallery.entry_keys("main", "7" + "Z" * 25)


def test_the_cdn_reads_pictures_and_nobody_else_does(template: Template, iam: Iam) -> None:
    """The bucket policies allow one distribution the variants, and nobody anything more."""
    ours = "arn:aws:cloudfront::123456789012:distribution/E123"
    reads = [(GALLERY, prefix) for prefix in PREFIXES] + [(UPLOADS, "uploads/")]
    allowed = set()
    for bucket, prefix in reads:
        policy = bucket_policies(template)[bucket.removeprefix("arn:aws:s3:::")]
        for who, source in (("ours", ours), ("another", ours[:-1] + "4"), (None, None)):
            question = Question(
                action="s3:GetObject",
                resource=f"{bucket}/{prefix}x",
                principal="cloudfront.amazonaws.com" if who else None,
                bucketPolicy=policy,
                context=OVER_TLS | ({"aws:SourceArn": source} if source else {}),
            )
            if iam.allows(question):
                allowed.add((who, bucket, prefix))
    cdn = "Distribution" in template["Resources"]
    assert allowed == ({("ours", GALLERY, "photos/")} if cdn else set())


def test_the_permissions_are_documented(template: Template) -> None:
    """The table in docs/deploy.md is what the roles allow."""
    rows = []
    for function, policy in policies(template).items():
        actions: dict[str, list[str]] = {}
        for right in sorted(rights_in(policy).keys() - FOR_LAMBDA_ITSELF[function]):
            name = right.resource.replace(UPLOADS, "upload bucket").replace(
                GALLERY, "gallery bucket"
            )
            actions.setdefault(name.replace("/", ", `", 1).replace("*", "`"), []).append(
                f"`{right.action}`"
            )
        rows += [
            f"| {function} | {on} | {', '.join(names)} |" for on, names in sorted(actions.items())
        ]
    assert "\n".join(rows) in (ROOT / "docs/deploy.md").read_text(), "\n".join(rows)
