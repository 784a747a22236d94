"""Measures the built images as Lambda runs them: size, init, first and warm calls, memory, cost.

    make images && python -m benchmarks.images     # writes benchmarks/results/images.json

Under bubblewrap, against the local S3, on this machine's processor: no memory limit, no Lambda
share of a processor and no network is in the figures, so durations on AWS are longer.
"""

import json
import platform
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from services.config import Settings
from services.keys import new_photo_id, upload_key
from services.local.provision import provision_buckets
from services.local.s3 import LocalS3
from tests import pictures
from tests.deploy.images.lambda_runtime import Lambda
from tests.deploy.packaging import ROOT, of_type, package

WARM = 10
# US dollars in us-east-1, first tier, as published in 2025: Lambda on arm64, S3 Standard.
PER_GB_SECOND = 0.0000133334
PER_INVOCATION = 0.20 / 1e6
PER_PUT = 0.005 / 1e3
PER_GET = 0.0004 / 1e3
PUTS_A_PICTURE = 1 + 6 + 1 + 3  # upload, variants, index entry, listings (billed as PUT)
GETS_A_PICTURE = 1


def _event(s3: Any, settings: Settings, data: bytes) -> dict[str, Any]:
    key = upload_key(new_photo_id(datetime.now(UTC)))
    answer = s3.put_object(Bucket=settings.upload_bucket, Key=key, Body=data)
    stored = {"key": key, "size": len(data), "versionId": answer["VersionId"]}
    bucket = {"name": settings.upload_bucket}
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "s3": {"bucket": bucket, "object": stored},
    }
    return {"Records": [record]}


def _page() -> dict[str, Any]:
    http = {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "gallery.test"},
        "requestContext": {"stage": "$default", "requestId": "1", "http": http},
        "isBase64Encoded": False,
    }


def _run(function: Lambda, events: list[Any]) -> dict[str, float]:
    answers = [function.invoke(event) for event in events]
    if failed := [answer.error for answer in answers if answer.error]:
        raise RuntimeError(failed[0])
    warm = sorted(answer.milliseconds for answer in answers[1:])
    return {
        "init_ms": round(function.init_milliseconds),
        "first_ms": round(answers[0].milliseconds),
        "warm_p50_ms": round(statistics.median(warm)),
        "warm_max_ms": round(warm[-1]),
        "peak_memory_mb": round(function.peak_memory() / 1e6),
    }


def _dollars_per_1000(milliseconds: float, megabytes: int) -> float:
    lambda_ = milliseconds / 1000 * megabytes / 1024 * PER_GB_SECOND + PER_INVOCATION
    return round(1000 * (lambda_ + PUTS_A_PICTURE * PER_PUT + GETS_A_PICTURE * PER_GET), 4)


def _size(root: Path) -> int:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(path.stat().st_size for path in files) / 1e6)


def main() -> None:
    """Measure both images and write the table."""
    functions = of_type(package(), "AWS::Lambda::Function")
    roots = ROOT / "build/images"
    samples = {
        "jpeg 640×480": pictures.jpeg(),
        "jpeg 4000×3000": pictures.jpeg(4000, 3000),
        "png 2000×1500": pictures.png(2000, 1500),
    }
    result: dict[str, Any] = {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, 2 cores",
        "image_mb": {name: _size(roots / name) for name in ("resize", "web")},
        "resize": {},
    }
    session = boto3.Session("test", "test-secret", region_name="us-east-1")
    with (
        LocalS3(None, access_key_id="test", secret_access_key="test-secret") as server,  # noqa: S106 known to nobody else
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = Settings(s3_endpoint_url=server.url)
        provision_buckets(settings, session, ["http://gallery.test"])
        s3 = session.client("s3", endpoint_url=server.url)
        env = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "S3_ENDPOINT_URL": server.url,
        }
        log = Path(folder) / "log"
        for name, data in samples.items():
            events = [_event(s3, settings, data) for _ in range(1 + WARM)]
            with Lambda(
                roots / "resize", "services.resize.handler.handler", env, log, timeout=120
            ) as function:
                figures = _run(function, events)
            memory = functions["ResizeLambdaFunction"]["MemorySize"]
            figures["dollars_per_1000_pictures"] = _dollars_per_1000(figures["warm_p50_ms"], memory)
            result["resize"][name] = {"bytes": len(data), **figures}
        with Lambda(
            roots / "web", "services.web.handler.handler", env, log, timeout=20
        ) as function:
            result["web"] = {"gallery page": _run(function, [_page()] * (1 + WARM))}
    out = ROOT / "benchmarks/results/images.json"
    out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(out.read_text())


if __name__ == "__main__":
    main()
