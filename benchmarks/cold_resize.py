"""Start of the resize function beside Node, sharp and its S3 client: wall and CPU of whole processes.

Ours is what Lambda starts: the handler's module, whose decoding process starts beside the S3
client. Where `make images` has built the image, the same is measured in it, with its Python and
ImageMagick, under bubblewrap.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "build/images/resize"

_SHARP = (
    "import sharp from 'sharp';import {S3Client} from '@aws-sdk/client-s3';"
    "new S3Client({region:'us-east-1'});"
)
_SHARP_FIRST = (
    "import {readFileSync} from 'node:fs';"
    + _SHARP
    + "await sharp(readFileSync(process.argv[1])).autoOrient()"
    ".resize(400,400,{fit:'inside'}).jpeg({quality:80}).toBuffer()"
)
_OURS = "import services.resize.handler\n"
_OURS_FIRST = _OURS + (
    "import sys,time\n"
    "from services.core.settings import Limits\n"
    "from services.imaging import make_variants\n"
    "make_variants(open(sys.argv[1],'rb').read(),sizes=(400,),formats=('jpeg',),limits=Limits(),"
    "deadline=time.monotonic()+60)\n"
)
# What is measured, and each engine's program for it.
WORKS = {
    "cold-import": {"contact-sheet": _OURS, "sharp": _SHARP},
    "cold-to-first-400": {"contact-sheet": _OURS_FIRST, "sharp": _SHARP_FIRST},
}
_ENVIRON = {
    "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOG_LEVEL": "ERROR",
    "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
}  # fmt: skip


def _command(engine: str, program: str, picture: Path) -> list[str]:
    if engine == "sharp":
        return ["node", "--no-warnings", "--input-type=module", "-e", program, str(picture)]
    if engine == "contact-sheet":
        return [sys.executable, "-c", program, str(picture)]
    return [
        # No process namespace: in one, the time of what ends would not reach us.
        "bwrap", "--ro-bind", str(IMAGE), "/", "--proc", "/proc", "--dev", "/dev",
        "--ro-bind", str(picture.parent), "/tmp",  # noqa: S108 the sandbox's own
        "--setenv", "PYTHONPATH", "/opt/python", "--chdir", "/var/task",
        "/usr/bin/python3", "-c", program, f"/tmp/{picture.name}",  # noqa: S108
    ]  # fmt: skip


def _spent(engine: str, program: str, picture: Path) -> tuple[float, float]:
    """Return wall and CPU milliseconds of a process and of those that it started and waited for."""
    cwd = ROOT / "benchmarks" if engine == "sharp" else ROOT
    before, began = os.times(), time.perf_counter()
    command = _command(engine, program, picture)
    subprocess.run(command, cwd=cwd, env=_ENVIRON, check=True)
    after, wall = os.times(), time.perf_counter() - began
    return wall * 1000, (sum(after[2:4]) - sum(before[2:4])) * 1000


def rows(picture: Path, times: int) -> list[dict[str, Any]]:
    """Start each program `times` times, interleaved, and return a row for each."""
    made = []
    for work, programs in WORKS.items():
        engines = dict(programs)
        if IMAGE.is_dir() and shutil.which("bwrap"):
            engines["contact-sheet-image"] = engines["contact-sheet"]
        spent: dict[str, list[tuple[float, float]]] = {engine: [] for engine in engines}
        for _ in range(times + 1):
            for engine, program in engines.items():
                spent[engine].append(_spent(engine, program, picture))
        for engine, figures in spent.items():
            walls, cpus = zip(*figures[1:], strict=True)  # the first compiles and reads the disk
            made.append(
                {
                    "work": work,
                    "engine": engine,
                    "cpu_ms": round(statistics.median(cpus), 1),
                    "cpu_ms_min": round(min(cpus), 1),
                    "wall_ms": round(statistics.median(walls), 1),
                    "runs": times,
                    "ssim": None,
                    "bytes": None,
                    "peak_mib": None,
                }
            )
    return made
