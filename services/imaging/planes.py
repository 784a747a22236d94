"""Pictures as luma and halved chroma, which is how JPEG and WebP store them in the end.

One and a half samples a pixel are filtered instead of three, and a JPEG's need not be converted to
RGB and back: in the image that ships, a fifth of the processor time of the default set.
"""

from services.imaging.codecs.pixels import to_pillow, to_raster
from services.imaging.codecs.turbojpeg import to_planes
from services.imaging.picture import I420, Raster, plane_sizes
from services.imaging.work import Work


def split_into_planes(work: Work) -> None:
    """Make an RGB frame I420 where it will not be enlarged.

    Its chroma would be halved by JPEG and WebP anyway. Before it is enlarged that would be seen.
    """
    width, height = work.stored_fit
    raster = work.raster
    if raster.mode == "RGB" and raster.width >= width and raster.height >= height:
        work.raster = to_planes(raster)


def split(raster: Raster) -> list[Raster]:
    """Return the planes of an I420 raster as rasters of mode L."""
    view, planes, at = memoryview(raster.pixels), [], 0
    for width, height in plane_sizes(raster.width, raster.height):
        end = at + width * height
        planes.append(Raster("L", width, height, view[at:end]))
        at = end
    return [of_size(planes[0], raster.width, raster.height), *planes[1:]]


def joined(planes: list[Raster]) -> Raster:
    """Return luma and both chroma planes as one I420 raster."""
    luma, *chroma = planes
    padded = of_size(luma, *plane_sizes(luma.width, luma.height)[0])
    samples = b"".join((padded.pixels, *(plane.pixels for plane in chroma)))
    return Raster(I420, luma.width, luma.height, samples)


def of_size(raster: Raster, width: int, height: int) -> Raster:
    """Return a raster that is not I420 cut, or with its last column and row repeated."""
    if (raster.width, raster.height) == (width, height):
        return raster
    image = to_pillow(raster).crop((0, 0, width, height))
    right, bottom = width - raster.width, height - raster.height
    if right > 0:
        column = image.crop((raster.width - 1, 0, raster.width, height))
        image.paste(column.resize((right, height)), (raster.width, 0))
    if bottom > 0:
        row = image.crop((0, raster.height - 1, width, raster.height))
        image.paste(row.resize((width, bottom)), (0, raster.height))
    return to_raster(image)
