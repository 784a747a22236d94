"""The table that `memorySize` is chosen from: duration, cost and memory by the function's memory."""

from typing import Any

# US dollars in us-east-1, first tier, as published in 2025: Lambda on arm64, S3 Standard.
PER_GB_SECOND = 0.0000133334
PER_INVOCATION = 0.20 / 1e6
PER_PUT = 0.005 / 1e3
PER_GET = 0.0004 / 1e3
PUTS_A_PICTURE = 1 + 6 + 1 + 1 + 3  # upload, variants, entry, attempt, listings (billed as PUT)
GETS_A_PICTURE = 1


def dollars_per_1000(milliseconds: float, megabytes: int) -> float:
    """Return what a thousand pictures cost in all, once the function is warm."""
    lambda_ = milliseconds / 1000 * megabytes / 1024 * PER_GB_SECOND + PER_INVOCATION
    return 1000 * (lambda_ + PUTS_A_PICTURE * PER_PUT + GETS_A_PICTURE * PER_GET)


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown; a dash where a picture needs more memory."""
    sizes = sorted({int(size) for size in result["web"]})
    lines = [
        f"The images as Lambda would run them, on {result['machine']}, {result['measured']}.",
        f"Uncompressed: resize {result['image_mb']['resize']} MB, web {result['image_mb']['web']} MB.",
        "",
        "Each size of memory has its share of a processor (1,769 MB: one), enforced by control groups;",
        "S3 is on the same machine, which had other work as well. Each cell: milliseconds of a warm",
        "invocation, the fastest of five · dollars for 1,000 pictures, requests of S3 included (us-east-1,",
        "arm64). CPU is that of one picture, the peak that of the whole function, page cache included;",
        "– means that it does not fit.",
        "",
        "| Picture | Bytes | Peak MB | CPU ms | "
        + " | ".join(f"{size} MB" for size in sizes)
        + " |",
        "|---|--:|--:|--:|" + "--:|" * len(sizes),
    ]
    for name, row in result["resize"].items():
        cells = [_cell(row["by_memory"].get(str(size)), size) for size in sizes]
        cpu = row["by_memory"][str(max(sizes))]["warm_cpu_ms"]
        head = [name, f"{row['bytes']:,}", f"{row['peak_memory_mb']:,}", f"{cpu:,}"]
        lines.append("| " + " | ".join(head + cells) + " |")
    lines += ["", "Start: init and then the first invocation, in milliseconds.", ""]
    lines += ["| Function | " + " | ".join(f"{size} MB" for size in sizes) + " |"]
    lines += ["|---|" + "--:|" * len(sizes)]
    first = next(iter(result["resize"].values()))["by_memory"]
    name = next(iter(result["resize"]))
    for label, by_memory in ((f"resize, {name}", first), ("web, gallery page", result["web"])):
        starts = [by_memory[str(size)] for size in sizes]
        cells = [f"{start['init_ms']} + {start['first_ms']}" for start in starts]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(figures: dict[str, float] | None, size: int) -> str:
    if figures is None:
        return "–"
    return f"{figures['warm_ms']:,} · {dollars_per_1000(figures['warm_ms'], size):.3f}"
