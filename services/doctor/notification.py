"""What the buckets tell to whom: uploads reach the resize function, and nothing else does."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from services.core import keys
from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, ok, skip
from services.doctor.installation import Deployed, Installation
from services.doctor.refusals import code_of

EVENTS = "s3:ObjectCreated:*"
UNHEARD = "this S3 sends no notifications; the worker sweeps each second"


@dataclass(frozen=True, slots=True)
class Told:
    """One rule of a bucket's notifications."""

    target: str  # an ARN
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def hears_of(self, key_prefix: str) -> bool:
        """Tell whether an object that is created under a prefix may be told of."""
        creates = any(event.startswith("s3:ObjectCreated:") for event in self.events)
        return creates and (
            key_prefix.startswith(self.prefix) or self.prefix.startswith(key_prefix)
        )


def notification(examination: Examination) -> Finding:
    """Check that every object created under the uploads' prefix is told to resize."""
    installation = examination.installation
    target = _target(installation)
    if target is None:
        return skip(UNHEARD)
    bucket = installation.settings.upload_bucket
    fix = installation.fix(_put(bucket, target))
    if isinstance(target, Finding):
        return target
    to_resize = [told for told in _notifications(installation, bucket) if _same(told, target)]
    if not to_resize:
        return fail(f"{bucket} tells resize of nothing", fix)
    told = next((told for told in to_resize if told.prefix == keys.UPLOAD_PREFIX), to_resize[0])
    if told.prefix != keys.UPLOAD_PREFIX or told.suffix:
        filtered = f"{told.prefix}*{told.suffix}"
        text = f"{bucket} tells resize of {filtered}, not of {keys.UPLOAD_PREFIX}*"
        return fail(text, fix)
    if EVENTS not in told.events:
        return fail(f"{bucket} tells resize of {', '.join(told.events)}, not of {EVENTS}", fix)
    if installation.deployed and not _may_invoke(installation, installation.deployed):
        name, account = installation.deployed.resize.name, installation.deployed.account
        return fail(
            f"S3 may not invoke {name}",
            f"aws lambda add-permission --function-name {name} --statement-id uploads "
            f"--action lambda:InvokeFunction --principal s3.amazonaws.com "
            f"--source-arn arn:{installation.deployed.partition}:s3:::{bucket} "
            f"--source-account {account}",
        )
    return ok(f"{keys.UPLOAD_PREFIX}* reaches {target.rpartition(':')[2]}")


def no_loop(examination: Examination) -> Finding:
    """Check that nothing that resize writes is told to resize again."""
    installation = examination.installation
    target = _target(installation)
    if target is None or isinstance(target, Finding):
        return skip(UNHEARD if target is None else target.text)
    uploads, gallery = installation.buckets
    if any(
        _same(told, target) and any(event.startswith("s3:ObjectCreated:") for event in told.events)
        for told in _notifications(installation, gallery)
    ):
        return fail(
            f"{gallery} tells resize of its own variants",
            installation.fix(
                f"aws s3api put-bucket-notification-configuration --bucket {gallery} "
                "--notification-configuration '{}'"
            ),
        )
    if any(
        _same(told, target) and told.hears_of(keys.QUARANTINE_PREFIX)
        for told in _notifications(installation, uploads)
    ):
        return fail(
            f"{uploads} tells resize of what it put into {keys.QUARANTINE_PREFIX}",
            installation.fix(_put(uploads, target)),
        )
    return ok("resize hears of uploads only, not of what it writes")


def _target(installation: Installation) -> str | Finding | None:
    """Return the ARN that uploads are told to, None where nobody is told, or what is wrong."""
    if installation.deployed:
        return installation.deployed.resize.arn
    if installation.queue is None:
        return None
    sqs = installation.clients.sqs
    try:
        url = sqs.get_queue_url(QueueName=installation.queue)["QueueUrl"]
    except ClientError as error:
        if "NonExistentQueue" not in code_of(error):
            raise
        fix = "stop `make run` and start it again; it makes the queue"
        return fail(f"there is no queue {installation.queue}", fix)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return attributes["QueueArn"]


def _notifications(installation: Installation, bucket: str) -> list[Told]:
    answer: Any = installation.clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    found = []
    for kind, arn in (
        ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "TopicArn"),
    ):
        for item in answer.get(kind, []):
            rules = item.get("Filter", {}).get("Key", {}).get("FilterRules", [])
            filters = {rule["Name"].lower(): rule["Value"] for rule in rules}
            found.append(
                Told(
                    item[arn],
                    tuple(item["Events"]),
                    filters.get("prefix", ""),
                    filters.get("suffix", ""),
                )
            )
    return found


def _same(told: Told, target: str) -> bool:
    # A function's ARN may be followed by a version or an alias.
    return told.target == target or told.target.startswith(f"{target}:")


def _may_invoke(installation: Installation, deployed: Deployed) -> bool:
    """Tell whether the function's own policy lets S3 invoke it for the upload bucket."""
    try:
        answer = deployed.clients.functions.get_policy(FunctionName=deployed.resize.name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return False
    source = json.dumps(f"arn:{deployed.partition}:s3:::{installation.settings.upload_bucket}")
    return any(
        statement["Effect"] == "Allow"
        and "s3.amazonaws.com" in json.dumps(statement.get("Principal"))
        and source in json.dumps(statement.get("Condition"))
        for statement in json.loads(answer["Policy"])["Statement"]
    )


def _put(bucket: str, target: object) -> str:
    rule = {
        "LambdaFunctionArn": target,
        "Events": [EVENTS],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": keys.UPLOAD_PREFIX}]}},
    }
    wanted = json.dumps({"LambdaFunctionConfigurations": [rule]}, default=str)
    return (
        f"aws s3api put-bucket-notification-configuration --bucket {bucket} "
        f"--notification-configuration '{wanted}'"
    )
