"""The doctor matches documents, template and images."""

import fnmatch
import re

from services.doctor.checks import CHECKS, SWEEP_PERIOD
from services.doctor.stack import DEFAULT_STACK, FUNCTIONS, OUTPUTS
from tests.deploy.packaging import ROOT, of_type, package


def test_the_document_shows_every_check() -> None:
    """The example in docs/deploy.md has each check's line, in the code's order."""
    text = (ROOT / "docs/deploy.md").read_text()
    shown = re.findall(r"^(?:ok|warn|FAIL|skip) +(\w+(?: \w+)?) +\S", text, re.MULTILINE)
    assert shown == list(CHECKS)


def test_the_template_has_what_is_read_of_it() -> None:
    """Outputs and functions have these names, and the sweep comes as often as the doctor assumes."""
    template = package()
    assert set(OUTPUTS) <= set(template["Outputs"])
    functions = of_type(template, "AWS::Lambda::Function")
    names = {name: functions[logical]["FunctionName"] for name, logical in FUNCTIONS.items()}
    assert names == {name: f"{DEFAULT_STACK}-{name}" for name in ("resize", "web")}
    [rule] = of_type(template, "AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == f"rate({SWEEP_PERIOD.seconds // 60} minutes)"


def test_it_is_in_no_image() -> None:
    """Neither Dockerfile copies it, and neither could."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"services/doctor", "services/local"} <= set(ignored)
    for name in ("Dockerfile.resize", "Dockerfile.web"):
        copied = re.findall(r"^COPY (services\S*)", (ROOT / name).read_text(), re.MULTILINE)
        assert copied
        assert not [path for path in copied if fnmatch.fnmatch("services/doctor", path)]
