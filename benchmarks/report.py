"""The benchmark's results as JSON, a Markdown table and a plot."""

import json
import os
import platform
from pathlib import Path
from typing import Any

Row = dict[str, Any]
README = Path(__file__).parents[1] / "README.md"
_START, _END = "<!-- make bench -->\n", "<!-- end -->\n"


def write(rows: list[Row], folder: Path, *, quick: bool) -> None:
    """Add each row's ratio to sharp ; print the table and, unless `quick`, write the files."""
    for row in rows:
        sharp = next((r for r in rows if (r["work"], r["engine"]) == (row["work"], "sharp")), None)
        row["ratio_to_sharp"] = round(row["cpu_ms"] / sharp["cpu_ms"], 3) if sharp else None
        row["wall_ratio_to_sharp"] = round(row["wall_ms"] / sharp["wall_ms"], 3) if sharp else None
    table = _table(rows)
    print(table)
    if quick:
        return
    folder.mkdir(exist_ok=True)
    (folder / "resize.json").write_text(json.dumps(rows, indent=1) + "\n")
    (folder / "resize.md").write_text(table)
    _plot(rows, folder / "resize.png")
    text = README.read_text()
    before, _, rest = text.partition(_START)
    _, _, after = rest.partition(_END)
    README.write_text(f"{before}{_START}{summary(rows)}{_END}{after}")


def _table(rows: list[Row]) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()} {platform.system()}"
    load = max(row.get("load", 0) for row in rows)
    lines = [
        f"On {machine}, beside other work (load up to {load:.0f}): one thread, interleaved; CPU and wall are medians in",
        "milliseconds. contact-sheet ran in the resize image's root (Debian 13, ImageMagick 7, Python 3.13), the",
        f"other peers, and contact-sheet-here, on Python {platform.python_version()} and ImageMagick 6. A photograph from",
        "Debian's lomiri-wallpapers-20.04.",
        "",
        "| Work | Engine | CPU | least | Wall | CPU ÷ sharp | Wall ÷ sharp | SSIM | Bytes | Peak MiB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = (
            row["work"], row["engine"], f"{row['cpu_ms']:.1f}", f"{row['cpu_ms_min']:.1f}",
            f"{row['wall_ms']:.1f}", _cell(row["ratio_to_sharp"]),
            _cell(row["wall_ratio_to_sharp"]), _cell(row["ssim"]), _cell(row["bytes"]),
            _cell(row["peak_mib"]),
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def summary(rows: list[Row]) -> str:
    """Return the README's table: our CPU time for each work, and how it stands to others'."""
    by_work: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_work.setdefault(row["work"], {})[row["engine"]] = row
    lines = [
        "| Work | CPU, ms | ÷ sharp | ÷ sharp's best | ÷ pyvips | ÷ Pillow | ÷ plain Wand |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for work, engines in by_work.items():
        ours = engines["contact-sheet"]
        if ours["ssim"] is None:
            continue
        cells = [work, f"{ours['cpu_ms']:.0f}"]
        for peer in ("sharp", "sharp-best", "pyvips", "pillow", "tutorial"):
            theirs = engines.get(peer)
            cells.append(f"{ours['cpu_ms'] / theirs['cpu_ms']:.2f}" if theirs else "–")
        lines.append("| " + " | ".join(cells) + " |")
    for engines in by_work.values():
        if here := engines.get("contact-sheet-here"):
            ratio = here["cpu_ms"] / engines["contact-sheet"]["cpu_ms"]
            lines += [
                "",
                f"On Debian 12 (ImageMagick 6) {here['work']} takes {ratio:.2f} times as long.",
            ]
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _plot(rows: list[Row], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    works = list(
        dict.fromkeys(row["work"] for row in rows if row["ratio_to_sharp"] and row["ssim"])
    )
    engines = ("contact-sheet", "sharp", "sharp-best", "pyvips", "pillow", "tutorial")
    figure, axes = pyplot.subplots(figsize=(10, 0.8 * len(works) + 1.5), layout="constrained")
    for index, engine in enumerate(engines):
        ratios = {
            row["work"]: row["ratio_to_sharp"] for row in rows if row["engine"] == engine
        }  # fmt: skip
        bars = [(at + 0.13 * (index - 2.5), ratios[work]) for at, work in enumerate(works) if ratios.get(work)]  # fmt: skip
        if bars:
            places, widths = zip(*bars, strict=True)
            axes.barh(places, widths, height=0.12, label=engine)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(works)), works)
    axes.set_xscale("log")
    axes.set_xlabel("CPU time ÷ sharp's (less is better)")
    axes.invert_yaxis()
    axes.legend()
    figure.savefig(path, dpi=100)
