"""The local S3 wired by the template that ships, where moto's deploy drops the wiring."""

from typing import Any

import boto3
import httpx
import pytest

from services.core.settings import Settings
from services.store import Store
from services.store.client import make_s3
from tests.deploy.deployment import Deployment
from tests.deploy.lifetime import Lifetime
from tests.deploy.packaging import Template, package
from tests.deploy.test_rehearsal import DROPPED_FROM_BUCKETS
from tests.deploy.wiring import SETTINGS, buckets, gallery_url, settings_of

BUCKETS = ("UploadBucket", "GalleryBucket")


def test_all_that_moto_drops_is_applied_here() -> None:
    """Each property that the rehearsal's deploy loses is one that these tests set themselves."""
    properties = buckets(package())["UploadBucket"]
    assert properties.keys() >= DROPPED_FROM_BUCKETS
    assert SETTINGS.keys() | {"NotificationConfiguration"} >= DROPPED_FROM_BUCKETS


@pytest.mark.parametrize("bucket", BUCKETS)
def test_what_the_template_sets_is_taken_and_told(
    template: Template, bucket: str, store: Store, settings: Settings, aws_session: boto3.Session
) -> None:
    """Every property but the notification, put on a bucket, reads back as it was put.

    The bucket policy is kept and not followed: see `apply` in tests/deploy/deployment.py.
    """
    s3: Any = make_s3(settings, aws_session)
    told, wanted = {}, {}
    for name, value in settings_of(buckets(template)[bucket]).items():
        if name != "NotificationConfiguration":
            SETTINGS[name].put(s3, store.uploads.name, value)
            told[name] = SETTINGS[name].get(s3, store.uploads.name)
            wanted[name] = SETTINGS[name].to_api(value)
    assert len(wanted) >= 6
    assert told == wanted


def test_cors_of_the_template_lets_the_page_upload(deployment: Deployment) -> None:
    """The deployed page's origin may post and read ETag and Location; another origin may not."""
    page = gallery_url(package())
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
    assert answer.headers["location"]
    gallery = f"{sent['url'].rpartition('/')[0]}/{deployment.web.gallery.name}/photos/a"
    assert preflight(gallery, page, "GET").status_code == 200
    assert preflight(gallery, page, "PUT").status_code == 403


def test_notification_of_the_template_reaches_uploads_only(deployment: Deployment) -> None:
    """An object under uploads/ is told of, and what the function quarantines is not: no loop."""
    name = deployment.web.uploads.name
    for key in ("quarantine/a", "uploads/b"):
        deployment.s3.put_object(Bucket=name, Key=key, Body=b"x")
    deployment.s3.put_object(Bucket=deployment.web.gallery.name, Key="uploads/c", Body=b"x")
    told = [record for event in deployment.events() for record in event.get("Records", [])]
    assert [record["s3"]["object"]["key"] for record in told] == ["uploads/b"]
    assert told[0]["s3"]["object"]["versionId"]
