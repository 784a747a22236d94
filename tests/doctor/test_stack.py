"""A stack is examined by what CloudFormation tells of it, and each advice is a command that works.

Each test begins where the one before has mended: what an advice left broken fails the next.

The stack is made by moto from the template that ships. moto drops much of it in silence: the doctor
names that, and its own advice wires it.
"""

import copy
import functools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import cfnlint
import httpx
import pytest
from awscli.clidriver import create_clidriver

from services.doctor.__main__ import line, main
from services.doctor.checks import CHECKS, examine
from services.doctor.examination import Examination
from services.doctor.installation import Installation
from services.doctor.refusals import action_of
from services.doctor.roles import RIGHTS
from services.doctor.stack import stack_installation
from tests.conftest import free_port
from tests.deploy.packaging import ACCOUNT, REGION, of_type, package
from tests.doctor.conftest import Doctor, Report, read_report
from tests.doctor.stand_in_iam import StandInIam

STACK = "contact-sheet-dev"
UPLOADS = f"{STACK}-uploads-{ACCOUNT}-{REGION}"
GALLERY = f"{STACK}-gallery-{ACCOUNT}-{REGION}"
RESIZE = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-resize"


@dataclass(frozen=True, slots=True)
class Account:
    """AWS as moto has it, with the stack in it."""

    url: str
    gallery: str
    iam: StandInIam

    @property
    def environ(self) -> dict[str, str]:
        """What points a program to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_IAM": self.iam.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: Any) -> Any:
        """Return a client of moto's."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url)


def start(*module: str, **environ: str) -> subprocess.Popen[bytes]:
    """Start a program of ours or moto's."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *module],
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(url: str) -> None:
    """Return once something answers."""
    for _ in range(200):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """The stack, as moto makes it, with the same web and resize functions running beside it."""
    moto, web = (f"http://localhost:{free_port()}" for _ in range(2))
    moto = moto.replace("localhost", "127.0.0.1")
    port = moto.rpartition(":")[2]
    processes = [start("moto.server", "-H", "127.0.0.1", "-p", port)]
    template = copy.deepcopy(package())
    # moto has no HTTP API; what would be behind it runs here.
    template["Outputs"]["GalleryUrl"]["Value"] = web
    wait_for(f"{moto}/moto-api/")
    session = boto3.Session("test", "test", region_name=REGION)
    session.client("cloudformation", endpoint_url=moto).create_stack(
        StackName=STACK, TemplateBody=json.dumps(template)
    )
    with StandInIam(session.client("iam", endpoint_url=moto)) as iam:
        account = Account(moto, web, iam)
        ours = account.environ | {
            "S3_ENDPOINT_URL": moto,
            "UPLOAD_BUCKET": UPLOADS,
            "GALLERY_BUCKET": GALLERY,
            "SWEEP_AFTER_SECONDS": "0",
        }
        uvicorn = ("uvicorn", "services.web.app:app", "--port", web.rpartition(":")[2])
        processes += [start(*uvicorn, **ours), start("services.local.worker", **ours)]
        wait_for(f"{web}/healthz")
        yield account
    for process in processes[::-1]:
        process.terminate()
        process.wait(10)


@pytest.fixture(autouse=True)
def _logged_in(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything here ask moto."""
    monkeypatch.delenv("S3_ENDPOINT_URL", raising=False)
    for name, value in account.environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Examines the stack."""

    def look() -> Report:
        status = main(["--stack", STACK, "--seconds", "20"])
        return read_report(capsys.readouterr().out, status)

    return look


@functools.cache
def examined() -> Installation:
    """Return the stack as the doctor reads it; there is one to a module."""
    return stack_installation(STACK, REGION)


def line_of(check: str) -> str:
    """Return what one check says of the stack, as it is printed."""
    finding = CHECKS[check](Examination(examined()))
    printed = line(check, finding)
    assert printed.startswith("FAIL" if finding.fix else "ok")
    return printed[25:]


def follow(text: str) -> None:
    """Do what a failing line advises: run the AWS CLI, whose start alone would take a second."""
    _, _, commands = text.partition(". Fix: ")
    for command in commands.split(" && "):
        program, *words = shlex.split(command)
        assert program == "aws"
        assert create_clidriver().main(words) == 0, command


def test_what_moto_dropped_is_named_and_mended_by_the_advice(
    account: Account, doctor: Doctor
) -> None:
    """Each failing line's command is run as it is printed; then all is well."""
    report = doctor()
    assert report.status == 1
    wrong = {name: text.partition(". Fix: ")[0] for name, text in report.wrong.items()}
    assert wrong == {
        "ownership": f"ownership of {UPLOADS} is not set, not BucketOwnerEnforced; "
        f"ownership of {GALLERY} is not set, not BucketOwnerEnforced",
        "public access": "; ".join(
            f"{bucket} lacks BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, "
            "RestrictPublicBuckets"
            for bucket in (UPLOADS, GALLERY)
        ),
        "versioning": f"versioning of {UPLOADS} is off",
        "CORS": f"{UPLOADS} has no CORS rules, so no page can upload",
        "notification": f"{UPLOADS} tells resize of nothing",
    }
    for text in report.wrong.values():
        follow(text)
    mended = doctor()
    assert mended.wrong == {}
    assert set(mended.verdicts.values()) == {"ok"}
    assert mended.lines["notification"] == ("ok", f"uploads/* reaches {STACK}-resize")
    assert mended.lines["CORS"][1].startswith(account.gallery)
    assert mended.status == 0


def test_the_schedule_is_disabled(account: Account) -> None:
    """Nothing would look after lost events; the advice enables it."""
    rules = account.client("events")
    [rule] = rules.list_rules()["Rules"]
    rules.disable_rule(Name=rule["Name"])
    told = line_of("sweep")
    assert told == (f"the schedule is disabled. Fix: aws events enable-rule --name {rule['Name']}")
    follow(told)
    assert line_of("sweep") == "enabled; no upload waits longer than it allows"


def test_the_schedule_calls_nobody(account: Account) -> None:
    """An enabled rule without its target sweeps nothing."""
    rules = account.client("events")
    [rule] = rules.list_rules()["Rules"]
    targets = [item["Id"] for item in rules.list_targets_by_rule(Rule=rule["Name"])["Targets"]]
    rules.remove_targets(Rule=rule["Name"], Ids=targets)
    told = line_of("sweep")
    assert told == (
        "the schedule does not call resize. Fix: aws events put-targets "
        f"--rule {rule['Name']} --targets Id=resize,Arn={RESIZE}"
    )
    follow(told)
    assert line_of("sweep") == "enabled; no upload waits longer than it allows"


def test_s3_may_not_invoke_the_function(account: Account) -> None:
    """A notification alone reaches nothing; the advice gives the permission."""
    functions = account.client("lambda")
    policy = json.loads(functions.get_policy(FunctionName=f"{STACK}-resize")["Policy"])
    for statement in policy["Statement"]:
        functions.remove_permission(FunctionName=f"{STACK}-resize", StatementId=statement["Sid"])
    told = line_of("notification")
    assert told == (
        f"S3 may not invoke {STACK}-resize. Fix: aws lambda add-permission "
        f"--function-name {STACK}-resize --statement-id uploads --action lambda:InvokeFunction "
        f"--principal s3.amazonaws.com --source-arn arn:aws:s3:::{UPLOADS} "
        f"--source-account {ACCOUNT}"
    )
    follow(told)
    assert line_of("notification") == f"uploads/* reaches {STACK}-resize"


def test_the_gallery_bucket_calls_the_function(account: Account) -> None:
    """Variants must not come back as uploads; the advice takes the notification away."""
    rule = {"LambdaFunctionArn": RESIZE, "Events": ["s3:ObjectCreated:*"]}
    account.client("s3").put_bucket_notification_configuration(
        Bucket=GALLERY, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )
    told = line_of("no loop")
    assert told == (
        f"{GALLERY} tells resize of its own variants. Fix: aws s3api "
        f"put-bucket-notification-configuration --bucket {GALLERY} "
        "--notification-configuration '{}'"
    )
    follow(told)
    assert line_of("no loop") == "resize hears of uploads only, not of what it writes"


def test_a_role_is_too_narrow_and_too_wide(account: Account) -> None:
    """What a role lacks and what it has too much of is named, with role, action and resource."""
    iam = account.client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    [role] = [name for name in names if "WebRole" in name]
    wide = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{GALLERY}/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::*"},
            {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
        ],
    }
    iam.put_role_policy(RoleName=role, PolicyName="web", PolicyDocument=json.dumps(wide))
    told = line_of("roles")
    [right] = of_type(package(), "AWS::IAM::Role")["WebRole"]["Policies"]
    iam.put_role_policy(
        RoleName=role, PolicyName="web", PolicyDocument=json.dumps(right["PolicyDocument"])
    )
    gallery = f"arn:aws:s3:::{GALLERY}"
    assert told == (
        "web may not s3:PutObject, s3:GetObject, s3:DeleteObject on "
        f"arn:aws:s3:::{UPLOADS}/uploads/x; "
        f"web may s3:PutObject on {gallery}/photos/x; "
        f"web may s3:PutObject on {gallery}/index/x; "
        f"web may s3:PutObject on {gallery}/rejected/x; "
        f"web may s3:DeleteObject on {gallery}/deleted/x. "
        f"Fix: give {role} the policy that serverless.yml has; "
        f"aws iam get-role-policy --role-name {role} --policy-name web shows its own"
    )


def test_whoever_asks_may_not_ask(account: Account, doctor: Doctor) -> None:
    """The missing permission is named, and the other checks go on."""
    account.iam.denied = True
    report = doctor()
    account.iam.denied = False
    assert report.wrong == {
        "roles": "not allowed: iam:SimulatePrincipalPolicy. "
        "Fix: allow iam:SimulatePrincipalPolicy to whose credentials these are"
    }


def test_events_were_given_up_on(account: Account) -> None:
    """They are counted where Lambda puts them; the advice says where to read why."""
    sqs = account.client("sqs")
    [url] = sqs.list_queues(QueueNamePrefix=STACK)["QueueUrls"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    told = line_of("failure queue")
    sqs.purge_queue(QueueUrl=url)
    assert told == (
        f"1 event was given up on. Fix: aws logs tail /aws/lambda/{STACK}-resize --since 1d tells "
        f"why; once mended, aws sqs purge-queue --queue-url {url}"
    )
    assert line_of("failure queue") == "no event was given up on"


def test_every_operation_has_a_known_permission() -> None:
    """What the doctor asks of AWS it can name as an action of IAM, and IAM knows that action."""
    installation = stack_installation(STACK, REGION)
    assert installation.deployed
    asked = set()
    clients = (
        installation.clients.s3,
        installation.clients.sqs,
        installation.deployed.clients.functions,
        installation.deployed.clients.roles,
        installation.deployed.clients.rules,
    )
    for client in clients:
        client.meta.events.register(
            "before-call", lambda model, **_: asked.add(model.name), unique_id="asked"
        )
    assert len(list(examine(Examination(installation)))) == 13
    assert len(asked) == 14
    actions = known_actions()
    assert {
        action for operation in asked if (action := action_of(operation)).lower() not in actions
    } == (set())
    for rights in RIGHTS:
        for name in (*rights.may, *rights.may_not):
            assert (name if ":" in name else f"s3:{name}").lower() in actions


def refusal(capsys: pytest.CaptureFixture[str], stack: str) -> str:
    """Return the one sentence of a doctor who could not begin."""
    assert main(["--stack", stack]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.strip()


def test_a_stack_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """Stack and region are named, and nothing is checked."""
    assert refusal(capsys, "holidays") == (
        "doctor: There is no stack holidays in us-east-1; name another with --stack, another "
        "region with AWS_REGION, or deploy it with `npx serverless deploy`."
    )


def test_a_stack_that_is_another(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What it lacks is named, and nothing is checked."""
    template = {
        "Resources": {"FailureQueue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"FailureQueueUrl": {"Value": {"Ref": "FailureQueue"}}},
    }
    account.client("cloudformation").create_stack(
        StackName="another", TemplateBody=json.dumps(template)
    )
    assert refusal(capsys, "another") == (
        "doctor: Stack another has no GalleryUrl, UploadBucketName, GalleryBucketName, "
        "ResizeLambdaFunction, WebLambdaFunction, ResizeEventsRuleSchedule1; "
        "`npx serverless deploy` makes it anew."
    )


def known_actions() -> set[str]:
    """Return the actions that IAM knows, as cfn-lint lists them, in small letters."""
    listed = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    return {
        f"{service}:{action}"
        for service, known in json.loads(listed.read_text()).items()
        for action in known["Actions"]
    }
