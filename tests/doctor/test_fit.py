"""The doctor fits what ships: documents, template, images."""

import fnmatch
import json
import re

from moto.iam.access_control import IAMPolicy, PermissionResult

from services.doctor.checks import CHECKS
from services.doctor.roles import RIGHTS
from services.doctor.stack import DEFAULT_STACK, OUTPUTS, RESOURCES
from tests.deploy.packaging import DEPLOYED, ROOT, of_type, package


def test_the_document_shows_every_check() -> None:
    """The example in docs/deploy.md has each check's line, in the code's order."""
    text = (ROOT / "docs/deploy.md").read_text()
    shown = re.findall(r"^(?:ok|warn|FAIL|skip) +(.{17})  \S", text, re.MULTILINE)
    assert [name.strip() for name in shown] == list(CHECKS)


def test_the_stack_has_what_is_read_of_it() -> None:
    """Outputs and resources that the doctor reads are in the template under these names."""
    template = package()
    assert set(OUTPUTS) <= set(template["Outputs"])
    assert set(RESOURCES) <= set(template["Resources"])
    names = {f["FunctionName"] for f in of_type(template, "AWS::Lambda::Function").values()}
    assert names == {f"{DEFAULT_STACK}-resize", f"{DEFAULT_STACK}-web"}


def test_the_template_gives_the_roles_what_is_asked_of_them() -> None:
    """What the table allows the template allows, and what it denies the template does not."""
    queue = f"arn:aws:sqs:us-east-1:{DEPLOYED['AWS::AccountId']}:failures"
    roles = of_type(package(), "AWS::IAM::Role")
    places = {
        "uploads": f"arn:aws:s3:::{DEPLOYED['UploadBucket']}",
        "gallery": f"arn:aws:s3:::{DEPLOYED['GalleryBucket']}",
    }
    asked = 0
    for rights in RIGHTS:
        [policy] = roles["ResizeRole" if rights.role == "resize" else "WebRole"]["Policies"]
        text = json.dumps(policy["PolicyDocument"]).replace("<FailureQueue.Arn>", queue)
        bucket, slash, key = rights.to.partition("/")
        log = f"arn:aws:logs:us-east-1:{DEPLOYED['AWS::AccountId']}:log-group:/aws/lambda"
        resource = {
            "failures": queue,
            "log": f"{log}/{DEFAULT_STACK}-{rights.role}:log-stream:x",
        }.get(rights.to) or places[bucket] + slash + key
        for name in (*rights.may, *rights.may_not):
            action = name if ":" in name else f"s3:{name}"
            verdict = IAMPolicy(text).is_action_permitted(action, resource)
            allowed = verdict is PermissionResult.PERMITTED
            assert allowed is (name in rights.may), (rights, name)
            asked += 1
    assert asked == 57


def test_it_is_in_no_image() -> None:
    """Neither Dockerfile copies it, and neither could."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"services/doctor", "services/local"} <= set(ignored)
    for name in ("Dockerfile.resize", "Dockerfile.web"):
        copied = re.findall(r"^COPY (services\S*)", (ROOT / name).read_text(), re.MULTILINE)
        assert copied
        assert not [path for path in copied if fnmatch.fnmatch("services/doctor", path)]
