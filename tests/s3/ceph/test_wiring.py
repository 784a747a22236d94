"""What the packaged template sets on its buckets, on a real S3 and as far as that knows it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.store.client import is_error, make_s3
from tests.deploy.packaging import package
from tests.deploy.wiring import SETTINGS, buckets, settings_of
from tests.s3.ceph.conftest import MISTAKEN, RealProduct

# When Ceph learns one, this fails, and the product here can run with it.
REFUSED = {"BucketEncryption", "OwnershipControls"}


@pytest.fixture
def s3(real: RealProduct) -> Any:
    """A client of the buckets' owner."""
    return make_s3(real.settings, real.session)


def takes_objects(s3: Any, bucket: str) -> bool:
    """Tell whether the owner may put and list."""
    try:
        s3.put_object(Bucket=bucket, Key="uploads/a", Body=b"x")
        s3.list_objects_v2(Bucket=bucket)
    except ClientError as error:
        if not is_error(error, "AccessDenied"):
            raise
        return False
    return True


def test_what_ceph_refuses_is_known(real: RealProduct) -> None:
    """All tests here run with the template's wiring, but for this and what is MISTAKEN."""
    assert real.refused == REFUSED


@pytest.mark.parametrize("bucket", ["UploadBucket", "GalleryBucket"])
def test_what_is_set_reads_back(real: RealProduct, s3: Any, bucket: str) -> None:
    """CORS, lifecycle and versioning are as the template has them."""
    properties = buckets(package(), real.url)[bucket]
    told, wanted = {}, {}
    for name, value in settings_of(properties).items():
        if name in SETTINGS.keys() - REFUSED - MISTAKEN:
            told[name] = SETTINGS[name].get(s3, properties["BucketName"])
            wanted[name] = SETTINGS[name].to_api(value)
    assert wanted.keys() >= {"CorsConfiguration", "LifecycleConfiguration"}
    assert told == wanted


@pytest.mark.parametrize(("operator", "followed"), [("Bool", False), ("BoolIfExists", True)])
def test_the_bucket_policy_refuses_what_comes_without_tls(
    s3: Any, operator: str, *, followed: bool
) -> None:
    """The template's policy is taken, and not followed: Ceph knows aws:SecureTransport only over TLS.

    On AWS it is in every request. With the operator that also takes what is unknown for "false",
    the same policy refuses everything, its owner included.
    """
    bucket = f"only-tls-{operator.lower()}"
    properties = buckets(package())["UploadBucket"]
    text = json.dumps(properties["BucketPolicy"]).replace(properties["BucketName"], bucket)
    s3.create_bucket(Bucket=bucket)
    assert takes_objects(s3, bucket)
    policy = json.loads(text.replace('"Bool"', f'"{operator}"'))
    SETTINGS["BucketPolicy"].put(s3, bucket, policy)
    assert takes_objects(s3, bucket) is not followed


def test_ceph_takes_every_put_for_a_public_one(s3: Any) -> None:
    """With the template's public access block it denies all puts, which have no ACL at all."""
    value = buckets(package())["UploadBucket"]["PublicAccessBlockConfiguration"]
    s3.create_bucket(Bucket="blocked")
    assert takes_objects(s3, "blocked")
    SETTINGS["PublicAccessBlockConfiguration"].put(s3, "blocked", value)
    assert SETTINGS["PublicAccessBlockConfiguration"].get(s3, "blocked") == value
    assert not takes_objects(s3, "blocked")
