"""What the deployment's tests share."""

from collections.abc import Iterator

import pytest

from tests.deploy.deployment import Deployment, deploy
from tests.deploy.iam import Iam
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


@pytest.fixture
def deployment(iam: Iam) -> Iterator[Deployment]:
    """The product as deployed without CloudFront, and nothing in it."""
    with deploy(package(), iam) as running:
        yield running
