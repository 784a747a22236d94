"""What the deployment's tests share."""

import pytest

from tests.deploy.packaging import Template, package


@pytest.fixture(params=[{}, {"cdn": "true"}], ids=["plain", "cdn"])
def template(request: pytest.FixtureRequest) -> Template:
    """Return the template without and with CloudFront."""
    return package(**request.param)
