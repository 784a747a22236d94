"""Packages serverless.yml as a deploy does, without Docker, network or credentials."""

import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
REGION = "us-east-1"
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/contact-sheet@{DIGEST}"

Template = dict[str, Any]

# What the pseudo parameters and the references stand for once it is deployed.
DEPLOYED = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "HttpApi": "api123",
    "Distribution": "E123",
    "Distribution.DomainName": "d123.cloudfront.net",
    "UploadBucket": f"contact-sheet-dev-uploads-{ACCOUNT}-{REGION}",
    "GalleryBucket": f"contact-sheet-dev-gallery-{ACCOUNT}-{REGION}",
}

# Another value of each parameter of serverless.yml, with what else it wants.
OTHERS: list[dict[str, str]] = [
    {"cdn": "true"},
    {"architecture": "x86_64"},
    {
        "domain": "photos.example.org",
        "certificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0",
    },
    {"alarmEmail": "owner@example.org"},
    {"budget": "20"},
    {"sweep": "false"},
    {"resizeConcurrency": "5"},
    {"logRetentionDays": "7"},
    {"bucketPrefix": "mine"},
    {"waf": "true"},
    {"snapStart": "true"},
]


def pairwise() -> list[dict[str, str]]:
    """Return parameters of seven deploys, in which every two take each pair of their values.

    Row 0 has the defaults; where the others are is a set of four of the six other rows, another one
    for each parameter. Two such sets meet, and each has a row that the other one lacks.
    Source: Kleitman and Spencer, "Families of k-independent sets" (1973).
    """
    rows: list[dict[str, str]] = [{} for _ in range(7)]
    for other, chosen in zip(OTHERS, itertools.combinations(range(1, 7), 4), strict=False):
        for row in chosen:
            rows[row] |= other
    return rows


def parameters() -> list[tuple[str, str, str]]:
    """Return name, default and meaning of each parameter, as serverless.yml tells them."""
    block = (ROOT / "serverless.yml").read_text().partition("  default:\n")[2].partition("\n\n")[0]
    return [
        (found[1], found[2].strip(), found[3])
        for line in block.splitlines()
        if (found := re.fullmatch(r"    (\w+): ([^#]+)# (.+)", line))
    ]


def serverless(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run osls; with no environment but PATH and what is given, so no credentials either."""
    home = Path(tempfile.gettempdir())
    return subprocess.run(
        [str(ROOT / "node_modules/.bin/serverless"), *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(home), **(env or {})},
        text=True,
        capture_output=True,
        check=False,
        timeout=300,
    )


def image_parameters() -> list[str]:
    """Return what makes osls take images by digest instead of building them."""
    return [f"--param=resizeImage={IMAGE}", f"--param=webImage={IMAGE}"]


@functools.cache
def package(**parameters: str) -> Template:
    """Return the CloudFormation template that a deploy with these parameters would send."""
    with tempfile.TemporaryDirectory() as folder:
        # A folder of its own: osls writes .serverless beside serverless.yml.
        shutil.copy(ROOT / "serverless.yml", folder)
        out = Path(folder) / "out"
        run = serverless(
            "package",
            f"--package={out}",
            *image_parameters(),
            *(f"--param={name}={value}" for name, value in parameters.items()),
            cwd=Path(folder),
        )
        assert run.returncode == 0, run.stdout + run.stderr
        text = (out / "cloudformation-template-update-stack.json").read_text()
    template: Template = json.loads(text)
    return template


def deployed(value: Any) -> Any:
    """Return a part of the template as CloudFormation resolves it in the account of the tests."""
    if isinstance(value, list):
        return [deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return DEPLOYED.get(value["Ref"], f"<{value['Ref']}>")
    if set(value) == {"Fn::GetAtt"}:
        name = ".".join(value["Fn::GetAtt"])
        return DEPLOYED.get(name, f"<{name}>")
    if set(value) == {"Fn::Sub"}:
        text: str = value["Fn::Sub"]
        for name, stands_for in DEPLOYED.items():
            text = text.replace(f"${{{name}}}", stands_for)
        assert "${" not in text, text
        return text
    return {key: deployed(item) for key, item in value.items()}


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Return logical id → properties of the resources of a type, as they are deployed."""
    return {
        name: deployed(resource.get("Properties", {}))
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }
