"""Compares the resize engine with its peers: `python -m benchmarks.bench_resize [--quick]`.

All peers run in one interleaved sequence on the same bytes, each in a process of its own, with one
thread. Ours runs in the resize image's root (`make images`), with the Python and the ImageMagick
that ship, under bubblewrap; "contact-sheet-here" is the same code on this machine's. Writes
benchmarks/results/resize.json, resize.md and resize.png, and the README's table.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import cold_resize, corpus, quality
from benchmarks.report import write
from services.imaging.environment import LIBRARIES

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "build/images/resize"
CACHE = ROOT / "build/bench"
RESULTS = ROOT / "benchmarks" / "results"
SETS = ((400, 800, 1600), ("webp", "jpeg"))


@dataclass(frozen=True)
class Work:
    """What is made of which file, and by whom beside ourselves."""

    name: str
    file: str
    sizes: tuple[int, ...]
    formats: tuple[str, ...]
    engines: tuple[str, ...]
    animated: bool = False


HERE = "contact-sheet-here"
ALL = ("contact-sheet", "sharp", "pyvips", "pillow", "tutorial")
WORKS = (
    *(
        Work(f"{file}-to-400", file, (400,), ("jpeg",), ALL)
        for file in ("jpeg-1mp", "jpeg-6mp", "jpeg-12mp", "jpeg-24mp", "jpeg-progressive-12mp")
    ),
    Work("png-alpha-4mp-to-400", "png-alpha-4mp", (400,), ("webp", "png"), ALL),
    Work("webp-4mp-to-400", "webp-4mp", (400,), ("webp", "jpeg"), ALL),
    Work("avif-4mp-to-400", "avif-4mp", (400,), ("webp", "jpeg"), ALL[:4]),
    # The npm build of sharp reads no HEIC, and neither does that of pyvips.
    Work("heic-4mp-to-400", "heic-4mp", (400,), ("webp", "jpeg"), ("contact-sheet", "pillow")),
    Work("gif-20-frames-to-400", "gif-20-frames", (400,), ("webp",), ALL[:3], animated=True),
    *(
        Work(f"{file}-set", file, *SETS, (*ALL[:2], "sharp-best", *ALL[2:]))
        for file in ("jpeg-1mp", "jpeg-6mp", "jpeg-24mp")
    ),
    Work("jpeg-12mp-set", "jpeg-12mp", *SETS, (*ALL[:2], "sharp-best", *ALL[2:], HERE)),
)
MEMORY = tuple(
    Work(f"{file}-set-memory", file, *SETS, ("contact-sheet", "sharp"))
    for file in ("jpeg-24mp", "png-24mp", "jpeg-100mp", "png-100mp", "webp-100mp", "avif-100mp")
)
QUICK = {"jpeg-12mp-to-400", "webp-4mp-to-400", "jpeg-12mp-set"}


class Engine:
    """A peer's process."""

    def __init__(self, name: str, scratch: Path) -> None:
        self.name = name
        self._in_image = name == "contact-sheet"
        self.process = subprocess.Popen(
            _command(name, scratch), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=os.environ | (LIBRARIES if name == HERE else {}),
        )  # fmt: skip

    def run(self, work: Work, path: Path, keep: Path | None = None) -> dict[str, Any]:
        """Do the work once and return its figures."""
        request = {
            "engine": self.name, "path": self._seen(path), "sizes": work.sizes,
            "formats": work.formats, "animated": work.animated,
            "keep": self._seen(keep) if keep else "",
        }  # fmt: skip
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("no pipes")
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    def _seen(self, path: Path) -> str:
        if not self._in_image:
            return str(path)
        return f"/tmp/{'pictures' if path.parent == CACHE else 'kept'}/{path.name}"  # noqa: S108

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def _command(name: str, scratch: Path) -> list[str]:
    if name.startswith("sharp"):
        return ["node", "benchmarks/engines/sharp.mjs"]
    if name != "contact-sheet":
        return [sys.executable, "-m", "benchmarks.engines.python", name]
    in_image = LIBRARIES | {
        "MAGICK_CONFIGURE_PATH": "/var/task/services/imaging",
        "PYTHONPATH": "/opt/python:/var/task", "LANG": "C.UTF-8",
    }  # fmt: skip
    return [
        "bwrap", "--ro-bind", str(IMAGE), "/", "--proc", "/proc", "--dev", "/dev", "--clearenv",
        "--tmpfs", "/tmp", "--ro-bind", str(ROOT / "benchmarks"), "/tmp/benchmarks",  # noqa: S108
        "--ro-bind", str(CACHE), "/tmp/pictures", "--bind", str(scratch), "/tmp/kept",  # noqa: S108
        *(part for item in in_image.items() for part in ("--setenv", *item)),
        "/usr/bin/python3", "/tmp/benchmarks/engines/python.py", name,  # noqa: S108
    ]  # fmt: skip


def _measured(work: Work, path: Path, folder: Path, seconds: float) -> list[dict[str, Any]]:
    """Interleave the engines for about `seconds` and return a row for each."""
    engines = [Engine(name, folder) for name in work.engines]
    keep = {engine.name: folder / f"{work.name}-{engine.name}" for engine in engines}
    for engine in engines:  # warm, and for the eye of `quality`
        engine.run(work, path, keep[engine.name])
    runs: dict[str, list[dict[str, Any]]] = {engine.name: [] for engine in engines}
    end = time.monotonic() + seconds
    while len(runs["contact-sheet"]) < 3 or time.monotonic() < end:
        for engine in engines:
            if engine.name == "tutorial" and len(runs[engine.name]) >= 3:
                continue  # a second each
            runs[engine.name].append(engine.run(work, path))
    for engine in engines:
        engine.close()
    references = [quality.reference(path, size) for size in work.sizes for _ in work.formats]
    return [_row(work, name, runs[name], keep[name], references) for name in work.engines]


def _row(
    work: Work, name: str, runs: list[dict[str, Any]], keep: Path, references: list[Any]
) -> dict[str, Any]:
    outputs = [quality.opened(Path(f"{keep}-{i}").read_bytes()) for i in range(len(references))]
    pairs = [(a, b) for a, b in zip(outputs, references, strict=True) if a.size == b.size]
    return {
        "work": work.name,
        "engine": name,
        "cpu_ms": round(statistics.median(run["cpu_ms"] for run in runs), 2),
        "cpu_ms_min": round(min(run["cpu_ms"] for run in runs), 2),
        "wall_ms": round(statistics.median(run["wall_ms"] for run in runs), 2),
        "runs": len(runs),
        "load": round(os.getloadavg()[0], 1),
        "ssim": round(statistics.mean(quality.ssim(a, b) for a, b in pairs), 4) if pairs else None,
        "bytes": sum(runs[0]["bytes"]),
        "peak_mib": None,
    }


def _peaks(work: Work, path: Path, folder: Path) -> list[dict[str, Any]]:
    """Run each engine once in a new process and return the peak of its memory."""
    rows = []
    for name in work.engines:
        engine = Engine(name, folder)
        run = engine.run(work, path)
        engine.close()
        rows.append(
            {
                "work": work.name,
                "engine": name,
                "cpu_ms": round(run["cpu_ms"], 2),
                "cpu_ms_min": round(run["cpu_ms"], 2),
                "wall_ms": round(run["wall_ms"], 2),
                "runs": 1,
                "ssim": None,
                "bytes": sum(run["bytes"]),
                "peak_mib": round(run["peak_mib"], 1),
            }
        )
    return rows


def _with_earlier(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows, and an earlier run's of other works, in the order of the works."""
    earlier = json.loads((RESULTS / "resize.json").read_text())
    names = [work.name for work in (*WORKS, *MEMORY)] + list(cold_resize.WORKS)
    done = {row["work"] for row in rows}
    kept = [row for row in earlier if row["work"] in set(names) - done]
    return sorted([*kept, *rows], key=lambda row: names.index(row["work"]))


def main() -> None:
    """Run all works, or with --quick a few for CI, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three works, under a minute")
    parser.add_argument("--works", help="only these, separated by commas; other results stay")
    parser.add_argument("--seconds", type=float, default=12, help="for each work")
    options = parser.parse_args()
    every = {work.name for work in (*WORKS, *MEMORY)} | {"cold"}
    chosen = QUICK if options.quick else every
    if options.works:
        chosen = set(options.works.split(","))
    CACHE.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for work in WORKS:
            if work.name not in chosen:
                continue
            path = corpus.made(work.file, CACHE)
            seconds = min(options.seconds, 4) if options.quick else options.seconds
            made = _measured(work, path, Path(scratch), seconds)
            rows += made
            for row in made:
                print(f"{row['work']:30} {row['engine']:14} {row['cpu_ms']:9.1f} ms", flush=True)
        for work in MEMORY:
            if work.name in chosen:
                rows += _peaks(work, corpus.made(work.file, CACHE), Path(scratch))
    if "cold" in chosen:
        rows += cold_resize.rows(corpus.made("jpeg-12mp", CACHE), 9)
    if options.works:
        rows = _with_earlier(rows)
    write(rows, RESULTS, quick=options.quick)


if __name__ == "__main__":
    main()
