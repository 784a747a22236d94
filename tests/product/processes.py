"""What runs below a process."""

import subprocess
from pathlib import Path


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they did."""
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found: set[int] = set()
    while more := {child for child, parent in pairs if parent in {pid, *found}} - found:
        found |= more
    return found


def alive(pids: set[int]) -> set[int]:
    """Return those of the processes that run."""
    return {pid for pid in pids if cmdline(pid)}


def cmdline(pid: int) -> str:
    """Return the words that a process was started with; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
