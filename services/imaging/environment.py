"""The environment of the process that decodes: what its libraries read there, and no secrets.

The libraries read these variables once, when they are loaded.
"""

import os
from pathlib import Path

LIBRARIES = {
    "MAGICK_CONFIGURE_PATH": str(Path(__file__).parent),  # where policy.xml is
    "MAGICK_THREAD_LIMIT": "1",  # threads cost more than they give on a Lambda's fraction
    # Huffman tables made for the picture, 4 % fewer bytes; version 2 of the API has no flag for it.
    "TJ_OPTIMIZE": "1",
    # glibc gives each freed block of a megabyte back to the system, and clears pages anew for the
    # next: a twelfth of the work. Blocks beyond 32 MiB still go back at once.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    # It reserves 64 MiB of address space for each further thread, which is bounded.
    "MALLOC_ARENA_MAX": "1",
}

# What Python and the loader need to start as the parent did. Everything else stays behind: the
# credentials above all.
_KEPT = {
    "LANG", "LC_ALL", "PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "MAGICK_HOME",
    "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG",
}  # fmt: skip


def child_environment() -> dict[str, str]:
    """Return the whole environment of a decoding process."""
    return {name: value for name, value in os.environ.items() if name in _KEPT} | LIBRARIES
