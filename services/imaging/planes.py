"""Pictures as luma and halved chroma, which is how JPEG and WebP store them in the end.

One and a half samples a pixel are filtered instead of three, and a JPEG's need not be converted to
RGB and back.
"""

from services.imaging.codecs.pixels import to_pillow, to_raster
from services.imaging.lanes import resized_planes_together
from services.imaging.picture import YCC420, Raster, plane_sizes
from services.imaging.resize import LANCZOS2


def resized_planes(raster: Raster, width: int, height: int, shrinking: str = LANCZOS2) -> Raster:
    """Return a raster of mode YCC420 at exactly `width` × `height` pixels.

    Only luma is `shrinking` by a filter of choice: of chroma nobody sees more than Lanczos2 keeps.
    """
    if (raster.width, raster.height) == (width, height):
        return raster
    luma, *chroma = split(raster)
    _, halves, _ = plane_sizes(width, height)
    return joined(
        [
            *resized_planes_together([luma], width, height, shrinking),
            *resized_planes_together(chroma, *halves, LANCZOS2),
        ]
    )


def split(raster: Raster) -> list[Raster]:
    """Return the planes of a raster of mode YCC420 as rasters of mode L."""
    view, planes, at = memoryview(raster.pixels), [], 0
    for width, height in plane_sizes(raster.width, raster.height):
        end = at + width * height
        planes.append(Raster("L", width, height, view[at:end]))
        at = end
    return [_of_size(planes[0], raster.width, raster.height), *planes[1:]]


def joined(planes: list[Raster]) -> Raster:
    """Return luma and both chroma planes as one raster of mode YCC420."""
    luma, *chroma = planes
    padded = _of_size(luma, *plane_sizes(luma.width, luma.height)[0])
    samples = b"".join((padded.pixels, *(plane.pixels for plane in chroma)))
    return Raster(YCC420, luma.width, luma.height, samples)


def _of_size(plane: Raster, width: int, height: int) -> Raster:
    """Return a plane cut, or with its last column and row again, which encoders filter along."""
    if (plane.width, plane.height) == (width, height):
        return plane
    image = to_pillow(plane).crop((0, 0, width, height))
    if width > plane.width:
        image.paste(image.crop((plane.width - 1, 0, plane.width, height)), (plane.width, 0))
    if height > plane.height:
        image.paste(image.crop((0, plane.height - 1, width, plane.height)), (0, plane.height))
    return to_raster(image)
