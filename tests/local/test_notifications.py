"""What reaches a queue when an object is stored."""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from services.local.s3 import LocalS3
from tests.local.conftest import make_sqs
from tests.local.forms import form, send
from tests.local.test_objects import code_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


@pytest.fixture(scope="module")
def sqs(local_s3: LocalS3) -> "SQSClient":
    """A client of the queues."""
    return make_sqs(local_s3)


@pytest.fixture
def queue(sqs: "SQSClient") -> str:
    """A queue of this test's own."""
    return sqs.create_queue(QueueName=f"queue-{secrets.token_hex(6)}")["QueueUrl"]


def receive(sqs: "SQSClient", queue: str, *, wait: int = 2) -> list[Any]:
    """Return what is in the queue, decoded, and take it out."""
    got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=wait, MaxNumberOfMessages=10)
    messages = got.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


@pytest.fixture
def notified(s3: "S3Client", sqs: "SQSClient", bucket: str, queue: str) -> str:
    """A bucket whose uploads/ go to the queue; the test event is taken out already."""
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "uploads",
                    "QueueArn": arn["QueueArn"],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "uploads/"}]}},
                }
            ]
        },
    )
    (event,) = receive(sqs, queue)
    assert event["Event"] == "s3:TestEvent"
    assert event["Service"] == "Amazon S3"
    assert event["Bucket"] == bucket
    return bucket


def test_a_record(s3: "S3Client", sqs: "SQSClient", notified: str, queue: str) -> None:
    """It is S3's own, version 2.1, with the key encoded as in a form."""
    s3.put_object(Bucket=notified, Key="uploads/ä b+c%.jpg", Body=b"12345")
    (event,) = receive(sqs, queue)
    (record,) = event["Records"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("eventTime"))
    assert re.fullmatch(r"[0-9A-F]{16}", record["responseElements"]["x-amz-request-id"])
    del record["responseElements"]
    assert re.fullmatch(r"[0-9A-F]{18}", record["s3"]["object"].pop("sequencer"))
    owner = {"principalId": "test"}
    assert record == {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": "ObjectCreated:Put",
        "userIdentity": owner,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": notified,
                "ownerIdentity": owner,
                "arn": f"arn:aws:s3:::{notified}",
            },
            "object": {
                "key": "uploads/%C3%A4+b%2Bc%25.jpg",
                "size": 5,
                "eTag": "827ccb0eea8a706c4c34a16891f84e7b",
            },
        },
    }


def _put(s3: "S3Client", bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="uploads/a", Body=b"x")


def _post(s3: "S3Client", bucket: str) -> None:
    post = s3.generate_presigned_post(bucket, "uploads/a")
    answer = send(post["url"], form([*post["fields"].items(), ("file", b"x")]))
    assert answer.status_code == 204


def _copy(s3: "S3Client", bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="elsewhere", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="uploads/a", CopySource=f"{bucket}/elsewhere")


def _join(s3: "S3Client", bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="uploads/a")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="uploads/a", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="uploads/a",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )


@pytest.mark.parametrize(
    ("store", "name"),
    [
        (_put, "ObjectCreated:Put"),
        (_post, "ObjectCreated:Post"),
        (_copy, "ObjectCreated:Copy"),
        (_join, "ObjectCreated:CompleteMultipartUpload"),
    ],
)
def test_each_way_to_store_has_its_name(
    s3: "S3Client",
    sqs: "SQSClient",
    notified: str,
    queue: str,
    store: Callable[["S3Client", str], None],
    name: str,
) -> None:
    """One event for one object, and it tells how that was stored."""
    store(s3, notified)
    events = receive(sqs, queue)
    assert [record["eventName"] for event in events for record in event["Records"]] == [name]
    assert receive(sqs, queue, wait=0) == []


def test_versions_and_order(s3: "S3Client", sqs: "SQSClient", notified: str, queue: str) -> None:
    """Each version has its own event, and the later one the greater sequencer."""
    s3.put_bucket_versioning(Bucket=notified, VersioningConfiguration={"Status": "Enabled"})
    versions = [
        s3.put_object(Bucket=notified, Key="uploads/a", Body=b"x")["VersionId"] for _ in range(3)
    ]
    objects = [event["Records"][0]["s3"]["object"] for event in receive(sqs, queue)]
    assert [found["versionId"] for found in objects] == versions
    sequencers = [found["sequencer"] for found in objects]
    assert sequencers == sorted(set(sequencers))


def test_what_makes_no_event(s3: "S3Client", sqs: "SQSClient", notified: str, queue: str) -> None:
    """Other prefixes, reads, deletes, tags, parts and refused writes tell nobody."""
    s3.put_object(Bucket=notified, Key="quarantine/a", Body=b"x")
    s3.put_object(Bucket=notified, Key="uploads/a", Body=b"x")
    assert len(receive(sqs, queue)) == 1
    s3.get_object(Bucket=notified, Key="uploads/a")
    s3.put_object_tagging(
        Bucket=notified, Key="uploads/a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]}
    )
    s3.create_multipart_upload(Bucket=notified, Key="uploads/b")
    with pytest.raises(ClientError):
        s3.put_object(Bucket=notified, Key="uploads/a", Body=b"y", IfNoneMatch="*")
    s3.delete_object(Bucket=notified, Key="uploads/a")
    assert receive(sqs, queue, wait=0) == []


def test_who_waits_is_told_at_once(
    s3: "S3Client", sqs: "SQSClient", notified: str, queue: str
) -> None:
    """Long polling ends with the message, not with the poll."""
    timer = threading.Timer(0.3, _put, (s3, notified))
    start = time.monotonic()
    timer.start()
    events = receive(sqs, queue, wait=10)
    timer.join()
    assert len(events) == 1
    assert 0.25 < time.monotonic() - start < 3


def test_a_message_comes_back_until_it_is_deleted(sqs: "SQSClient", queue: str) -> None:
    """What a worker does not finish is received again after the visibility timeout."""
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    first = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=1)["Messages"][0]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    again = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    assert again["MessageId"] == first["MessageId"]


def test_of_many_receivers_one_gets_it(sqs: "SQSClient", queue: str) -> None:
    """A message in flight is nobody else's."""
    got: list[str] = []

    def work() -> None:
        while messages := sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"):
            got.extend(message["Body"] for message in messages)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for number in range(20):
        sqs.send_message(QueueUrl=queue, MessageBody=f"{number:02}")
    for worker in workers:
        worker.join()
    assert sorted(got) == [f"{number:02}" for number in range(20)]


def test_a_queue_asks_for_a_signature_too(local_s3: LocalS3) -> None:
    """The queues are as closed as the buckets."""
    session = boto3.Session(local_s3.access_key_id, "guess", region_name=local_s3.region)
    forged = session.client("sqs", endpoint_url=local_s3.url)
    with pytest.raises(ClientError) as refused:
        forged.list_queues()
    assert code_of(refused) == (403, "SignatureDoesNotMatch")
