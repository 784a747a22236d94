"""Start of the web function: import to first page, beside bare FastAPI, Mangum and boto3.

`make images && python -m benchmarks.cold` starts both in turn, a process each time, in the web
image's root (its Python, its packages, bytecode compiled), and writes benchmarks/results/cold.json:
CPU time of the whole process, and where ours goes by module.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.generated_s3 import GeneratedS3

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "build/images/web"
RESULT = Path(__file__).parent / "results" / "cold.json"
ROUNDS = 15

# Each after those that it needs, so that its time is its own.
MODULES = (
    "asyncio", "pydantic", "fastapi", "mangum", "jinja2", "urllib3", "botocore.session", "boto3",
    "services.store", "services.web.handler",
)  # fmt: skip
BY_MODULE = f"""
import importlib, json, time
spent = {{"python": time.process_time()}}
for name in {MODULES}:
    began = time.process_time()
    importlib.import_module(name)
    spent[name] = time.process_time() - began
print(json.dumps(spent))
"""

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


def start(program: str, url: str) -> tuple[float, bytes]:
    """Return the CPU milliseconds of a process that runs the program in the image, and its output."""
    environ = {
        "S3_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "LOG_LEVEL": "WARNING", "PYTHONPATH": "/opt/python", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    command = [
        # No process namespace: in one, the time of what ends would not reach us.
        "bwrap", "--ro-bind", str(IMAGE), "/", "--proc", "/proc", "--dev", "/dev", "--clearenv",
        *(part for item in environ.items() for part in ("--setenv", *item)),
        "--chdir", "/var/task", "/usr/bin/python3", "-c", program,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(program)
    return (usage.ru_utime + usage.ru_stime) * 1000, output


def main() -> None:
    """Measure in turn, print and write medians and their ratio."""
    samples: dict[str, list[float]] = {"ours": [], "bare": []}
    modules: dict[str, list[float]] = {}
    with GeneratedS3(1000) as server:
        for round_number in range(ROUNDS + 1):
            for name, program in (("ours", OURS), ("bare", BARE)):
                sample, _ = start(program, server.url)
                if round_number:  # the first one reads the disk
                    samples[name].append(sample)
            for name, seconds in json.loads(start(BY_MODULE, server.url)[1]).items():
                modules.setdefault(name, []).append(seconds * 1000)
    medians = {name: round(statistics.median(values)) for name, values in samples.items()}
    result = {
        "first_page_cpu_ms": medians["ours"],
        "bare_cpu_ms": medians["bare"],
        "least_ms": {name: round(min(values)) for name, values in samples.items()},
        "ratio": round(medians["ours"] / medians["bare"], 2),
        "import_cpu_ms": {name: round(statistics.median(took)) for name, took in modules.items()},
        "load": round(os.getloadavg()[0]),
    }
    print(json.dumps(result))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
