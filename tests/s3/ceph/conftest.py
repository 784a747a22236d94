"""The whole product on a real S3 that enforces signatures, POST policies and CORS."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from services.core import keys
from services.core.settings import Settings
from services.local.provision import provision_buckets
from services.resize.handler import handle
from services.store import Store
from services.store.client import make_s3
from tests.browser.conftest import browser, open_page  # noqa: F401 the same browser
from tests.conftest import ACCESS_KEY_ID, SECRET_ACCESS_KEY, free_port
from tests.s3.ceph.bridge import Bridge
from tests.s3.ceph.cluster import Ceph


@dataclass(frozen=True, slots=True)
class RealProduct:
    """The gallery at `url`, over a real S3."""

    url: str
    settings: Settings
    session: boto3.Session
    store: Store
    bridge: Bridge

    def begin(self, **wanted: Any) -> dict[str, Any]:
        """Ask for a presigned POST."""
        body = {"filename": "a.jpg", "type": "image/jpeg", "size": 1000} | wanted
        begun: dict[str, Any] = httpx.post(f"{self.url}/api/uploads", json=body).json()
        return begun

    def settled(self, photo_id: str, seconds: float = 30) -> dict[str, Any]:
        """Return the photo as the API tells it once it waits no more."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = httpx.get(f"{self.url}/api/photos/{photo_id}")
            if answer.status_code == 200 and answer.json()["state"] != "waiting":
                content: dict[str, Any] = answer.json()
                return content
            time.sleep(0.05)
        msg = f"{photo_id}: {answer.text}"
        raise TimeoutError(msg)

    def listed(self, name: str, seconds: float = 30) -> dict[str, Any]:
        """Return the newest photo of that name, once it is there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            photos = httpx.get(f"{self.url}/api/photos").json()["photos"]
            for photo in photos:
                if photo["name"] == name:
                    found: dict[str, Any] = photo
                    return found
            time.sleep(0.05)
        raise TimeoutError(name)


@pytest.fixture(scope="package")
def real(ceph: Ceph) -> Iterator[RealProduct]:
    """Buckets, notification, bridge and the gallery."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = Settings(s3_endpoint_url=ceph.url)
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name="us-east-1")
    store = Store.connect(settings, session)

    def deliver(event: Any) -> None:
        handle(event, store, settings, deadline=time.monotonic() + 60)

    with Bridge(deliver) as bridge:
        provision_buckets(settings, session, [url])
        notify(make_s3(settings, session), settings.upload_bucket, _topic(ceph, session, bridge))
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "services.web.app:app", "--port", str(port)],
            env={
                "PATH": "/usr/bin:/bin",
                "S3_ENDPOINT_URL": ceph.url,
                "UPLOAD_BUCKET": settings.upload_bucket,
                "GALLERY_BUCKET": settings.gallery_bucket,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            },
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                httpx.get(f"{url}/readyz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield RealProduct(url, settings, session, store, bridge)
        process.terminate()
        process.wait()


def notify(s3: Any, bucket: str, topic: str) -> None:
    """Let a bucket tell a topic of each upload."""
    rules = [{"Name": "prefix", "Value": keys.UPLOAD_PREFIX}]
    configuration = {
        "Id": "uploads",
        "TopicArn": topic,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [configuration]}
    )


def _topic(ceph: Ceph, session: boto3.Session, bridge: Bridge) -> str:
    # Ceph's topics speak SNS, signed as for S3.
    sns = session.client(
        "sns",
        endpoint_url=ceph.url,
        region_name="us-east-1",
        config=Config(signature_version="s3"),
    )
    topic = sns.create_topic(Name="uploads", Attributes={"push-endpoint": bridge.url})
    return str(topic["TopicArn"])
