"""What a deploy of the template makes on an emulator of AWS, and what the emulator leaves out."""

import re
from collections import ChainMap
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from services.resize.reprocess import stale
from tests import pictures
from tests.deploy.deployment import STACK, Deployment, create_stack, settings_in
from tests.deploy.lifetime import Lifetime
from tests.deploy.ministack import running_ministack
from tests.deploy.packaging import OTHERS, of_type, package
from tests.deploy.roles import policies
from tests.events import batch_event

# When MiniStack learns one of these this fails, and the test of what it makes can be written.
NOT_MADE = {"UploadBucket": {"LifecycleConfiguration"}, "GalleryBucket": {"LifecycleConfiguration"}}

# Property of AWS::S3::Bucket → the call of S3's API that tells it.
TOLD_BY = {
    "BucketEncryption": "get_bucket_encryption",
    "CorsConfiguration": "get_bucket_cors",
    "LifecycleConfiguration": "get_bucket_lifecycle_configuration",
    "OwnershipControls": "get_bucket_ownership_controls",
    "PublicAccessBlockConfiguration": "get_public_access_block",
    "VersioningConfiguration": "get_bucket_versioning",
}


def test_every_resource_is_made(deployment: Deployment) -> None:
    """Each resource of the template stands, and every property of the buckets but those named."""
    cloudformation = deployment.account.client("cloudformation")
    listed = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    assert {each["LogicalResourceId"] for each in listed} == set(deployment.template["Resources"])
    assert {each["ResourceStatus"] for each in listed} == {"CREATE_COMPLETE"}
    for name, lost in NOT_MADE.items():
        bucket = of_type(deployment.template, "AWS::S3::Bucket")[name]
        made = {
            of
            for of, call in TOLD_BY.items()
            if of in bucket and is_configured(deployment.s3, call, bucket["BucketName"])
        }
        assert made == (bucket.keys() & TOLD_BY.keys()) - lost


def test_every_parameter_is_made(tmp_path: Path) -> None:
    """Every parameter at its other value at once; but no budget, which MiniStack does not know."""
    template = package(**dict(ChainMap(*OTHERS)))
    with running_ministack(tmp_path) as account:
        with pytest.raises(ClientError, match="Unrecognized resource types"):
            create_stack(account, template)
        resources = {**template["Resources"]}
        del resources["Budget"]
        create_stack(account, template | {"Resources": resources})
        [subscription] = account.client("sns").list_subscriptions()["Subscriptions"]
        assert subscription["Endpoint"] == "owner@example.org"


def is_configured(s3: Any, call: str, bucket: str) -> bool:
    """Tell whether S3 knows of a setting."""
    try:
        answer = getattr(s3, call)(Bucket=bucket)
    except s3.exceptions.ClientError:
        return False
    return bool(answer.keys() - {"ResponseMetadata"})


def test_cors_of_the_template_lets_the_page_upload(deployment: Deployment) -> None:
    """The deployed page's origin may post and read ETag and Location; another origin may not."""
    page = deployment.account.outputs(STACK)["GalleryUrl"]
    sent = Lifetime(deployment).begin()["upload"]

    def preflight(url: str, origin: str, method: str) -> httpx.Response:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        return httpx.options(url, headers=asked)

    allowed = preflight(sent["url"], page, "POST")
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] in (page, "*")
    assert preflight(sent["url"], "https://elsewhere.test", "POST").status_code == 403
    assert preflight(sent["url"], page, "DELETE").status_code == 403
    files = {"file": b"x"}
    answer = httpx.post(sent["url"], headers={"Origin": page}, data=sent["fields"], files=files)
    assert answer.status_code == 201
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert set(exposed) == {"ETag", "Location"}
    gallery = f"{sent['url'].rpartition('/')[0]}/{deployment.web.gallery.name}/photos/a"
    assert preflight(gallery, page, "GET").status_code == 200
    assert preflight(gallery, page, "PUT").status_code == 403
    deployment.events()


def test_notification_of_the_template_reaches_uploads_only(deployment: Deployment) -> None:
    """An object under uploads/ triggers the function, and what the function quarantines is not: no loop."""
    name = deployment.web.uploads.name
    for key in ("quarantine/a", "uploads/b"):
        deployment.s3.put_object(Bucket=name, Key=key, Body=b"x")
    deployment.s3.put_object(Bucket=deployment.web.gallery.name, Key="uploads/c", Body=b"x")
    told_of = [record for event in deployment.events() for record in event.get("Records", [])]
    assert [record["s3"]["object"]["key"] for record in told_of] == ["uploads/b"]
    assert told_of[0]["s3"]["object"]["versionId"]


def shown_sizes(deployment: Deployment, photo_id: str) -> set[int]:
    """Return the boxes of a photo's variants on the gallery's page."""
    page = deployment.client.get("/").text
    return {int(size) for size in re.findall(rf"photos/main/{photo_id}/(\d+)\.webp", page)}


def test_from_the_parameter_to_the_page(deployment: Deployment) -> None:
    """--param VARIANT_SIZES, then the job of docs/deploy.md, by the same role: the page shows it."""
    life = Lifetime(deployment)
    old = life.publish("old.jpg", "image/jpeg", pictures.jpeg(1000, 700))
    assert shown_sizes(deployment, old["id"]) == {400, 800, 1600}

    upgraded = package(VARIANT_SIZES="320,640,1280")
    assert policies(upgraded) == policies(deployment.template)
    url = deployment.resize_settings.s3_endpoint_url
    resize, web = (settings_in(upgraded, name, url) for name in ("resize", "web"))
    assert resize.variant_sizes == web.variant_sizes == (320, 640, 1280)

    new = life.upload(pictures.jpeg(1000, 700))
    (event,) = deployment.events()
    assert deployment.invoke(event, resize) == {"published": 1}
    assert shown_sizes(deployment, new["id"]) == {320, 640, 1280}
    gallery = deployment.resize.gallery
    assert stale(deployment.resize, resize) == [("main", old["id"])]
    tasks = [key for _, _, listed in gallery.index() for key in listed]
    answer = deployment.invoke(batch_event(*tasks, bucket={"s3Bucket": gallery.name}), resize)
    said = {result["resultString"] for result in answer["results"]}
    assert said == {"reprocessed", "unchanged"}
    # The largest stays, because nothing larger is left to make another of it.
    assert shown_sizes(deployment, old["id"]) == {320, 640, 1600}
    assert stale(deployment.resize, resize) == []
