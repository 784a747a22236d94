"""Leaves of botocore, in the site folder given, what an S3 client reads; runs in the Dockerfiles.

botocore describes 400 services, their regions and each of their words; the functions call one. What
a client parses before it is ready falls from 3.6 MB of JSON to 1.2: in the image 178 ms of processor
time instead of 230 until the first address is signed (medians of 15 starts in turn).
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any


def without_prose(model: Any) -> Any:
    """Return a service model whose documentation is empty; botocore wants it to be there."""
    if isinstance(model, list):
        return [without_prose(item) for item in model]
    if not isinstance(model, dict):
        return model
    return {
        name: "" if name == "documentation" and isinstance(value, str) else without_prose(value)
        for name, value in model.items()
    }


def main() -> None:
    """Remove and rewrite files below SITE, mostly in botocore/data."""
    site = Path(sys.argv[1])
    (site / "urllib3/contrib/pyopenssl.py").unlink(missing_ok=True)
    data = site / "botocore/data"
    for folder in data.iterdir():
        if folder.is_dir() and folder.name != "s3":
            shutil.rmtree(folder)
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {"s3": services["s3"]} if "s3" in services else {}
    (data / "endpoints.json").write_text(json.dumps(endpoints))
    for path in data.glob("s3/*/*.json.gz"):
        content = without_prose(json.loads(gzip.decompress(path.read_bytes())))
        # Under its own name, by which the package's record tells whose file it is.
        path.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))
    for path in data.glob("s3/*/examples-*"):
        path.unlink()


if __name__ == "__main__":
    main()
