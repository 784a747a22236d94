"""How long a picture takes from the end of its upload to its place in the gallery.

`python -m benchmarks.upload_to_visible [--uploads 50]` starts the whole product, uploads 12-megapixel
JPEGs one after another as a browser does, and writes benchmarks/results/upload.json.
"""

import argparse
import json
import logging
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from tests import pictures
from tests.conftest import Product, start_product, stop_product

RESULT = Path(__file__).parent / "results" / "upload.json"


def seconds_to_visible(product: Product, http: httpx.Client, data: bytes) -> tuple[float, float]:
    """Return the seconds that the POST took, and those from its end to the state `ready`."""
    wanted = {"filename": "a.jpg", "type": "image/jpeg", "size": len(data)}
    begun = http.post(f"{product.url}/api/uploads", json=wanted).json()
    start = time.perf_counter()
    sent = http.post(
        begun["upload"]["url"], data=begun["upload"]["fields"], files={"file": ("a.jpg", data)}
    )
    sent.raise_for_status()
    arrived = time.perf_counter()
    while http.get(f"{product.url}/api/photos/{begun['id']}").json()["state"] == "waiting":
        time.sleep(0.02)
    return arrived - start, time.perf_counter() - arrived


def main() -> None:
    """Measure, print and write the medians and the 95th percentiles."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--uploads", type=int, default=50)
    uploads = parser.parse_args().uploads
    logging.getLogger().setLevel(logging.WARNING)
    data = pictures.jpeg(4000, 3000, quality=92)
    with tempfile.TemporaryDirectory() as folder, httpx.Client() as http:
        product = start_product(Path(folder))
        try:
            seconds_to_visible(product, http, data)  # the first one starts what stays
            measured = [seconds_to_visible(product, http, data) for _ in range(uploads)]
        finally:
            stop_product(product)
    posts, waits = zip(*measured, strict=True)
    result = {
        "picture": f"JPEG 4000×3000, {len(data)} bytes",
        "uploads": uploads,
        "post_ms_p50": round(statistics.median(posts) * 1000),
        "visible_ms_p50": round(statistics.median(waits) * 1000),
        "visible_ms_p95": round(statistics.quantiles(waits, n=20)[-1] * 1000),
    }
    print(json.dumps(result, ensure_ascii=False))
    RESULT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
