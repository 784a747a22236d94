"""What the deployment's tests share."""

from collections.abc import Iterator

import pytest

from tests.deploy.deployment import Deployment, deploy
from tests.deploy.iam import Iam
from tests.deploy.ministack import running_ministack
from tests.deploy.packaging import Template, package


@pytest.fixture(params=[{}, {"cdn": "true"}], ids=["plain", "cdn"])
def template(request: pytest.FixtureRequest) -> Template:
    """Return the template without and with CloudFront."""
    return package(**request.param)


@pytest.fixture(scope="package")
def iam() -> Iterator[Iam]:
    """The policy evaluator."""
    with Iam() as running:
        yield running


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The product as deployed without CloudFront."""
    with (
        running_ministack(tmp_path_factory.mktemp("aws")) as account,
        deploy(account, package()) as running,
    ):
        yield running
