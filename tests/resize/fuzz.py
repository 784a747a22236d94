"""Feeds damaged pictures to the engine: `python -m tests.resize.fuzz [--seconds 60]`.

Whatever the bytes, there must be variants or a verdict. An input that gives anything else is
written to fuzz-<hash>.bin in the folder it runs in, and the exit status is 1.
"""

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path

from services.config import Limits
from services.resize.engine import Rejected, make_variants
from tests.resize.test_engine import SEEDS

LIMITS = Limits(max_pixels=1_000_000, max_total_pixels=1_000_000)


def damaged(seed: bytes, chance: random.Random) -> bytes:
    """Return `seed` with bytes changed, cut out, doubled or taken from another seed."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at, length = chance.randrange(len(data)), chance.choice((1, 2, 4, 64))
        deed = chance.randrange(5)
        if deed == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif deed == 1:
            data[at : at + length] = chance.randbytes(length)
        elif deed == 2:
            del data[at : at + length]
        elif deed == 3:
            data[at:at] = data[at : at + length]
        else:
            other = chance.choice(SEEDS)
            start = chance.randrange(len(other))
            data[at : at + length] = other[start : start + length]
        if not data:
            break
    return bytes(data)


def main() -> int:
    """Fuzz for some seconds; return 1 at the first input that is answered by neither."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    chance, end = random.Random(options.seed), time.monotonic() + options.seconds  # noqa: S311 - no secret
    made = refused = 0
    print(f"seed {options.seed}")  # noqa: T201 - a command's output
    while time.monotonic() < end:
        data = damaged(chance.choice(SEEDS), chance)
        try:
            make_variants(
                data, sizes=(32,), formats=("webp", "jpeg"), limits=LIMITS,
                deadline=time.monotonic() + 20,
            )  # fmt: skip
            made += 1
        except Rejected as rejected:
            refused += 1
            if not rejected.detail.startswith("ends its decoder"):
                continue
            print(f"crash: {rejected}")  # noqa: T201
            _keep(data)
        except Exception:
            _keep(data)
            raise
    print(f"{made} made, {refused} refused")  # noqa: T201
    return 0


def _keep(data: bytes) -> None:
    path = Path(f"fuzz-{hashlib.sha256(data).hexdigest()[:12]}.bin")
    path.write_bytes(data)
    print(f"kept in {path}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
