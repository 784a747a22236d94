"""`python -m tests.deploy.moto_aws PORT`: moto's AWS, with what it lacks to take our template.

moto makes nothing of the types that it does not know, but refuses a template that asks one of them
for an attribute. So those that ours asks are here, with that attribute and nothing behind it.
"""

import sys
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.server import main

ATTRIBUTES = {
    "AWS::CloudFront::Distribution": {"DomainName": "d123.cloudfront.net"},
    "AWS::CloudFront::OriginAccessControl": {"Id": "E456"},
}


class Standing:
    """A resource that has a name and attributes."""

    kind: str

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        """Return that no property names it."""
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Tell whether it has an attribute."""
        return attr in ATTRIBUTES[cls.kind]

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute."""
        return ATTRIBUTES[self.kind][attribute_name]

    @classmethod
    def create_from_cloudformation_json(cls, resource_name: str, *_: Any, **_more: Any) -> Self:
        """Make it."""
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource: Self, *_: Any) -> Self:
        """Leave it as it is."""
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any) -> None:
        """Let it go."""

    def is_created(self) -> bool:
        """Tell that it is there at once."""
        return True


def standing(kind: str) -> type[CloudFormationModel]:
    """Return the model of a type; moto finds it among the direct heirs of its own class."""
    name = kind.rpartition(":")[2]
    # moto reads the name of a service from the module.
    body = {
        "kind": kind,
        "cloudformation_type": staticmethod(lambda: kind),
        "__module__": "tests.deploy.moto_aws",
    }
    return type(name, (Standing, CloudFormationModel), body)


MODELS = [standing(kind) for kind in ATTRIBUTES]

if __name__ == "__main__":
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
