"""How sharp and how dear variants of real photographs are, over a sweep of sizes.

    make images && python -m benchmarks.sweep [--formats jpeg,png] [--each 2] [--every 1] [--resume]

For each format, 25 long sides and `each` photographs a side, in turn: ours (in the resize image's
root), sharp as documented, sharp's best and for 400 alone the tutorial's way, interleaved, each
variant as JPEG of quality 80. SSIM and SSIMULACRA 2 are against the whole picture resampled at once
(Pillow's Lanczos). Writes benchmarks/results/sweep-<format>.json after each picture, from which
--resume goes on, and sweep.md from all of them.
"""

import argparse
import json
import os
import statistics
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import photographs, quality
from benchmarks.bench_resize import CACHE, RESULTS, ROOT, Engine, Work

FORMATS = ("jpeg", "png", "webp", "avif", "heic")
OURS, SHARP, BEST = "contact-sheet", "sharp", "sharp-best"
WANTED = {"400": (400,), "set": (400, 800, 1600)}
RUNS = 3
SIDES = 25
_SHORTEST, _LONGEST = 900, 8000
_LARGEST_FOR_SSIMULACRA2 = 800  # it takes two seconds for 1,600 pixels

Row = dict[str, Any]


def sides() -> list[int]:
    """Return long sides in pixels from 900 to 8,000, evenly spread by ratio."""
    step = (_LONGEST / _SHORTEST) ** (1 / (SIDES - 1))
    return [round(_SHORTEST * step**number / 4) * 4 for number in range(SIDES)]


def engines_for(format_: str, kind: str) -> tuple[str, ...]:
    """Return who takes part; sharp's binaries read no HEIC, and plain Wand no AVIF on Debian 12."""
    if format_ == "heic":
        return (OURS, "pillow")
    if kind == "set":
        return (OURS, SHARP, BEST)
    return (OURS, SHARP) if format_ == "avif" else (OURS, SHARP, "tutorial")


@lru_cache(maxsize=4)
def _reference(path: Path, size: tuple[int, int]) -> Image.Image:
    return quality.resampled(path, size)


def _measure(engines: list[Engine], path: Path, kind: str, scratch: Path) -> list[Row]:
    work = Work(kind, path.name, WANTED[kind], ("jpeg",), ())
    runs: dict[str, list[Row]] = {engine.name: [] for engine in engines}
    for number in range(RUNS):
        for engine in engines:
            keep = scratch / engine.name if number == 0 else None
            runs[engine.name].append(engine.run(work, path, keep))
    rows = []
    for name, results in runs.items():
        spent = {
            what: round(statistics.median(run[what] for run in results), 2)
            for what in ("cpu_ms", "wall_ms")
        }
        for index, size in enumerate(work.sizes[: len(results[0]["bytes"])]):
            made = quality.opened((scratch / f"{name}-{index}").read_bytes())
            wanted = _reference(path, made.size)
            modern = size <= _LARGEST_FOR_SSIMULACRA2
            rows.append(
                {
                    "kind": kind, "engine": name, "size": size, **spent,
                    "ssim": round(quality.ssim(made, wanted), 5),
                    "ssimulacra2": round(quality.ssimulacra2(made, wanted), 2) if modern else None,
                    "bytes": results[0]["bytes"][index],
                }
            )  # fmt: skip
    return rows


def _cells(by_engine: dict[str, list[Row]], against: str) -> list[str]:
    """Return how ours compares with another engine: mean and worst of each figure."""
    pairs = list(zip(by_engine[OURS], by_engine[against], strict=True))
    ssim = [a["ssim"] - b["ssim"] for a, b in pairs]
    modern = [a["ssimulacra2"] - b["ssimulacra2"] for a, b in pairs if a["ssimulacra2"] is not None]
    cpu = [a["cpu_ms"] / b["cpu_ms"] for a, b in pairs]
    size = statistics.mean(a["bytes"] / b["bytes"] for a, b in pairs)
    return [
        against, f"{statistics.mean(ssim):+.4f}", f"{min(ssim):+.4f}",
        f"{statistics.mean(modern):+.1f}" if modern else "–",
        f"{statistics.mean(cpu):.2f}", f"{max(cpu):.2f}", f"{size:.3f}",
    ]  # fmt: skip


def _table(rows: list[Row]) -> str:
    loads = sorted({row["load"] for row in rows})
    lines = [
        f"{os.cpu_count()} cores, load {loads[0]:.0f} to {loads[-1]:.0f} from other work; one thread, interleaved, the median",
        f"of {RUNS}. Ours in the resize image's root (Debian 13, ImageMagick 7, Python 3.13), the tutorial's way on",
        "Debian 12's ImageMagick 6. SSIM and SSIMULACRA 2 against the whole picture resampled at once: ours minus",
        "theirs, so above 0 ours is nearer. CPU is of all variants together, ours over theirs.",
        "",
        "| Source | Variant | Pictures | SSIM | Against | SSIM | worst | SSIMULACRA 2 | CPU | worst | Bytes |",
        "|---|---|--:|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    groups: dict[tuple[str, str, int], dict[str, list[Row]]] = {}
    for row in rows:
        key = (row["format"], row["kind"], row["size"])
        groups.setdefault(key, {}).setdefault(row["engine"], []).append(row)
    for (format_, kind, size), by_engine in groups.items():
        ours = by_engine[OURS]
        ssim = statistics.mean(row["ssim"] for row in ours)
        named = f"{size} of the set" if kind == "set" else "400 alone"
        said = [format_, named, str(len(ours)), f"{ssim:.4f}"]
        for against in list(by_engine)[1:]:
            lines.append("| " + " | ".join([*said, *_cells(by_engine, against)]) + " |")
            said = ["", "", "", ""]
    return "\n".join(lines) + "\n"


def _sweep(format_: str, each: int, every: int, rows: list[Row]) -> None:
    """Add to `rows`, and to the format's file, those of each picture that is not there yet."""
    chosen = photographs.photographs(ROOT / "build" / "photographs")
    done = {(row["side"], row["photograph"]) for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        names = dict.fromkeys(name for kind in WANTED for name in engines_for(format_, kind))
        engines = {name: Engine(name, scratch) for name in names}
        for number, side in list(enumerate(sides()))[::every]:
            large = photographs.reaching(chosen, side)
            for turn in range(each):
                photograph = large[(number // every * each + turn) % len(large)]
                if (side, photograph.stem) in done:
                    continue
                path = photographs.encoded(photograph, side, format_, CACHE)
                said = {"format": format_, "side": side, "photograph": photograph.stem}
                said |= {"load": round(os.getloadavg()[0], 1)}
                for kind in WANTED:
                    taking_part = [engines[name] for name in engines_for(format_, kind)]
                    rows += [said | row for row in _measure(taking_part, path, kind, scratch)]
                path.unlink()
                _file(format_).write_text("[" + ",\n".join(map(json.dumps, rows)) + "]\n")
            print(f"{format_} {side}: {len(rows)} rows", flush=True)
        for engine in engines.values():
            engine.close()


def _file(format_: str) -> Path:
    return RESULTS / f"sweep-{format_}.json"


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--each", type=int, default=2, help="photographs a side")
    parser.add_argument("--every", type=int, default=1, help="take each n-th side")
    parser.add_argument("--resume", action="store_true", help="go on where a run was stopped")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    for format_ in options.formats.split(","):
        goes_on = options.resume and _file(format_).exists()
        rows = json.loads(_file(format_).read_text()) if goes_on else []
        _sweep(format_, options.each, options.every, rows)
    files = [file for file in map(_file, FORMATS) if file.exists()]
    table = _table([row for file in files for row in json.loads(file.read_text())])
    (RESULTS / "sweep.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
