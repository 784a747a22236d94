"""Measures the built images as Lambda runs them: size, start, duration, memory, cost by memorySize.

    make images && python -m benchmarks.images     # writes benchmarks/results/images.{json,md}

Under the engine of the tests, with the memory and the share of processors that Lambda would give,
against the local S3 on the same machine: S3's distance is not in the figures, nor is the time that
Lambda takes to fetch an image.
"""

import json
import platform
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.images_table import table
from services.core.settings import Settings
from services.local.provision import provision_buckets
from services.store import Store
from tests import pictures
from tests.deploy.images.conftest import function_of, put
from tests.deploy.images.engine import Function
from tests.deploy.images.lambda_runtime import Lambda
from tests.deploy.packaging import ROOT
from tests.events import http_api
from tests.object_store import ObjectStore

WARM = 5
MEMORY_SIZES = (3008, 2048, 1769, 1536, 1024)  # the largest first: it tells what fits the others
ONE_CPU = 1769  # MB at which Lambda gives a whole processor


def _enlarged(width: int, height: int, mode: str = "RGB") -> Any:
    return pictures.photo(width // 4, height // 4, mode=mode).resize((width, height))


PICTURES: dict[str, Callable[[], bytes]] = {
    "JPEG 0.3 MP": pictures.jpeg,
    "JPEG 12 MP": lambda: pictures.jpeg(4000, 3000),
    "JPEG 24 MP": lambda: pictures.jpeg(6000, 4000),
    "JPEG 100 MP": lambda: pictures.jpeg(image=_enlarged(10_000, 10_000)),
    "HEIC 12 MP": lambda: pictures.heic(4000, 3000),
    "WebP 12 MP": lambda: pictures.webp(4000, 3000),
    "PNG 12 MP": lambda: pictures.png(4000, 3000),
    "PNG 24 MP": lambda: pictures.png(6000, 4000),
    "PNG 100 MP, transparent": lambda: pictures.png(
        image=pictures.photo(1000, 1000, mode="RGBA").resize((10_000, 10_000), resample=0)
    ),
    "GIF 0.2 MP, 60 frames": lambda: pictures.gif(500, 400, frames=60),
}


def _run(function: Function, memory: int, log: Path, events: list[Any]) -> dict[str, float]:
    limited = replace(function, memory_mb=memory)
    with Lambda(limited, log, cpus=memory / ONE_CPU) as running:
        first, *warm = events
        answers = [running.invoke(first)]
        used = running.container.cpu_milliseconds()
        answers += [running.invoke(event) for event in warm]
        used = running.container.cpu_milliseconds() - used
        if failed := [answer.error for answer in answers if answer.error]:
            raise RuntimeError(failed[0])
        return {
            "init_ms": round(running.init_milliseconds),
            "first_ms": round(answers[0].milliseconds),
            "warm_ms": round(min(answer.milliseconds for answer in answers[1:])),
            "warm_cpu_ms": round(used / len(warm)),
            "peak_memory_mb": round(running.peak_memory() / (1 << 20)),
        }


def _size(root: Path) -> int:
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(path.stat().st_size for path in files) / 1e6)


def _measure(settings: Settings, store: Store, log: Path) -> dict[str, Any]:
    resize, web = function_of("resize", settings), function_of("web", settings)
    result: dict[str, Any] = {"resize": {}, "web": {}}
    for name, make in PICTURES.items():
        data = make()
        row: dict[str, Any] = {"bytes": len(data), "by_memory": {}}
        result["resize"][name] = row
        for memory in MEMORY_SIZES:
            if row.get("peak_memory_mb", 0) > memory:
                continue
            events = [put(store, data)[1] for _ in range(1 + WARM)]
            figures = _run(resize, memory, log, events)
            row.setdefault("peak_memory_mb", figures["peak_memory_mb"])
            row["by_memory"][memory] = figures
            print(name, memory, figures, flush=True)
    for memory in MEMORY_SIZES:
        pages = [http_api("GET", "/")] * (1 + WARM)
        result["web"][memory] = _run(web, memory, log, pages)
    return result


def main() -> None:
    """Measure both images and write the figures and the table."""
    with tempfile.TemporaryDirectory() as folder, ObjectStore(Path(folder)) as server:
        session = server.session
        settings = Settings(s3_endpoint_url=server.url)
        provision_buckets(settings, session, ["http://gallery.test"])
        store = Store.connect(settings, session)
        measured = _measure(settings, store, Path(folder) / "log")
    roots = ROOT / "build/images"
    result = {
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, 2 cores",
        "image_mb": {name: _size(roots / name) for name in ("resize", "web")},
        **measured,
    }
    results = ROOT / "benchmarks/results"
    written = json.dumps(result, indent=1, ensure_ascii=False)
    (results / "images.json").write_text(written + "\n")
    (results / "images.md").write_text(table(json.loads(written)))
    print((results / "images.md").read_text())


if __name__ == "__main__":
    main()
