"""From the deploy command to a photo in a browser, and all that may become of both.

One account and one gallery live through it, in the order of this file.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.doctor.__main__ import main
from tests import api
from tests.browser.conftest import bulky, card, jpeg, picked, tile
from tests.deploy.deployment import STACK
from tests.deploy.images.engine import memory_limit
from tests.deploy.packaging import ACCOUNT, REGION, of_type, package
from tests.doctor.conftest import Report, read_report
from tests.events import batch_event
from tests.rehearsal.conftest import Deployed, new_page

Doctor = Callable[[], Report]


def eventually(so: Callable[[], bool], seconds: float = 120) -> None:
    """Return once it is so."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.5)


@pytest.fixture
def doctor(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Checks the stack."""
    for name, value in deployed.account.environ.items():
        monkeypatch.setenv(name, value)

    def check() -> Report:
        status = main(["--stack", STACK])
        return read_report(capsys.readouterr().out, status)

    return check


def test_a_photo_from_the_browser_to_the_gallery(deployed: Deployed, page: Page) -> None:
    """Through the API, the form, the bucket, its notification and both images, without a reload."""
    page.goto(deployed.url)
    page.set_input_files("[data-chooser]", picked("walk.jpg", bulky(3)))
    expect(card(page, "walk.jpg")).to_contain_text("Done")
    image = tile(page, "walk.jpg").locator("img")
    expect(image).to_be_visible()
    page.wait_for_function("i => i.naturalWidth > 1", arg=image.element_handle())


def test_what_is_torn_is_rejected(deployed: Deployed, page: Page) -> None:
    """The page says why, and the bytes are set aside in the upload bucket."""
    page.goto(deployed.url)
    page.set_input_files("[data-chooser]", picked("torn.jpg", bulky(8)[:60_000]))
    expect(card(page, "torn.jpg")).to_contain_text("The file is incomplete")
    listed = deployed.account.client("s3").list_objects_v2(
        Bucket=deployed.uploads, Prefix="quarantine/main/"
    )
    assert [key["Key"].rpartition("/")[2] for key in listed["Contents"]] == ["truncated"]


def test_a_photo_is_deleted_by_who_uploaded_it(deployed: Deployed, page: Page) -> None:
    """From its own page, and nothing of it is left but the mark."""
    page.goto(deployed.url)
    page.set_input_files("[data-chooser]", picked("gone.jpg", jpeg(4)))
    expect(tile(page, "gone.jpg")).to_be_visible()
    photo_id = tile(page, "gone.jpg").get_attribute("data-id")
    page.goto(f"{deployed.url}/photos/{photo_id}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page).to_have_url(f"{deployed.url}/")
    assert deployed.http.get(f"{deployed.url}/api/photos/{photo_id}").status_code == 410
    listed = deployed.account.client("s3").list_objects_v2(Bucket=deployed.gallery)["Contents"]
    assert [key["Key"] for key in listed if str(photo_id) in key["Key"]] == [
        f"deleted/main/{photo_id}"
    ]


def test_memory_is_bounded_as_deployed(deployed: Deployed) -> None:
    """The kernel gives each container the memory that the template says."""
    functions = of_type(package(), "AWS::Lambda::Function").values()
    for function in functions:
        running = deployed.engine.containers(function["FunctionName"])
        assert running
        for container in running:
            assert memory_limit(container["State"]["Pid"]) == function["MemorySize"] << 20


def test_the_doctor_finds_all_well(doctor: Doctor) -> None:
    """Every check is ok after a deploy, drift and a picture's whole way included."""
    report = doctor()
    assert report.wrong == {}
    assert set(report.verdicts.values()) == {"ok"}


def test_a_failed_event_is_retried_and_kept(deployed: Deployed) -> None:
    """Where a right is missing: three attempts, a message in the queue, an alarm; nothing is lost."""
    account = deployed.account
    iam, sqs = account.client("iam"), account.client("sqs")
    alarms = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    [alarm] = [each for each in alarms if each["Namespace"] == "AWS/SQS"]
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    mail = sqs.create_queue(QueueName="mail", Attributes={"Policy": policy})["QueueUrl"]
    account.client("sns").subscribe(
        TopicArn=alarm["AlarmActions"][0],
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:mail",
    )
    cloudformation = account.client("cloudformation")
    made = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId="ResizeRole")
    role = {"RoleName": made["StackResourceDetail"]["PhysicalResourceId"], "PolicyName": "resize"}
    rights = iam.get_role_policy(**role)["PolicyDocument"]
    less = [each for each in rights["Statement"] if each.get("Sid") != "Publish"]
    iam.put_role_policy(**role, PolicyDocument=json.dumps(rights | {"Statement": less}))
    before = deployed.invocations("resize")
    photo_id = api.upload(deployed.url, jpeg(5), "later.jpg")
    eventually(lambda: deployed.messages() == 1)
    iam.put_role_policy(**role, PolicyDocument=json.dumps(rights))
    assert deployed.invocations("resize") - before == 3
    [message] = sqs.receive_message(QueueUrl=deployed.queue, VisibilityTimeout=0)["Messages"]
    failed = json.loads(message["Body"])
    assert failed["requestContext"]["condition"] == "RetriesExhausted"
    [record] = failed["requestPayload"]["Records"]
    assert record["s3"]["object"]["key"] == f"uploads/main/{photo_id}"
    assert deployed.http.get(f"{deployed.url}/api/photos/{photo_id}").json()["state"] == "waiting"

    # SQS on AWS says every minute how many messages there are; MiniStack's says nothing.
    assert account.client("cloudwatch").list_metrics(Namespace="AWS/SQS")["Metrics"] == []
    dimensions = alarm["Dimensions"]
    account.client("cloudwatch").put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": dimensions,
                "Value": deployed.messages(),
            }
        ],
    )
    assert dimensions[0]["Value"] == deployed.queue.rpartition("/")[2]
    [told] = sqs.receive_message(QueueUrl=mail, WaitTimeSeconds=20)["Messages"]
    assert json.loads(json.loads(told["Body"])["Message"])["NewStateValue"] == "ALARM"
    sqs.purge_queue(QueueUrl=deployed.queue)


def test_a_second_deploy_loses_nothing(deployed: Deployed, page: Page) -> None:
    """Other settings: no resource is replaced, photos stay, the next upload has the new sizes."""
    before, resources = deployed.names(), deployed.resources()
    deployed.deploy("--param VARIANT_SIZES=320,640,1280 --param SWEEP_AFTER_SECONDS=0")
    changes = deployed.account.client("cloudformation").describe_change_set(
        StackName=STACK, ChangeSetName=f"{STACK}-change-set"
    )["Changes"]
    # What else is listed refers to the functions, and would follow if they were replaced.
    assert {
        (each["ResourceChange"]["LogicalResourceId"], each["ResourceChange"]["Replacement"])
        for each in changes
        for detail in each["ResourceChange"]["Details"]
        if detail["ChangeSource"] == "DirectModification"
    } == {("ResizeLambdaFunction", "False"), ("WebLambdaFunction", "False")}
    assert deployed.resources() == resources
    assert deployed.names() == before
    photo_id = api.upload(deployed.url, bulky(9), "new.jpg")
    assert deployed.sizes(photo_id) == {320, 640, 1280}
    page.goto(deployed.url)
    expect(tile(page, "walk.jpg")).to_be_visible()


def test_the_schedule_sweeps(deployed: Deployed) -> None:
    """What failed is published without an event."""
    events = deployed.account.client("events")
    [rule] = [each for each in events.list_rules()["Rules"] if "ScheduleExpression" in each]
    as_deployed = {key: rule[key] for key in ("Name", "Description", "State") if key in rule}
    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    # Nobody waits for a quarter of an hour.
    events.put_rule(**as_deployed, ScheduleExpression="rate(1 minute)")
    eventually(lambda: "later.jpg" in deployed.names())
    events.put_rule(**as_deployed, ScheduleExpression="rate(15 minutes)")


def test_a_change_by_hand_is_found(deployed: Deployed, doctor: Doctor) -> None:
    """The doctor names what is no longer as deployed, and is content once it is set back."""
    logs, group = deployed.account.client("logs"), f"/aws/lambda/{STACK}-web"
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    wrong = doctor().wrong
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    assert set(wrong) == {"drift"}
    assert "/RetentionInDays is 7, not 30" in wrong["drift"]
    assert doctor().wrong == {}


def test_a_batch_job_reprocesses(deployed: Deployed) -> None:
    """Photos from before the second deploy get the sizes of the new list."""
    s3 = deployed.account.client("s3")
    listed = s3.list_objects_v2(Bucket=deployed.gallery, Prefix="index/")["Contents"]
    photo_id = deployed.names()["walk.jpg"]
    [entry] = [each["Key"] for each in listed if photo_id in each["Key"]]
    answer = deployed.account.client("lambda").invoke(
        FunctionName=f"{STACK}-resize",
        Payload=json.dumps(batch_event(entry, bucket={"s3Bucket": deployed.gallery})),
    )
    [result] = json.loads(answer["Payload"].read())["results"]
    assert (result["resultCode"], result["resultString"]) == ("Succeeded", "reprocessed")
    assert 320 in deployed.sizes(photo_id)


def test_the_owner_has_a_private_album(deployed: Deployed, browser: Browser, page: Page) -> None:
    """The link of `services.owner` signs in once; what is in a closed album nobody else sees."""
    printed = deployed.shell.run(f"python -m services.owner link --stack {STACK} 2>/dev/null")
    page.goto(printed.strip())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Owner", exact=True)).to_be_visible()
    page.get_by_text("New album").click()
    page.get_by_label("Title").fill("Family")
    page.locator("#slug").fill("family")
    page.locator("form[action='/owner/albums'] button").click()
    expect(page).to_have_url(f"{deployed.url}/albums/family/settings")
    page.goto(f"{deployed.url}/albums/family")
    page.set_input_files("[data-chooser]", picked("ours.jpg", jpeg(6)))
    image = tile(page, "ours.jpg").locator("img")
    page.wait_for_function("i => i.naturalWidth > 1", arg=image.element_handle())
    assert "/private/family/" in str(image.get_attribute("src"))
    assert deployed.http.get(f"{deployed.url}/albums/family").status_code == 404
    with new_page(browser, errors="404") as stranger:
        stranger.goto(f"{deployed.url}/albums/family")
        expect(stranger.get_by_text("Nothing here")).to_be_visible()
        stranger.goto(deployed.url)
        expect(tile(stranger, "walk.jpg")).to_be_visible()
        expect(tile(stranger, "ours.jpg")).to_have_count(0)


def test_pictures_come_by_the_cdn(deployed: Deployed) -> None:
    """A second stage, with CloudFront: it reads photos/ of the gallery bucket, and nothing else."""
    cdn = "--stage cdn --param cdn=true"
    deployed.deploy(cdn)
    outputs = deployed.account.outputs("contact-sheet-cdn")
    assert re.fullmatch(r"https://\w+\.cloudfront\.net", outputs["GalleryUrl"])
    # MiniStack's CloudFront leads to buckets, and to no other host of AWS's.
    assert deployed.http.get(outputs["GalleryUrl"]).status_code == 502
    photo_id = api.upload(outputs["HttpApiUrl"], jpeg(7))
    photo: Any = api.settled(outputs["HttpApiUrl"], photo_id)
    for variant in photo["variants"]:
        assert variant["url"].startswith(f"{outputs['GalleryUrl']}/photos/main/{photo_id}/")
        picture = deployed.http.get(variant["url"])
        assert (picture.status_code, picture.headers["content-type"][:6]) == (200, "image/")
        direct = variant["url"].replace(
            outputs["GalleryUrl"],
            f"https://{outputs['GalleryBucketName']}.s3.{REGION}.amazonaws.com",
        )
        assert deployed.http.get(direct).status_code == 403
    deployed.shell.run(f"npx serverless remove {cdn}")


def test_removal_keeps_the_pictures(deployed: Deployed) -> None:
    """`serverless remove` takes all but both buckets, with what is in them."""
    account, s3 = deployed.account, deployed.account.client("s3")
    before = [key["Key"] for key in s3.list_objects_v2(Bucket=deployed.gallery)["Contents"]]
    deployed.shell.run("npx serverless remove")
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("apigatewayv2").get_apis()["Items"] == []
    left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    both = {deployed.uploads, deployed.gallery}
    assert left == both | {name.replace("-dev-", "-cdn-") for name in both}
    after = [key["Key"] for key in s3.list_objects_v2(Bucket=deployed.gallery)["Contents"]]
    assert after == before
