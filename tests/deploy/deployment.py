"""The product as the packaged template makes it, on an object store that holds each role to its policy."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from services.core.settings import Settings, load_settings
from services.resize.handler import handle
from services.store import Store
from services.web.app import create_app
from tests.deploy.guarded_s3 import Function, GuardedS3
from tests.deploy.iam import Iam, Policy
from tests.deploy.packaging import Template, of_type
from tests.deploy.roles import policies
from tests.deploy.wiring import SETTINGS, Properties, buckets, gallery_url, settings_of
from tests.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class Deployment:
    """Both functions by their own credentials, and `s3` of the account's owner.

    `client` speaks to the web function, `http` to S3, as browsers do.
    """

    resize: Store
    web: Store
    resize_settings: Settings
    client: TestClient
    http: httpx.Client
    s3: Any
    owner: ObjectStore
    guard: GuardedS3
    roles: dict[str, Policy]

    def events(self) -> list[Any]:
        """Return the notifications that came since the last look."""
        return self.owner.events(self.web.uploads.name)

    def invoke(self, event: Any, settings: Settings | None = None) -> dict[str, Any]:
        """Call the resize function."""
        deadline = time.monotonic() + 60
        return handle(event, self.resize, settings or self.resize_settings, deadline=deadline)

    def deliver(self) -> list[dict[str, Any]]:
        """Call the resize function for all that S3 told, and return its answers."""
        return [self.invoke(event) for event in self.events()]


def settings_in(template: Template, function: str, s3_url: str | None) -> Settings:
    """Return what a function reads from its environment, but for where S3 is."""
    functions = of_type(template, "AWS::Lambda::Function")
    variables = functions[f"{function.title()}LambdaFunction"]["Environment"]["Variables"]
    return replace(load_settings(variables), s3_endpoint_url=s3_url)


@contextmanager
def deploy(
    template: Template,
    iam: Iam,
    *,
    changed: dict[str, Policy] | None = None,
    origin: str = "",
    **guard: Any,
) -> Iterator[Deployment]:
    """Yield the product, its roles as the template has them or `changed`.

    `origin`, if any, is the gallery's address instead of the one on AWS.
    """
    roles = policies(template) | (changed or {})
    functions = [Function(name, policy) for name, policy in roles.items()]
    with (
        tempfile.TemporaryDirectory() as folder,
        ObjectStore(Path(folder), *roles, origins=[origin or gallery_url(template)]) as owner,
        GuardedS3(owner, iam, functions, **guard) as guarded,
    ):
        settings = {f.name: settings_in(template, f.name, guarded.url) for f in functions}
        stores = {f.name: Store.connect(settings[f.name], f.session()) for f in functions}
        apply(buckets(template, origin), owner.s3)
        web = replace(settings["web"], public_url=origin or settings["web"].public_url)
        client = TestClient(create_app(web, stores["web"]), base_url=web.public_url or "")
        with httpx.Client() as http:
            yield Deployment(
                stores["resize"], stores["web"], settings["resize"], client, http, owner.s3, owner,
                guarded, roles,
            )  # fmt: skip
        for store in stores.values():
            store.uploads._s3.close()


# SeaweedFS knows neither: Ceph does, and is set up by the same template in tests/s3. Bucket policies
# are asked of IAM's evaluator, which knows all of their language.
NOT_APPLIED = {"NotificationConfiguration", "PublicAccessBlockConfiguration", "BucketPolicy"}


def apply(wanted: dict[str, Properties], s3: Any) -> None:
    """Make the buckets and set on them what the template says, but for NOT_APPLIED."""
    for properties in wanted.values():
        name = properties["BucketName"]
        s3.create_bucket(Bucket=name)
        for setting, value in settings_of(properties).items():
            if setting not in NOT_APPLIED:
                SETTINGS[setting].put(s3, name, value)
