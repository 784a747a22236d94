"""What is behind the notification: the failure queue, and the sweep that takes up lost events."""

from datetime import timedelta

from botocore.exceptions import ClientError

from services.core import keys
from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, ok, skip
from services.doctor.installation import Deployed
from services.doctor.refusals import code_of

SWEEP_EVERY = {"aws": timedelta(minutes=15), "local": timedelta(seconds=30)}


def failure_queue(examination: Examination) -> Finding:
    """Check that no event was given up on."""
    installation = examination.installation
    name = installation.failure_queue
    if name is None:
        return skip("this S3 has no queues; the worker logs what it gives up on")
    sqs = installation.clients.sqs
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if "NonExistentQueue" not in code_of(error):
            raise
        return fail(f"there is no queue {name}", installation.fix("npx serverless deploy --force"))
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    held = int(told["ApproximateNumberOfMessages"])
    held += int(told["ApproximateNumberOfMessagesNotVisible"])
    if not held:
        return ok("no event was given up on")
    if installation.deployed:
        log = f"aws logs tail /aws/lambda/{installation.deployed.resize.name} --since 1d"
        fix = f"{log} tells why; once mended, aws sqs purge-queue --queue-url {url}"
    else:
        fix = "what `make run` printed tells why; it forgets the queue when it stops"
    return fail(f"{held} event{'s were' if held > 1 else ' was'} given up on", fix)


def sweep(examination: Examination) -> Finding:
    """Check that the sweep is on, and no upload waits longer than it allows."""
    installation = examination.installation
    deployed = installation.deployed
    if deployed and (finding := _rule(deployed)):
        return finding
    every = SWEEP_EVERY["aws" if deployed else "local"]
    # The first sweep after its time may be under way; the one after that has had its turn.
    limit = timedelta(seconds=installation.settings.sweep_after_seconds) + 2 * every
    waiting = _waiting_since(examination, limit)
    if waiting:
        log = f"aws logs tail /aws/lambda/{deployed.resize.name} --since 1h" if deployed else ""
        return fail(
            f"{waiting} upload{'s wait' if waiting > 1 else ' waits'} for more than "
            f"{round(limit.total_seconds() / 60)} min, and no sweep finished "
            f"{'them' if waiting > 1 else 'it'}",
            f"{log or 'what `make run` printed'} tells why",
        )
    return ok(f"{'enabled; ' if deployed else ''}no upload waits longer than it allows")


def _rule(deployed: Deployed) -> Finding | None:
    """Return what is wrong with the schedule, if anything."""
    name = deployed.sweep_rule
    rules = deployed.clients.rules
    if rules.describe_rule(Name=name)["State"] != "ENABLED":
        return fail("the schedule is disabled", f"aws events enable-rule --name {name}")
    targets = rules.list_targets_by_rule(Rule=name)["Targets"]
    if not any(target["Arn"] == deployed.resize.arn for target in targets):
        return fail(
            "the schedule does not call resize",
            f"aws events put-targets --rule {name} --targets Id=resize,Arn={deployed.resize.arn}",
        )
    return None


def _waiting_since(examination: Examination, limit: timedelta) -> int:
    """Return how many of the first thousand uploads wait for longer than the limit."""
    installation = examination.installation
    listed = installation.clients.s3.list_object_versions(
        Bucket=installation.settings.upload_bucket, Prefix=keys.UPLOAD_PREFIX
    )
    moment = examination.now() - limit
    return sum(version["LastModified"] < moment for version in listed.get("Versions", []))
