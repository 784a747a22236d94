"""A stack is examined by what CloudFormation tells of it, and each advice is a command that works.

The stack is made by moto from the template that ships. moto drops much of it in silence: the doctor
names that, and its own advice wires it.
"""

import functools
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import cfnlint
import pytest
from awscli.clidriver import create_clidriver

from services.doctor.__main__ import line, main
from services.doctor.checks import CHECKS, examine
from services.doctor.examination import Examination
from services.doctor.finding import Verdict
from services.doctor.installation import Installation
from services.doctor.refusals import action_of
from services.doctor.roles import RIGHTS
from services.doctor.stack import stack_installation
from tests.deploy.packaging import ACCOUNT, REGION, of_type, package
from tests.doctor.conftest import Doctor, Report, read_report
from tests.doctor.moto_stack import GALLERY, RESIZE, STACK, UPLOADS, Account, running_stack


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """An account with the stack in it, wired by what the doctor advised."""
    with running_stack() as account, pytest.MonkeyPatch.context() as environment:
        log_in(account, environment)
        examination = Examination(stack_installation(STACK, REGION), seconds=20)
        for check, finding in examine(examination):
            account.found[check] = finding
        for finding in account.found.values():
            if finding.verdict is Verdict.FAIL:
                follow(finding.fix)
        yield account


def log_in(account: Account, environment: pytest.MonkeyPatch) -> None:
    """Let everything here ask moto."""
    environment.delenv("S3_ENDPOINT_URL", raising=False)
    for name, value in account.environ.items():
        environment.setenv(name, value)


@pytest.fixture(autouse=True)
def _logged_in(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test ask moto, whatever it changes."""
    log_in(account, monkeypatch)


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


def follow(fix: str) -> None:
    """Do what a failing line advises: run the AWS CLI, whose start alone would take a second."""
    for command in fix.rpartition(". Fix: ")[2].split(" && "):
        program, *words = shlex.split(command)
        assert program == "aws"
        assert create_clidriver().main(words) == 0, command


def test_what_moto_dropped_is_named(account: Account) -> None:
    """Exactly that fails of a stack that was just made, and a picture goes through all the same."""
    found = account.found.items()
    assert {check: told.text for check, told in found if told.verdict is not Verdict.OK} == {
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


def test_all_is_well_once_the_advice_was_followed(account: Account, doctor: Doctor) -> None:
    """Each failing line's command was run as it is printed."""
    report = doctor()
    assert report.wrong == {}
    assert set(report.verdicts.values()) == {"ok"}
    assert report.lines["notification"] == ("ok", f"uploads/* reaches {STACK}-resize")
    assert report.lines["CORS"][1].startswith(account.gallery)
    assert report.status == 0


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
    assert len(list(examine(Examination(installation)))) == len(CHECKS)
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
