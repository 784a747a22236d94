"""Each role allows exactly what its function does: not one action more, and not one less."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from services.resize.handler import RetryNeededError
from services.resize.publish import Outcome
from services.resize.reprocess import Reprocessing
from tests.deploy.deployment import STACK, deploy
from tests.deploy.iam import OVER_HTTP, OVER_TLS, Iam, Policy, Question
from tests.deploy.lifetime import Lifetime
from tests.deploy.ministack import running_ministack
from tests.deploy.packaging import ROOT, Template, of_type, package
from tests.deploy.roles import (
    FOR_LAMBDA_ITSELF,
    PREFIXES,
    Right,
    differences,
    policies,
    rights_in,
)

UPLOADS = "arn:aws:s3:::contact-sheet-dev-uploads-123456789012-us-east-1"
GALLERY = "arn:aws:s3:::contact-sheet-dev-gallery-123456789012-us-east-1"


def bucket_policies(template: Template) -> dict[str, Policy]:
    """Return the bucket policies that ship, by the bucket's ARN."""
    policies_ = of_type(template, "AWS::S3::BucketPolicy").values()
    return {f"arn:aws:s3:::{policy['Bucket']}": policy["PolicyDocument"] for policy in policies_}


@pytest.fixture(scope="module", params=["plain", "cdn"])
def lived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lifetime]:
    """A gallery that has done everything, each function with its role alone."""
    template = package() if request.param == "plain" else package(cdn="true")
    with (
        running_ministack(tmp_path_factory.mktemp(request.param)) as account,
        deploy(account, template) as deployment,
    ):
        lifetime = Lifetime(deployment)
        lifetime.live()
        yield lifetime


def test_each_role_allows_exactly_what_is_asked_of_it(lived: Lifetime, iam: Iam) -> None:
    """Over a whole life nothing is denied, and no right is left that nothing asked for.

    Two evaluators say so: MiniStack's, which each request passed, and iam-simulate.
    """
    found = [
        line
        for function, policy in policies(lived.on.template).items()
        for line in differences(function, policy, lived.on.asked(function), iam)
    ]
    assert found == []


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
        *(
            "/settings",
            "/delete",
            "/links",
            "/links/{id_}/sheet",
            "/hidden",
            "/similar",
            "/waiting",
            "/work",
            "/guest",
        ),
        *(
            "/photos/{photo_id}/tidy",
            "/photos/{photo_id}/cover",
            "/photos/{photo_id}/clock",
            "/photos/{photo_id}/caption",
            "/api/photos/{photo_id}/caption",
            "/api/tidy",
            "/api/work",
        ),
        *(
            "/.well-known/security.txt",
            "/upload/",
            "/l/{token}",
            "/signin",
            "/owner/grants/{id_}/withdraw",
        ),
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

    def search(node: ast.AST, name: str, inside: bool) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not inside:
            name = f"{name}.{node.name}".removeprefix(".")
            inside = isinstance(node, ast.FunctionDef)  # one in it goes by its name
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            client = node.func.value
            if getattr(client, "attr", getattr(client, "id", "")) in ("s3", "_s3"):
                operation = node.func.attr
                if operation == "get_paginator":
                    assert isinstance(node.args[0], ast.Constant)
                    operation = str(node.args[0].value)
                found.add((name, operation))
        for child in ast.iter_child_nodes(node):
            search(child, name, inside)

    search(ast.parse(path.read_text()), "", False)
    return found


def test_a_denied_action_is_answered_as_on_aws(lived: Lifetime) -> None:
    """AccessDenied ends the invocation and loses nothing; with the right back, all is finished."""
    on, iam = lived.on, lived.on.account.client("iam")
    stack = on.account.client("cloudformation")
    made = stack.describe_stack_resource(StackName=STACK, LogicalResourceId="ResizeRole")
    role = {"RoleName": made["StackResourceDetail"]["PhysicalResourceId"], "PolicyName": "resize"}
    whole = policies(on.template)["resize"]
    right = Right("s3:DeleteObjectVersion", f"{UPLOADS}/uploads/*")
    less = [
        {"Effect": "Allow", "Action": each.action, "Resource": each.resource}
        for each in rights_in(whole)
        if each != right
    ]
    begun = lived.upload()
    (event,) = on.events()
    iam.put_role_policy(**role, PolicyDocument=json.dumps(whole | {"Statement": less}))
    with pytest.raises(RetryNeededError):
        on.invoke(event)
    assert on.web.uploads.head("main", begun["id"]) is not None
    iam.put_role_policy(**role, PolicyDocument=json.dumps(whole))
    assert on.invoke(event) == {"published": 1}
    assert on.web.uploads.head("main", begun["id"]) is None


def test_without_tls_nothing_is_done(template: Template, iam: Iam) -> None:
    """The bucket policies that ship deny every right of both roles over plain HTTP."""
    denying = bucket_policies(template)
    questions = [
        Question(
            action=right.action,
            resource=right.resource,
            policy=policy,
            bucketPolicy=denying[right.resource.partition("/")[0]],
            context=OVER_HTTP,
        )
        for policy in policies(template).values()
        for right in rights_in(policy)
        if right.action.startswith("s3:")
    ]
    assert len(questions) > 20
    assert set(iam.answers(questions)) == {"ExplicitlyDenied"}


def test_the_cdn_reads_pictures_and_nobody_else_does(template: Template, iam: Iam) -> None:
    """The bucket policies allow one distribution the variants, and nobody anything more."""
    ours = "arn:aws:cloudfront::123456789012:distribution/E123"
    reads = [(GALLERY, prefix) for prefix in PREFIXES] + [(UPLOADS, "uploads/")]
    allowed = set()
    for bucket, prefix in reads:
        for who, source in (("ours", ours), ("another", ours[:-1] + "4"), (None, None)):
            question = Question(
                action="s3:GetObject",
                resource=f"{bucket}/{prefix}x",
                principal="cloudfront.amazonaws.com" if who else None,
                bucketPolicy=bucket_policies(template)[bucket],
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
