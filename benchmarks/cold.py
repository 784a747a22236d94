"""Start of the web function: import to first page, beside bare FastAPI, Mangum and boto3.

`python -m benchmarks.cold` starts both in turn, a process each time, and writes
benchmarks/results/cold.json. CPU time of the whole process; bytecode is compiled, as in the image.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.generated_s3 import GeneratedS3

RESULT = Path(__file__).parent / "results" / "cold.json"
ROUNDS = 15

EVENT = """
event = {"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {"host": "a.test",
  "accept": "text/html"}, "requestContext": {"domainName": "a.test", "http": {"method": "GET",
  "path": "/", "sourceIp": "1.2.3.4", "protocol": "HTTP/1.1"}}, "isBase64Encoded": False}
answer = handler(event, None)
assert answer["statusCode"] == 200, answer
"""
OURS = "from services.web.handler import handler\n" + EVENT
BARE = (
    """
import boto3
from fastapi import FastAPI
from mangum import Mangum
s3 = boto3.client("s3", region_name="us-east-1")
app = FastAPI()
app.get("/")(lambda: {"hello": "world"})
handler = Mangum(app, lifespan="off")
"""
    + EVENT
)


def cpu_ms(program: str, url: str) -> float:
    """Return the CPU milliseconds of a process that runs the program."""
    environ = {
        "PATH": os.defpath,
        "S3_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-c", program], env=environ)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(program)
    return (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    """Measure in turn, print and write medians and their ratio."""
    samples: dict[str, list[float]] = {"ours": [], "bare": []}
    with GeneratedS3(1000) as server:
        for round_number in range(ROUNDS + 1):
            for name, program in (("ours", OURS), ("bare", BARE)):
                sample = cpu_ms(program, server.url)
                if round_number:  # the first one compiles
                    samples[name].append(sample)
    medians = {name: round(statistics.median(values)) for name, values in samples.items()}
    result = {
        "first_page_cpu_ms": medians["ours"],
        "bare_cpu_ms": medians["bare"],
        "ratio": round(medians["ours"] / medians["bare"], 2),
    }
    print(json.dumps(result))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
