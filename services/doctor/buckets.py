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
    if installation.other_s3:
        return skip("this S3 has one address for all regions")
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
        is_set = "not set"
        try:
            answer: Any = installation.clients.s3.get_bucket_ownership_controls(Bucket=bucket)
            # Ceph answers a question that it does not know with a listing of the bucket.
            for rule in answer.get("OwnershipControls", {}).get("Rules", []):
                is_set = rule["ObjectOwnership"]
        except ClientError as error:
            if code_of(error) != "OwnershipControlsNotFoundError":
                raise
        if is_set == OWNERSHIP:
            continue
        if installation.other_s3:
            return skip("not set; another S3 need not know it")
        fix = installation.fix(
            f"aws s3api put-bucket-ownership-controls --bucket {bucket} "
            f"--ownership-controls 'Rules=[{{ObjectOwnership={OWNERSHIP}}}]'"
        )
        findings.append(fail(f"ownership of {bucket} is {is_set}, not {OWNERSHIP}", fix))
    return worst(findings, f"{OWNERSHIP} on both buckets")


def public_access(examination: Examination) -> Finding:
    """Check that nothing in either bucket can be made public."""
    installation = examination.installation
    findings = []
    for bucket in installation.buckets:
        blocked: dict[str, bool] = {}
        try:
            answer: Any = installation.clients.s3.get_public_access_block(Bucket=bucket)
            blocked = answer.get("PublicAccessBlockConfiguration", {})
        except ClientError as error:
            if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
                raise
        not_set = [name for name in PRIVATE if not blocked.get(name)]
        if not not_set:
            continue
        if installation.other_s3:
            # Ceph 16 knows it, and then refuses uploads to whose bucket it is.
            return skip("not blocked; another S3 may refuse every upload where it is")
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
