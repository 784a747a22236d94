"""Decoding, by the decoder of the format that the check found."""

from collections.abc import Callable, Iterator

from services.imaging.codecs import gif, jpeg, png, webp
from services.imaging.picture import Frame, Header
from services.imaging.work import Work

_Decoder = Callable[[bytes, Header, tuple[int, int]], Iterator[Frame]]
_COMMON: dict[str, _Decoder] = {
    "jpeg": jpeg.decode, "png": png.decode, "webp": webp.decode, "gif": gif.decode,
}  # fmt: skip


# How many pixels a side a scaled decode leaves at least for each one that the filter makes, so that
# no photograph loses more than .001 SSIM by it alone, and .003 in a set of variants; and how many
# times as many where a JPEG's averages.
_ALONE, _IN_SET = (1.6, 1.75), (1.2, 1.5)


def start_decoding(work: Work) -> None:
    """Begin to decode with no more pixels than the largest variant needs to be sharp."""
    left, margin = _ALONE if len(work.fits) == 1 else _IN_SET
    width, height = (round(side * left) for side in work.stored_fit)
    work.decoded = decode(work.data, work.header, (width, height), margin=margin)


def decode_next(work: Work) -> None:
    """Decode the next frame, if there is one."""
    frame = next(work.decoded, None)
    work.frames_left = frame is not None
    if frame is not None:
        work.raster, work.extent, work.duration = frame.raster, frame.extent, frame.milliseconds


def decode(
    data: bytes, header: Header, need: tuple[int, int], *, margin: float | None = None
) -> Iterator[Frame]:
    """Yield the frames of a checked file, stored way up, with `need` pixels or more if it has them.

    With a `margin`, which is as `jpeg.decode` has it, a JPEG comes as I420 where it is stored so;
    everything else comes interleaved.
    Raises Rejected for data that is damaged or not all there.
    """
    if margin and header.format == "jpeg":
        return jpeg.decode(data, header, need, planes=True, margin=margin)
    return _decoder(header.format)(data, header, need)


def _decoder(format_: str) -> _Decoder:
    # The rarer and heavier ones are imported by the first picture that needs them.
    if format_ == "avif":
        from services.imaging.codecs import avif

        return avif.decode
    if format_ == "heic":
        from services.imaging.codecs import heic

        return heic.decode
    return _COMMON[format_]
