"""The engine: a picture's bytes in, its variants out. No AWS in it."""

from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging.child import Children
from services.imaging.picture import Picture, Variant

__all__ = ["Picture", "Rejected", "Variant", "make_variants", "warm_up"]

_children = Children("services.imaging.pipeline:make_variants")


def make_variants(
    data: bytes,
    *,
    sizes: tuple[int, ...],
    formats: tuple[str, ...],
    limits: Limits,
    deadline: float | None = None,
    shape: tuple[int, int] | None = None,
) -> Picture:
    """Return the picture in `data` with all its variants, each re-opened and checked.

    `sizes` are the sides of square boxes in pixels, ascending; `formats` are names of
    services.core.variants.FORMATS. With a `deadline`, a moment of time.monotonic(), the work is done in
    a process that is stopped then, whatever it is doing; without one it is done here. `shape` is
    the width and height to fit, in pixels, where `data` is itself a smaller variant. Raises
    Rejected where the data cannot become a photo; whatever else is raised is worth a retry.
    """
    if deadline is None:
        from services.imaging import pipeline

        return pipeline.make_variants(data, sizes, formats, limits, shape)
    picture: Picture = _children.call((data, sizes, formats, limits, shape), deadline)
    return picture


def warm_up() -> None:
    """Start the process that the first picture will need, and return before it is ready."""
    _children.warm_up()
