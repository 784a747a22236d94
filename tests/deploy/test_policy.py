"""Nothing that ships is public, and nobody is allowed more than names can say."""

import re
from typing import Any

from services.core import keys
from services.core.retention import IN_GALLERY_BUCKET, IN_UPLOAD_BUCKET, OLD_VERSIONS
from services.core.settings import Settings
from tests.deploy.packaging import Template, deployed, of_type
from tests.deploy.roles import PREFIXES


def statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    """Return every policy statement of the template with the resource that has it."""
    found: list[tuple[str, dict[str, Any]]] = []

    def search(name: str, value: Any) -> None:
        if isinstance(value, dict):
            if "Effect" in value:
                found.append((name, value))
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                search(name, item)

    for name, resource in template["Resources"].items():
        search(name, deployed(resource.get("Properties", {})))
    return found


def as_list(value: Any) -> list[Any]:
    """Return what a policy may write as one value or as several."""
    return value if isinstance(value, list) else [value]


def test_buckets_are_private(template: Template) -> None:
    """Every bucket of ours blocks public access, has no ACL, is encrypted and asks for TLS."""
    buckets = of_type(template, "AWS::S3::Bucket")
    assert set(buckets) == {"UploadBucket", "GalleryBucket", "ServerlessDeploymentBucket"}
    policies = {
        policy["Bucket"]: policy["PolicyDocument"]["Statement"]
        for policy in of_type(template, "AWS::S3::BucketPolicy").values()
    }
    for name, bucket in buckets.items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert "AccessControl" not in bucket
        said = policies[bucket.get("BucketName", f"<{name}>")]
        denied = [s["Condition"]["Bool"] for s in said if s["Effect"] == "Deny"]
        assert [str(tls["aws:SecureTransport"]).lower() for tls in denied] == ["false"], name
    for name in ("UploadBucket", "GalleryBucket"):
        [owner] = buckets[name]["OwnershipControls"]["Rules"]
        assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}
        assert template["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert buckets["UploadBucket"]["VersioningConfiguration"] == {"Status": "Enabled"}


def test_lifecycle_ends_what_nobody_needs(template: Template) -> None:
    """Lifecycle rules name the code's prefixes, and none can reach an upload or a photo."""
    buckets = of_type(template, "AWS::S3::Bucket")
    expiring = {
        (name, rule.get("Prefix")): rule["ExpirationInDays"]
        for name in ("UploadBucket", "GalleryBucket")
        for rule in buckets[name]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert expiring == {
        **{("UploadBucket", prefix): days for prefix, days in IN_UPLOAD_BUCKET.items()},
        **{("GalleryBucket", prefix): days for prefix, days in IN_GALLERY_BUCKET.items()},
        ("GalleryBucket", keys.ORIGINAL_PREFIX): Settings().originals_days,
    }
    rules = buckets["UploadBucket"]["LifecycleConfiguration"]["Rules"]
    [old] = [rule for rule in rules if rule["Id"] == "old-versions"]
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": OLD_VERSIONS}
    assert IN_GALLERY_BUCKET[keys.TOMBSTONE_PREFIX] > OLD_VERSIONS
    for name in ("UploadBucket", "GalleryBucket"):
        rules = buckets[name]["LifecycleConfiguration"]["Rules"]
        assert {"DaysAfterInitiation": 1} in [
            r.get("AbortIncompleteMultipartUpload") for r in rules
        ]


def test_the_access_log_has_no_path(template: Template) -> None:
    """Links and sign-in links have their tokens in the path; the route's key is the same for all."""
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    logged = stage["AccessLogSettings"]["Format"]
    assert "$context.status" in logged
    assert not re.search(r"\$context\.(path|http\.path|integration\w*uri)", logged, re.IGNORECASE)


def test_no_public_principal(template: Template) -> None:
    """Whoever is allowed something is a named service, and CloudFront only for one distribution."""
    for name, statement in statements(template):
        if statement["Effect"] != "Allow" or "Principal" not in statement:
            continue
        assert set(statement["Principal"]) == {"Service"}, name
        if statement["Principal"]["Service"] == "cloudfront.amazonaws.com":
            assert statement["Resource"].endswith(f"/{keys.PHOTO_PREFIX}*")
            assert statement["Condition"] == {
                "StringEquals": {
                    "AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E123"
                }
            }
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        assert permission["Principal"].endswith(".amazonaws.com")
        assert permission["SourceArn"]


def test_no_wildcard(template: Template) -> None:
    """No statement allows a wildcard action or, but for X-Ray that knows none, every resource."""
    prefixes = set(PREFIXES)
    for name, statement in statements(template):
        if statement["Effect"] != "Allow":
            continue
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action], name
        for resource in as_list(statement.get("Resource", [])):
            if resource == "*":
                assert set(actions) == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
            elif resource.startswith("arn:aws:s3:::") and "/" in resource:
                bucket, _, rest = resource.removeprefix("arn:aws:s3:::").partition("/")
                assert re.fullmatch(r"contact-sheet-dev-(uploads|gallery)-[\w-]+", bucket)
                assert rest.removesuffix("*") in prefixes
            else:
                assert "*" not in resource.removesuffix(":*"), resource
