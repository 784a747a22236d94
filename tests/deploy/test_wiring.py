"""The object store wired by the template that ships, where moto's deploy drops the wiring."""

from typing import Any

import boto3
import httpx
import pytest

from services.core.settings import Settings
from services.store import Store
from services.store.client import make_s3
from tests.deploy.deployment import NOT_APPLIED, Deployment
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
    """Every property that SeaweedFS knows, put on a bucket, reads back as it was put."""
    s3: Any = make_s3(settings, aws_session)
    told, wanted = {}, {}
    for name, value in settings_of(buckets(template)[bucket]).items():
        if name not in NOT_APPLIED:
            SETTINGS[name].put(s3, store.uploads.name, value)
            told[name] = SETTINGS[name].get(s3, store.uploads.name)
            wanted[name] = SETTINGS[name].to_api(value)
    assert len(wanted) >= 4
    assert told == wanted


def test_cors_of_the_template_lets_the_page_upload(deployment: Deployment) -> None:
    """The deployed page's origin may post and read ETag and Location; another origin may not."""
    page = gallery_url(package())
    sent = Lifetime(deployment).begin()["upload"]

    def allowed(url: str, origin: str, method: str) -> bool:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        try:
            answer = httpx.options(url, headers=asked).headers
        except httpx.RemoteProtocolError:  # what it does not know it closes the connection to
            return False
        methods = answer.get("access-control-allow-methods", "").split(", ")
        return answer.get("access-control-allow-origin") == origin and bool(
            {"*", method} & {*methods}
        )

    assert allowed(sent["url"], page, "POST")
    assert not allowed(sent["url"], "https://elsewhere.test", "POST")
    assert not allowed(f"{sent['url']}/uploads/a", page, "DELETE")
    files = {"file": b"x"}
    answer = httpx.post(sent["url"], headers={"Origin": page}, data=sent["fields"], files=files)
    assert answer.status_code == 201
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert set(exposed) == {"ETag", "Location"}
    gallery = f"{sent['url'].rpartition('/')[0]}/{deployment.web.gallery.name}/photos/a"
    assert allowed(gallery, page, "GET")
    assert not allowed(gallery, page, "PUT")
