"""Re-opening a variant from its encoded bytes before it counts."""

from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging.check import checked_header
from services.imaging.decode import decode
from services.imaging.picture import Frame, Variant
from services.imaging.work import Work

_UNBOUNDED = Limits(
    max_upload_bytes=5_000_000_000,
    max_pixels=1_000_000_000,
    max_side=65_535,
    max_frames=10_000,
    max_total_pixels=1_000_000_000,
)


class NotAsMadeError(Exception):
    """A variant's bytes are not the picture that was encoded."""


def verify_variants(work: Work) -> None:
    """Re-open each variant, and keep what the smallest one shows."""
    frames = [verify(variant, _frames(work, variant)) for variant in work.variants]
    work.smallest = frames[0].raster


def _frames(work: Work, variant: Variant) -> int:
    return work.header.frames if variant.format.name == "webp" else 1


def verify(variant: Variant, frames: int) -> Frame:
    """Return the first frame of a variant, decoded from its bytes at an eighth or more of its size.

    Raises NotAsMadeError unless the bytes are whole and have the format, size and frames that they
    should; the WebP encoder makes one of frames that are alike.
    """
    expected = (variant.format.name, variant.fit.width, variant.fit.height)
    try:
        header = checked_header(variant.data, _UNBOUNDED)
        need = (max(1, header.width // 8), max(1, header.height // 8))
        first = next(decode(variant.data, header, need))
    except Rejected as rejected:
        msg = f"{expected}: {rejected}"
        raise NotAsMadeError(msg) from rejected
    if (header.format, header.width, header.height) != expected or header.frames > frames:
        msg = f"{expected}, {frames} frames: {header}"
        raise NotAsMadeError(msg)
    return first
