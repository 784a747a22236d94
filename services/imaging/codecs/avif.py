"""AVIF by Pillow's libavif (dav1d)."""

import io
from collections.abc import Iterator

from PIL import _avif
from PIL.AvifImagePlugin import AvifImageFile

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import extent, reduced, to_pillow, to_raster
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header, Raster

# Without either, Pillow's plug-in would call each file damaged.
if not any(map(_avif.decoder_codec_available, ("dav1d", "aom", "libgav1"))):
    raise ImportError("Pillow's libavif has no decoder")


class _Avif(AvifImageFile):
    def frame(self) -> bytes:
        """Return the first frame's pixels, of which `load` would make a copy."""
        pixels: bytes = self._decoder.get_frame(0)[0]
        del self._decoder  # with planes of its own
        return pixels


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the primary picture, stored way up; an image sequence gives its first."""
    with data_errors():
        image = _Avif(io.BytesIO(data))
    size = header.width, header.height
    # Before anything of that size is made.
    if image.width * image.height != (header.total_frame_pixels or size[0] * size[1]):
        raise Rejected(Reason.CORRUPT, f"{image.size} in its decoder")
    with data_errors():
        raster = Raster(image.mode, *image.size, image.frame())
    if image.size != size:
        raster = to_raster(to_pillow(raster).crop((0, 0, *size)))
    yield Frame(reduced(raster, need), extent=extent(size, need))
