"""A deploy with another variant list, and what is stored made anew for it: docs/deploy.md."""

import re

from services.resize.reprocess import stale
from tests import pictures
from tests.deploy.deployment import Deployment, settings_in
from tests.deploy.lifetime import Lifetime
from tests.deploy.packaging import package
from tests.deploy.roles import policies
from tests.events import batch_event


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
    assert policies(upgraded) == deployment.roles
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
    assert deployment.guard.denied == set()
