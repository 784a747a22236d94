"""The way in: a picture's bytes to its variants, in a process that can be stopped or in this one."""

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging.child import Children
from services.imaging.messages import picture_in, request
from services.imaging.picture import Picture
from services.imaging.wire import MessageError

_children = Children("services.imaging.job:run")


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
    services.core.variants.FORMATS; `shape` is the width and height to fit, in pixels, where `data`
    is itself a smaller variant.

    With a `deadline`, a moment of time.monotonic(), the work is done in a child process, and the
    errors are: Rejected where the data cannot become a photo, whatever it made the decoders do;
    TimeoutError, MemoryError or ChildError where the surroundings failed and a retry may help, of
    which CannotStartError is the installation's fault and has nothing to do with the picture.

    Without one the work is done in this process, which then needs services.imaging.environment's
    variables: for benchmarks, fuzzing and tests. Errors other than Rejected are bugs.
    """
    if deadline is None:
        from services.imaging import pipeline

        return pipeline.run(data, sizes, formats, limits, shape)
    head, parts = request(data, sizes, formats, limits, shape)
    response = _children.call(head | {"needs": _module_for(data)}, parts, deadline)
    try:
        return picture_in(response, sizes, shape)
    except MessageError as error:
        raise Rejected(Reason.CORRUPT, f"makes its decoder answer nonsense: {error}") from error


def _module_for(data: bytes) -> str | None:
    """Return the module that decodes a file, if it is loaded by the first picture that needs it."""
    if data[4:8] != b"ftyp":
        return None
    from services.imaging.codecs import isobmff

    try:
        return f"services.imaging.codecs.{isobmff.format_of(data)}"
    except Rejected:
        return None


def warm_up() -> None:
    """Start the process that the first picture will need, and return before it is ready."""
    _children.warm_up()
