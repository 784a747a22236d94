"""Applies to a bucket, through S3's API, what the packaged template says of it.

CloudFormation's names beside those of the API: AWS CloudFormation reference, "AWS::S3::Bucket";
Amazon S3 API Reference, "Put…" actions.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from tests.deploy.packaging import Template, deployed, of_type

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """A property of a bucket: put_<call>(<argument>=…) sets it, get_<call> tells it."""

    call: str
    argument: str
    to_api: Callable[[Any], Any]
    read: Callable[[Any], Any] = lambda answer: answer

    def put(self, s3: Any, bucket: str, value: Any) -> None:
        """Set it."""
        getattr(s3, f"put_{self.call}")(Bucket=bucket, **{self.argument: self.to_api(value)})

    def get(self, s3: Any, bucket: str) -> Any:
        """Return what the server says it is, as `to_api` has it."""
        return self.read(getattr(s3, f"get_{self.call}")(Bucket=bucket))


def _renamed(names: dict[str, str]) -> Callable[[Properties], Properties]:
    return lambda rule: {names.get(name, name): value for name, value in rule.items()}


_cors = _renamed({"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"})


def _lifecycle(rule: Properties) -> Properties:
    known = {
        "Id", "Status", "Prefix", "ExpirationInDays", "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload",
    }  # fmt: skip
    assert rule.keys() <= known, rule
    made: Properties = {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            made[name] = rule[name]
    return made


def _lifecycle_told(rule: Properties) -> Properties:
    # Ceph tells the old form of a rule for the whole bucket.
    old = {"Filter": {"Prefix": rule["Prefix"]}} if "Prefix" in rule else {}
    return _without(rule, "Prefix") | old


def _without(given: Properties, name: str) -> Properties:
    return {key: value for key, value in given.items() if key != name}


def _notified(kind: str, arn: str) -> Callable[[Properties], Properties]:
    """Return what tells `arn`, a queue or a topic, where the template names the function."""

    def to_api(value: Properties) -> Properties:
        assert value.keys() == {"LambdaConfigurations"}
        return {
            f"{kind}Configurations": [
                {
                    "Id": f"template-{number}",
                    f"{kind}Arn": arn,
                    "Events": [configuration["Event"]],
                    "Filter": {"Key": {"FilterRules": configuration["Filter"]["S3Key"]["Rules"]}},
                }
                for number, configuration in enumerate(value["LambdaConfigurations"])
            ]
        }

    return to_api


def _without_response(answer: Properties) -> Properties:
    return _without(answer, "ResponseMetadata")


SETTINGS = {
    "VersioningConfiguration": Setting(
        "bucket_versioning",
        "VersioningConfiguration",
        lambda v: v,
        lambda a: {"Status": a["Status"]},
    ),
    "CorsConfiguration": Setting(
        "bucket_cors",
        "CORSConfiguration",
        lambda v: {"CORSRules": [_cors(rule) for rule in v["CorsRules"]]},
        _without_response,
    ),
    "LifecycleConfiguration": Setting(
        "bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        lambda v: {"Rules": sorted(map(_lifecycle, v["Rules"]), key=itemgetter("ID"))},
        lambda a: {"Rules": sorted(map(_lifecycle_told, a["Rules"]), key=itemgetter("ID"))},
    ),
    "OwnershipControls": Setting(
        "bucket_ownership_controls",
        "OwnershipControls",
        lambda v: v,
        lambda a: a["OwnershipControls"],
    ),
    "PublicAccessBlockConfiguration": Setting(
        "public_access_block",
        "PublicAccessBlockConfiguration",
        lambda v: v,
        lambda a: a["PublicAccessBlockConfiguration"],
    ),
    "BucketEncryption": Setting(
        "bucket_encryption",
        "ServerSideEncryptionConfiguration",
        lambda v: {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
                    "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
                for rule in v["ServerSideEncryptionConfiguration"]
            ]
        },
        lambda a: a["ServerSideEncryptionConfiguration"],
    ),
    "BucketPolicy": Setting(
        "bucket_policy", "Policy", json.dumps, lambda a: json.dumps(json.loads(a["Policy"]))
    ),
}


def notification(*, queue: str = "", topic: str = "") -> Setting:
    """Return the setting of the notification, sent to one of both: neither S3 can call Lambda."""
    to_api = _notified("Queue", queue) if queue else _notified("Topic", topic)
    return Setting(
        "bucket_notification_configuration",
        "NotificationConfiguration",
        to_api,
        _without_response,
    )


def gallery_url(template: Template) -> str:
    """Return the gallery's address, the origin that the buckets' CORS admits."""
    return str(deployed(template["Outputs"]["GalleryUrl"]["Value"]))


def buckets(template: Template, origin: str = "") -> dict[str, Properties]:
    """Return logical id → all that the template sets on our two buckets, their policies included.

    `origin`, if any, stands where the template has the gallery's address.
    """
    found = {
        name: dict(properties)
        for name, properties in of_type(template, "AWS::S3::Bucket").items()
        if name in ("UploadBucket", "GalleryBucket")
    }
    for policy in of_type(template, "AWS::S3::BucketPolicy").values():
        for properties in found.values():
            if policy["Bucket"] == properties["BucketName"]:
                properties["BucketPolicy"] = policy["PolicyDocument"]
    assert all("BucketPolicy" in properties for properties in found.values())
    if origin:
        text = json.dumps(found)
        assert f'"{gallery_url(template)}"' in text
        found = json.loads(text.replace(f'"{gallery_url(template)}"', json.dumps(origin)))
    return found


def settings_of(properties: Properties) -> Properties:
    """Return what is to be set on a bucket that exists, by name of the property."""
    set_ = {name: value for name, value in properties.items() if name != "BucketName"}
    assert set_.keys() <= SETTINGS.keys() | {"NotificationConfiguration"}, set_.keys()
    return set_
