"""The template that ships is private, closed, bounded and equal to the code's own names."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
from collections import ChainMap
from dataclasses import fields
from pathlib import Path
from typing import Any

from starlette.routing import Route

from services.core import keys
from services.core.settings import Settings, load_settings, variable
from services.core.variants import FORMATS
from services.resize.metrics import NAMESPACE
from services.store import Store
from services.web import health, pages, photos, uploads
from tests.deploy.packaging import (
    OTHERS,
    ROOT,
    Template,
    deployed,
    of_type,
    package,
    pairwise,
    parameters,
    serverless,
)

# Set by Lambda itself, or of no use on AWS.
NOT_DEPLOYED = {"AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "S3_ENDPOINT_URL"}


def test_cfn_lint_has_nothing_to_say(tmp_path: Path) -> None:
    """cfn-lint finds no error and no warning, and so no circle, at any two parameters."""
    for number, row in enumerate(pairwise()):
        (tmp_path / f"{number}.json").write_text(json.dumps(package(**row)))
    lint = subprocess.run(
        [
            *(Path(sys.executable).with_name("cfn-lint"), "--non-zero-exit-code", "warning"),
            *("--ignore-checks", "W3005", "--"),  # osls names what its alias depends on twice
            *tmp_path.iterdir(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (lint.returncode, lint.stdout) == (0, "")


def test_parameters_reach_what_they_are_for() -> None:
    """Each is what the parameter says, or as it is without."""
    functions = of_type(package(), "AWS::Lambda::Function")
    assert {f["FunctionName"]: f["Architectures"] for f in functions.values()} == {
        "contact-sheet-dev-resize": ["arm64"],
        "contact-sheet-dev-web": ["arm64"],
    }
    assert "ReservedConcurrentExecutions" not in functions["ResizeLambdaFunction"]
    [schedule] = of_type(package(), "AWS::Events::Rule").values()
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(15 minutes)")

    other = package(**dict(ChainMap(*OTHERS)), VARIANT_SIZES="200,600", SITE_TITLE="Holidays")
    functions = of_type(other, "AWS::Lambda::Function")
    assert {str(f["Architectures"]) for f in functions.values()} == {"['x86_64']"}
    assert functions["ResizeLambdaFunction"]["ReservedConcurrentExecutions"] == 5
    [schedule] = of_type(other, "AWS::Events::Rule").values()
    assert schedule["State"] == "DISABLED"
    bucket = of_type(other, "AWS::S3::Bucket")["UploadBucket"]
    assert bucket["BucketName"] == "mine-uploads-123456789012-us-east-1"
    settings = load_settings(functions["WebLambdaFunction"]["Environment"]["Variables"])
    assert (settings.variant_sizes, settings.site_title) == ((200, 600), "Holidays")
    assert settings.public_url == settings.image_base_url == "https://photos.example.org"
    [group, *_] = of_type(other, "AWS::Logs::LogGroup").values()
    assert group["RetentionInDays"] == 7
    [subscription] = of_type(other, "AWS::SNS::Subscription").values()
    assert (subscription["Endpoint"], subscription["TopicArn"]) == (
        "owner@example.org",
        "<AlarmTopic>",
    )
    [budget] = of_type(other, "AWS::Budgets::Budget").values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "20", "Unit": "USD"}


def test_images_are_pushed_as_lambda_takes_them() -> None:
    """One manifest of one platform: with provenance, Docker pushes an index beside it, refused."""
    shown = serverless(
        "print", "--path=provider.ecr.images", "--format=json", "--param=architecture=x86_64"
    )
    images = json.loads(shown.stdout)
    assert set(images) == {"resize", "web"}
    for image in images.values():
        assert (image["platform"], image["provenance"]) == ("linux/x86_64", "false")


def test_each_parameter_has_another_value_and_its_row() -> None:
    """What is tested in pairs, and the table in docs/deploy.md, are the parameters that there are."""
    named = [name for name, _, _ in parameters()]
    tested = set().union(*OTHERS)
    assert tested == set(named) - {"resizeImage", "webImage"}  # always given here
    rows = [f"| `{name}` | `{default}` | {meaning} |" for name, default, meaning in parameters()]
    assert "\n".join(rows) in (ROOT / "docs/deploy.md").read_text(), "\n".join(rows)


def test_own_domain_is_in_front_of_what_there_is() -> None:
    """CloudFront or the API has the name and the certificate, and says where to point the name."""
    own = OTHERS[2]
    api, cdn = package(**own), package(**own, cdn="true")
    [name] = of_type(api, "AWS::ApiGatewayV2::DomainName").values()
    assert name["DomainName"] == own["domain"]
    [certificate] = name["DomainNameConfigurations"]
    assert certificate["CertificateArn"] == own["certificateArn"]
    [mapping] = of_type(api, "AWS::ApiGatewayV2::ApiMapping").values()
    assert mapping == {"ApiId": "api123", "DomainName": "<Domain>", "Stage": "<HttpApiStage>"}
    [distribution] = of_type(cdn, "AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    assert config["Aliases"] == [own["domain"]]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == own["certificateArn"]
    targets = [deployed(each["Outputs"]["DomainTarget"]["Value"]) for each in (api, cdn)]
    assert targets == ["<Domain.RegionalDomainName>", "d123.cloudfront.net"]
    assert not of_type(cdn, "AWS::ApiGatewayV2::DomainName")


def test_the_rate_by_address_stands_before_cloudfront() -> None:
    """Blocked with 429 and when to come again; nothing without a CDN, as an HTTP API takes no WAF."""
    template = package(cdn="true", waf="true")
    [acl] = of_type(template, "AWS::WAFv2::WebACL").values()
    [rule] = acl["Rules"]
    assert rule["Action"]["Block"]["CustomResponse"] == {
        "ResponseCode": 429,
        "ResponseHeaders": [{"Name": "Retry-After", "Value": "300"}],
    }
    assert rule["Statement"]["RateBasedStatement"]["Limit"] == 3000
    [distribution] = of_type(template, "AWS::CloudFront::Distribution").values()
    assert distribution["DistributionConfig"]["WebACLId"] == "<WebAcl.Arn>"
    assert not of_type(package(waf="true"), "AWS::WAFv2::WebACL")


def test_snapshots_are_of_a_version_that_the_api_calls() -> None:
    """Only where they are asked for, and of the web function alone."""
    template = package(snapStart="true")
    functions = of_type(template, "AWS::Lambda::Function")
    assert {id_: f.get("SnapStart") for id_, f in functions.items()} == {
        "ResizeLambdaFunction": None,
        "WebLambdaFunction": {"ApplyOn": "PublishedVersions"},
    }
    [(version, _)] = of_type(template, "AWS::Lambda::Version").items()
    [alias] = of_type(template, "AWS::Lambda::Alias").values()
    assert alias["FunctionVersion"] == f"<{version}.Version>"
    [integration] = of_type(template, "AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationUri"] == {
        "Fn::Join": [":", ["<WebLambdaFunction.Arn>", alias["Name"]]]
    }
    assert not of_type(package(), "AWS::Lambda::Version")


def test_every_setting_is_a_parameter(template: Template) -> None:
    """The functions' variables are the settings of services/core/settings.py, and load as they are."""
    functions = of_type(template, "AWS::Lambda::Function").values()
    variables = [function["Environment"]["Variables"] for function in functions]
    settings = {variable(field) for field in fields(Settings)}
    assert set().union(*variables) == settings - NOT_DEPLOYED
    for values in variables:
        loaded = load_settings(values)
        assert loaded.upload_bucket == "contact-sheet-dev-uploads-123456789012-us-east-1"
        assert loaded.gallery_bucket == "contact-sheet-dev-gallery-123456789012-us-east-1"
        assert loaded.variant_sizes == Settings().variant_sizes


def test_gallery_has_one_address() -> None:
    """The address that is printed, that pages know and that both buckets admit is one."""
    for given, address, images in (
        ({}, "https://api123.execute-api.us-east-1.amazonaws.com", ""),
        ({"cdn": "true"}, "https://d123.cloudfront.net", "https://d123.cloudfront.net"),
        (OTHERS[2], "https://photos.example.org", ""),
    ):
        template = package(**given)
        variables = of_type(template, "AWS::Lambda::Function")["WebLambdaFunction"]["Environment"]
        assert deployed(template["Outputs"]["GalleryUrl"]["Value"]) == address
        assert variables["Variables"]["PUBLIC_URL"] == address
        assert variables["Variables"]["IMAGE_BASE_URL"] == images
        for name in ("UploadBucket", "GalleryBucket"):
            [rule] = of_type(template, "AWS::S3::Bucket")[name]["CorsConfiguration"]["CorsRules"]
            assert rule["AllowedOrigins"] == [address]
            assert rule["ExposedHeaders"] == ["ETag", "Location"]


def test_cors_is_that_of_the_local_product(store: Store, settings: Settings) -> None:
    """Only the origin differs between the template and what `make run` sets on its buckets."""
    buckets = of_type(package(), "AWS::S3::Bucket")
    local_names = {"UploadBucket": settings.upload_bucket, "GalleryBucket": settings.gallery_bucket}
    for name, local_name in local_names.items():
        [rule] = buckets[name]["CorsConfiguration"]["CorsRules"]
        answer: Any = store.uploads._s3.get_bucket_cors(Bucket=local_name)
        [local] = answer["CORSRules"]
        assert {
            "AllowedHeaders": rule["AllowedHeaders"],
            "AllowedMethods": rule["AllowedMethods"],
            "ExposeHeaders": rule["ExposedHeaders"],
            "MaxAgeSeconds": rule["MaxAge"],
        } == {key: value for key, value in local.items() if key != "AllowedOrigins"}


def test_no_circle_but_by_name(template: Template) -> None:
    """Uploads under the code's prefix, and nothing else, start the resize function."""
    bucket = of_type(template, "AWS::S3::Bucket")["UploadBucket"]
    assert bucket["NotificationConfiguration"] == {
        "LambdaConfigurations": [
            {
                "Event": "s3:ObjectCreated:*",
                "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": keys.UPLOAD_PREFIX}]}},
                "Function": "<ResizeLambdaFunction.Arn>",
            }
        ]
    }
    gallery = of_type(template, "AWS::S3::Bucket")["GalleryBucket"]
    assert "NotificationConfiguration" not in gallery
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    [invoke] = [p for p in permissions if p["Principal"] == "s3.amazonaws.com"]
    assert invoke["SourceArn"] == f"arn:aws:s3:::{bucket['BucketName']}"
    assert invoke["SourceAccount"] == "123456789012"


def test_failures_are_kept_and_told(template: Template) -> None:
    """What Lambda gives up on goes into a queue for two weeks, and an alarm watches the queue."""
    [config] = of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == "<FailureQueue.Arn>"
    assert config["MaximumRetryAttempts"] == 2
    [queue] = of_type(template, "AWS::SQS::Queue").values()
    assert queue == {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True}
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    failure, paused = alarms["FailureAlarm"], alarms["PausedAlarm"]
    assert failure["Dimensions"] == [{"Name": "QueueName", "Value": "<FailureQueue.QueueName>"}]
    assert (paused["Namespace"], paused["MetricName"]) == (NAMESPACE, "UploadsPaused")
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == ["<AlarmTopic>"]


def test_functions_log_trace_and_are_bounded(template: Template) -> None:
    """Functions log JSON into groups that end, are traced, have own roles; the API is throttled."""
    functions = of_type(template, "AWS::Lambda::Function")
    roles = {name: function["Role"] for name, function in functions.items()}
    assert roles == {
        "ResizeLambdaFunction": "<ResizeRole.Arn>",
        "WebLambdaFunction": "<WebRole.Arn>",
    }
    for function in functions.values():
        assert function["PackageType"] == "Image"
        assert function["LoggingConfig"] == {"LogFormat": "JSON"}
        assert function["TracingConfig"] == {"Mode": "Active"}
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert len(groups) == 3
    assert {group["RetentionInDays"] for group in groups.values()} <= {30, 7}
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingBurstLimit": 100,
        "ThrottlingRateLimit": 50,
    }
    # API Gateway answers with 503 after 30 s whatever the function does.
    assert functions["WebLambdaFunction"]["Timeout"] < 30


def test_cdn_keeps_pages_and_pictures_apart() -> None:
    """CloudFront sends variants' paths to the bucket and a photo's page to the API."""
    [distribution] = of_type(package(cdn="true"), "AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    assert config["HttpVersion"] == "http2and3"
    behaviours = {b["PathPattern"]: b["TargetOriginId"] for b in config["CacheBehaviors"]}
    assert behaviours == {"/static/*": "api", "/photos/*/*/*": "gallery"}
    variant = re.compile("/photos/.*/.*/.*")  # CloudFront's * also stands for slashes
    photo_id = "7ZZ6M1YB3X8Q2W4E5R6T7Y8V9A"
    assert variant.fullmatch(f"/{keys.PHOTO_PREFIX}main/{photo_id}/400.webp")
    assert not variant.fullmatch(f"/photos/{photo_id}")
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "api"
    origins = {origin["Id"]: origin for origin in config["Origins"]}
    assert origins["gallery"]["OriginAccessControlId"] == "<OriginAccess.Id>"
    every = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {b["ViewerProtocolPolicy"] for b in every} == {"redirect-to-https"}


def test_osls_is_pinned() -> None:
    """package.json pins osls, whose program is the `serverless` of the deploy command."""
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]["osls"]
    assert re.fullmatch(r"4\.\d+\.\d+", wanted)
    installed = json.loads((ROOT / "node_modules/osls/package.json").read_text())
    assert installed["version"] == wanted
    assert "serverless" in installed["bin"]


def test_what_a_deploy_wants_is_said(tmp_path: Path) -> None:
    """Without Docker osls says so; npm refuses a Node.js that osls would not run on."""
    shutil.copy(ROOT / "serverless.yml", tmp_path)
    (tmp_path / "node").symlink_to(str(shutil.which("node")))
    run = serverless("package", env={"PATH": str(tmp_path)}, cwd=tmp_path)
    assert "Ensure Docker is installed before continuing." in run.stdout + run.stderr
    ours, theirs = (
        json.loads((ROOT / folder / "package.json").read_text())["engines"]["node"]
        for folder in (".", "node_modules/osls")
    )
    assert ours == theirs
    assert "engine-strict=true" in (ROOT / ".npmrc").read_text().splitlines()


def test_the_cdn_sends_variants_to_the_bucket_and_nothing_else() -> None:
    """CloudFront's `*` crosses slashes, as fnmatch's does; no route may lie behind the bucket."""
    behaviours = re.findall(r"PathPattern: (\S+)", (ROOT / "serverless.yml").read_text())
    (bucket,) = [pattern for pattern in behaviours if pattern != "/static/*"]
    variant = keys.variant_key("main", "7ZZZZZZZZZ0123456789ABCDEF", 400, FORMATS["webp"])
    assert fnmatch.fnmatchcase(f"/{variant}", bucket)
    routers = (health.router, pages.router, photos.router, uploads.router)
    routes = [
        route.path for router in routers for route in router.routes if isinstance(route, Route)
    ]
    assert "/photos/{photo_id}" in routes
    behind = [path for path in routes if fnmatch.fnmatchcase(path, bucket)]
    assert behind == []
