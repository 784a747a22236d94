"""The doctor on a stack that an AWS emulator makes from the template that ships."""

import json
from collections.abc import Callable, Iterator

import pytest

from services.doctor.__main__ import main
from tests.conftest import free_port
from tests.deploy.deployment import STACK, create_stack
from tests.deploy.ministack import KEYS, MiniStack, running_ministack
from tests.deploy.packaging import package
from tests.doctor.conftest import Report, program, read_report, wait_for

Doctor = Callable[[], Report]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """An account with the stack in it.

    The functions run beside it, as processes, because images need an engine; what takes up the
    uploads is the sweep.
    """
    web = f"http://localhost:{free_port()}"
    template = json.loads(json.dumps(package()))
    template["Outputs"]["GalleryUrl"]["Value"] = web
    for bucket in ("UploadBucket", "GalleryBucket"):
        [cors] = template["Resources"][bucket]["Properties"]["CorsConfiguration"]["CorsRules"]
        cors["AllowedOrigins"] = [web]
    with running_ministack(tmp_path_factory.mktemp("ministack")) as account:
        create_stack(account, template)
        outputs = account.outputs(STACK)
        account.client("s3").put_bucket_notification_configuration(
            Bucket=outputs["UploadBucketName"], NotificationConfiguration={}
        )
        environ = KEYS | {
            "S3_ENDPOINT_URL": account.url,
            "AWS_CA_BUNDLE": str(account.certificate),
            "UPLOAD_BUCKET": outputs["UploadBucketName"],
            "GALLERY_BUCKET": outputs["GalleryBucketName"],
            "SWEEP_AFTER_SECONDS": "0",
        }
        port = web.rpartition(":")[2]
        with (
            program("uvicorn", "services.web.app:app", "--port", port, **environ),
            program("services.local.worker", **environ),
        ):
            wait_for(f"{web}/healthz")
            yield account


@pytest.fixture
def doctor(
    account: MiniStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Checks the stack."""
    for name, value in account.environ.items():
        monkeypatch.setenv(name, value)

    def check() -> Report:
        status = main(["--stack", STACK, "--seconds", "20"])
        return read_report(capsys.readouterr().out, status)

    return check


def test_a_new_stack_is_well(doctor: Doctor) -> None:
    """Every check is ok: CloudFormation finds no drift, and a picture goes through."""
    report = doctor()
    assert report.wrong == {}
    assert set(report.verdicts.values()) == {"ok"}
    assert report.lines["drift"] == ("ok", "every resource is as it was deployed")
    assert report.status == 0


def test_a_change_by_hand_is_named(account: MiniStack, doctor: Doctor) -> None:
    """The resource, its property, its value and what it should be; well again once set back."""
    s3, bucket = account.client("s3"), account.outputs(STACK)["UploadBucketName"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    report = doctor()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert report.wrong == {
        "drift": f"UploadBucket ({bucket}): /VersioningConfiguration/Status is Suspended, not "
        "Enabled. Fix: set it back by hand; a deploy changes only what the template changed"
    }
    assert report.status == 1
    assert doctor().wrong == {}


def test_events_were_given_up_on(account: MiniStack, doctor: Doctor) -> None:
    """They are counted where Lambda puts them; the advice says where to read why."""
    sqs, queue = account.client("sqs"), account.outputs(STACK)["FailureQueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    report = doctor()
    sqs.purge_queue(QueueUrl=queue)
    assert report.wrong == {
        "failures": f"events that were given up on: 1. Fix: aws logs tail /aws/lambda/{STACK}-resize "
        f"--since 1h tells why; once mended, aws sqs purge-queue --queue-url {queue}"
    }


def test_a_resource_is_gone(account: MiniStack, doctor: Doctor) -> None:
    """It is named, with the check that cannot do without it."""
    queue = account.outputs(STACK)["FailureQueueUrl"]
    account.client("sqs").delete_queue(QueueUrl=queue)
    wrong = doctor().wrong
    account.client("sqs").create_queue(QueueName=queue.rpartition("/")[2])
    assert set(wrong) == {"drift", "failures"}
    assert f"FailureQueue ({queue}) is gone" in wrong["drift"]


def refusal(capsys: pytest.CaptureFixture[str], stack: str) -> str:
    """Return the one sentence of a doctor who could not begin."""
    assert main(["--stack", stack]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.strip()


@pytest.mark.usefixtures("doctor")
def test_a_stack_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """Stack and region are named, and nothing is checked."""
    assert refusal(capsys, "holidays") == (
        "doctor: There is no stack holidays in us-east-1; name another with --stack, another "
        "region with AWS_REGION, or deploy it with `npx serverless deploy`."
    )


@pytest.mark.usefixtures("doctor")
def test_a_stack_that_is_another(account: MiniStack, capsys: pytest.CaptureFixture[str]) -> None:
    """What it lacks is named, and nothing is checked."""
    template = {
        "Resources": {"FailureQueue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"FailureQueueUrl": {"Value": {"Ref": "FailureQueue"}}},
    }
    create_stack(account, template, "another")
    assert refusal(capsys, "another") == (
        "doctor: Stack another has no GalleryUrl, UploadBucketName, GalleryBucketName, "
        "ResizeLambdaFunction, WebLambdaFunction; `npx serverless deploy` makes it anew."
    )
