"""The pipeline from a picture's bytes to its variants, in this process: a list of steps.

Each step takes the one `Work` and adds to it.
"""

import time
from collections.abc import Callable, Iterable

from services.core.settings import Limits
from services.imaging.alpha import drop_opaque_alpha
from services.imaging.check import check
from services.imaging.colour import show_in_srgb
from services.imaging.decode import decode_next, start_decoding
from services.imaging.encode import encode_variants
from services.imaging.picture import Picture
from services.imaging.placeholder import make_placeholder
from services.imaging.planes import split_into_planes
from services.imaging.resize import shrink_to_each, shrink_to_largest
from services.imaging.verify import verify_variants
from services.imaging.work import Work

Step = Callable[[Work], None]

FRAME_STEPS: tuple[Step, ...] = (
    drop_opaque_alpha,
    split_into_planes,
    shrink_to_largest,
    show_in_srgb,
    shrink_to_each,
)


def make_frames(work: Work) -> None:
    """Do FRAME_STEPS for each frame, so that only one is in memory at its full size."""
    _do([decode_next], work)
    while work.frames_left:
        _do((*FRAME_STEPS, decode_next), work)


STEPS: tuple[Step, ...] = (
    check,
    start_decoding,
    make_frames,
    encode_variants,
    verify_variants,
    make_placeholder,
)


def run(
    data: bytes,
    sizes: tuple[int, ...],
    formats: tuple[str, ...],
    limits: Limits,
    shape: tuple[int, int] | None = None,
) -> Picture:
    """Return the picture in `data` with all its variants; see services.imaging.engine."""
    work = Work(data, sizes, formats, limits, shape)
    _do(STEPS, work)
    return work.picture()


def _do(steps: Iterable[Step], work: Work) -> None:
    for step in steps:
        start = time.perf_counter()
        try:
            step(work)
        finally:
            if step is not make_frames:
                work.add_time(step.__name__, (time.perf_counter() - start) * 1000)
