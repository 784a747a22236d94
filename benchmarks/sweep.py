"""How sharp and how dear variants of real photographs are, over a sweep of sizes.

    make images && python -m benchmarks.sweep [--photographs 8] [--sides 25] [--formats jpeg,png]

For each format and long side: SSIM against the whole picture resampled at once (Pillow's Lanczos),
bytes and CPU of ours (in the resize image's root), of sharp as documented and of sharp's best, each
variant as JPEG of quality 80. Writes benchmarks/results/sweep.json and sweep.md.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import photographs, quality
from benchmarks.bench_resize import CACHE, ROOT, Engine, Work

ENGINES = ("contact-sheet", "sharp", "sharp-best")
WANTED = {"400": (400,), "set": (400, 800, 1600)}
RUNS = 3
_SHORTEST, _LONGEST = 900, 8000


def sides(count: int) -> list[int]:
    """Return long sides in pixels from 900 to 8,000, evenly spread by ratio."""
    step = (_LONGEST / _SHORTEST) ** (1 / max(count - 1, 1))
    return [round(_SHORTEST * step**number / 4) * 4 for number in range(count)]


def _measure(engines: list[Engine], path: Path, kind: str, scratch: Path) -> list[dict[str, Any]]:
    work = Work(kind, path.name, WANTED[kind], ("jpeg",), ENGINES)
    runs: dict[str, list[dict[str, Any]]] = {engine.name: [] for engine in engines}
    for number in range(RUNS):
        for engine in engines:
            keep = scratch / f"{engine.name}" if number == 0 else None
            runs[engine.name].append(engine.run(work, path, keep))
    rows = []
    for name, results in runs.items():
        cpu = statistics.median(run["cpu_ms"] for run in results)
        for index, size in enumerate(work.sizes[: len(results[0]["bytes"])]):
            made = quality.opened((scratch / f"{name}-{index}").read_bytes())
            wanted = quality.resampled(path, made.size)
            rows.append(
                {
                    "kind": kind, "engine": name, "size": size, "cpu_ms": round(cpu, 2),
                    "ssim": round(quality.ssim(made, wanted), 5),
                    "bytes": results[0]["bytes"][index],
                }
            )  # fmt: skip
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "SSIM against the whole picture resampled at once; CPU is the median of three, interleaved.",
        "contact-sheet ran in the resize image's root. A dash: sharp reads no HEIC.",
        "",
        "| Source | Variant | Pictures | SSIM ours | sharp | sharp's best | worst minus best | CPU ÷ sharp | ÷ best | worst ÷ sharp | Bytes ÷ best |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    groups: dict[tuple[str, str, int], dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        key = (row["format"], row["kind"], row["size"])
        groups.setdefault(key, {}).setdefault(row["engine"], []).append(row)
    for (format_, kind, size), by_engine in groups.items():
        ours = by_engine["contact-sheet"]
        cells = [format_, f"{size} of {kind}" if kind == "set" else "400 alone", str(len(ours))]
        cells.append(f"{statistics.mean(row['ssim'] for row in ours):.4f}")
        sharp, best = by_engine.get("sharp"), by_engine.get("sharp-best")
        if not sharp or not best:
            lines.append("| " + " | ".join([*cells, *("–",) * 7]) + " |")
            continue
        cells += [
            f"{statistics.mean(row['ssim'] for row in others):.4f}" for others in (sharp, best)
        ]
        pairs, peers = list(zip(ours, best, strict=True)), list(zip(ours, sharp, strict=True))
        cells.append(f"{min(a['ssim'] - b['ssim'] for a, b in pairs):+.4f}")
        ratios = [a["cpu_ms"] / b["cpu_ms"] for a, b in peers]
        cells.append(f"{statistics.mean(ratios):.2f}")
        cells.append(f"{statistics.mean(a['cpu_ms'] / b['cpu_ms'] for a, b in pairs):.2f}")
        cells.append(f"{max(ratios):.2f}")
        cells.append(f"{statistics.mean(a['bytes'] / b['bytes'] for a, b in pairs):.3f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=int, default=8)
    parser.add_argument("--sides", type=int, default=25)
    parser.add_argument("--formats", default="jpeg,png,webp,avif,heic")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    chosen = photographs.photographs(ROOT / "build/photographs")[: options.photographs]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for format_ in options.formats.split(","):
            names = ENGINES if format_ != "heic" else ENGINES[:1]
            engines = [Engine(name, scratch) for name in names]
            for side in sides(options.sides):
                for photograph in chosen:
                    path = photographs.encoded(photograph, side, format_, CACHE)
                    for kind in WANTED:
                        made = _measure(engines, path, kind, scratch)
                        said = {"format": format_, "side": side, "photograph": photograph.stem}
                        rows += [said | row for row in made]
                    path.unlink()
                print(f"{format_} {side}: {len(rows)} rows", flush=True)
            for engine in engines:
                engine.close()
    results = ROOT / "benchmarks/results"
    (results / "sweep.json").write_text(json.dumps(rows) + "\n")
    (results / "sweep.md").write_text(_table(rows))
    print(_table(rows))


if __name__ == "__main__":
    main()
