"""Both buckets: reachable, in their region, private, and the upload bucket versioned."""

from typing import Any

from botocore.exceptions import ClientError

from services.doctor.examination import Examination
from services.doctor.finding import Finding, fail, ok, skip, worst
from services.doctor.installation import Installation
from services.doctor.refusals import code_of, explain

PRIVATE = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWNERSHIP = "BucketOwnerEnforced"


def reachable(examination: Examination) -> Finding:
    """Check that both buckets exist and may be listed."""
    installation = examination.installation
    findings = [_reach(installation, bucket) for bucket in installation.buckets]
    return worst(findings, " and ".join(installation.buckets))


def _reach(installation: Installation, bucket: str) -> Finding:
    try:
        installation.clients.s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError as error:
        if code_of(error) != "NoSuchBucket":
            return explain(error, installation)
        return fail(
            f"there is no bucket {bucket}",
            "deploy anew with `npx serverless remove` and `npx serverless deploy`"
            if installation.deployed
            else "stop `make run` and start it again; it makes missing buckets",
        )
    return ok(bucket)


def region(examination: Examination) -> Finding:
    """Check that both buckets lie where they are asked: S3 redirects, and CORS forbids that."""
    installation = examination.installation
    wanted = installation.settings.region
    findings = []
    for bucket in installation.buckets:
        answer: Any = installation.clients.s3.get_bucket_location(Bucket=bucket)
        told = answer["LocationConstraint"] or ""
        # S3 says nothing of its first region, and has an old name for its second.
        lies = {"": "us-east-1", "EU": "eu-west-1"}.get(told, told)
        if lies != wanted:
            text = f"{bucket} lies in {lies}, not in {wanted}"
            findings.append(fail(text, f"set AWS_REGION to {lies}, or use a bucket in {wanted}"))
    return worst(findings, f"both buckets lie in {wanted}")


def ownership(examination: Examination) -> Finding:
    """Check that every object belongs to the bucket's owner, and ACLs mean nothing."""
    installation = examination.installation
    findings = []
    for bucket in installation.buckets:
        is_set: str | None = None
        try:
            answer: Any = installation.clients.s3.get_bucket_ownership_controls(Bucket=bucket)
            if "OwnershipControls" not in answer and not installation.deployed:
                return skip("this S3 does not know GetBucketOwnershipControls")
            is_set = answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]
        except ClientError as error:
            if code_of(error) != "OwnershipControlsNotFoundError":
                raise
        if is_set != OWNERSHIP:
            fix = installation.fix(
                f"aws s3api put-bucket-ownership-controls --bucket {bucket} "
                f"--ownership-controls 'Rules=[{{ObjectOwnership={OWNERSHIP}}}]'"
            )
            is_now = is_set or "not set"
            findings.append(fail(f"ownership of {bucket} is {is_now}, not {OWNERSHIP}", fix))
    return worst(findings, f"{OWNERSHIP} on both buckets")


def public_access(examination: Examination) -> Finding:
    """Check that nothing in either bucket can be made public."""
    installation = examination.installation
    findings = []
    for bucket in installation.buckets:
        blocked: set[str] = set()
        try:
            answer: Any = installation.clients.s3.get_public_access_block(Bucket=bucket)
            if "PublicAccessBlockConfiguration" not in answer and not installation.deployed:
                return skip("this S3 does not know GetPublicAccessBlock")
            found = answer["PublicAccessBlockConfiguration"]
            blocked = {name for name, is_set in found.items() if is_set}
        except ClientError as error:
            if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
                raise
        if not_set := [name for name in PRIVATE if name not in blocked]:
            wanted = ",".join(f"{name}=true" for name in PRIVATE)
            fix = installation.fix(
                f"aws s3api put-public-access-block --bucket {bucket} "
                f"--public-access-block-configuration {wanted}"
            )
            findings.append(fail(f"{bucket} lacks {', '.join(not_set)}", fix))
    return worst(findings, "blocked on both buckets")


def versioning(examination: Examination) -> Finding:
    """Check that the upload bucket keeps versions: an upload over another loses neither."""
    installation = examination.installation
    bucket = installation.settings.upload_bucket
    status = installation.clients.s3.get_bucket_versioning(Bucket=bucket).get("Status", "off")
    if status == "Enabled":
        return ok("the upload bucket keeps versions")
    return fail(
        f"versioning of {bucket} is {status.lower()}",
        installation.fix(
            f"aws s3api put-bucket-versioning --bucket {bucket} "
            "--versioning-configuration Status=Enabled"
        ),
    )
