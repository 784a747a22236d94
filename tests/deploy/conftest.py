"""What the deployment's tests share."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.deploy.deployment import Deployment, deploy
from tests.deploy.iam import Iam
from tests.deploy.ministack import running_ministack
from tests.deploy.packaging import Template, package, pairwise


@pytest.fixture(params=pairwise(), ids=lambda row: "+".join(row) or "defaults")
def template(request: pytest.FixtureRequest) -> Template:
    """Return the template with every pair of parameters, its buckets under their usual names."""
    text = json.dumps(package(**request.param))
    if prefix := request.param.get("bucketPrefix"):
        assert not re.search("contact-sheet-dev-(uploads|gallery)", text)
        text = re.sub(f"{prefix}-(uploads|gallery)", r"contact-sheet-dev-\1", text)
    renamed: Template = json.loads(text)
    return renamed


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
