"""The checks before any decoder runs: size, format by content, dimensions, frames, wholeness."""

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.core.variants import plan
from services.imaging.codecs import gif, isobmff, jpeg, png, webp
from services.imaging.picture import Header
from services.imaging.work import Work


def check(work: Work) -> None:
    """Learn what the file says of its picture, and which variants that makes."""
    work.header = checked_header(work.data, work.limits)
    work.fits = plan(*(work.shape or work.header.upright), work.sizes, work.header.frames)
    work.frames = {fit: [] for fit in work.fits}


def checked_header(data: bytes, limits: Limits) -> Header:
    """Return what the file says of its picture; raises Rejected for what cannot become a photo."""
    if not data:
        raise Rejected(Reason.EMPTY)
    if len(data) > limits.max_upload_bytes:
        raise Rejected(Reason.TOO_LARGE, f"{len(data)} bytes")
    header = _read_header(data)
    _check_extent(header, limits)
    return header


def _read_header(data: bytes) -> Header:
    # By content alone: name and declared type are not looked at.
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.read_header(data)
    if data.startswith(png.SIGNATURE):
        return png.read_header(data)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return gif.read_header(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp.read_header(data)
    if data[4:8] == b"ftyp":
        return isobmff.read_header(data)
    raise Rejected(Reason.UNSUPPORTED_FORMAT, f"starts with {data[:12]!r}")


def _check_extent(header: Header, limits: Limits) -> None:
    width, height = header.width, header.height
    extent = f"{width} × {height}, {header.frames} frames"
    if not width or not height:
        raise Rejected(Reason.CORRUPT, extent)
    if max(width, height) > limits.max_side:
        raise Rejected(Reason.SIDE_TOO_LONG, extent)
    # What is stored may be larger than the picture, and is decoded whole before it is cut.
    one = max(width * height, header.total_frame_pixels if header.frames == 1 else 0)
    if one > limits.max_pixels:
        raise Rejected(Reason.TOO_MANY_PIXELS, extent)
    if header.frames > limits.max_frames:
        raise Rejected(Reason.TOO_MANY_FRAMES, extent)
    # A still may use all of max_pixels; the sum bounds animations.
    every = max(width * height * header.frames, header.total_frame_pixels)
    if header.frames > 1 and every > limits.max_total_pixels:
        raise Rejected(Reason.TOO_MANY_FRAMES, extent)
