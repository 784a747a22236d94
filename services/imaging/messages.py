"""A job for the decoding process, and the picture that comes back, as messages of services.imaging.wire."""

from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from services.core import capture
from services.core.settings import Limits
from services.core.variants import FORMATS, Fit, plan
from services.imaging.picture import SOURCE_FORMATS, Picture, Variant
from services.imaging.wire import Message, MessageError


def request(
    data: bytes,
    sizes: tuple[int, ...],
    formats: tuple[str, ...],
    limits: Limits,
    shape: tuple[int, int] | None,
) -> Message:
    """Return the arguments of `services.imaging.pipeline.run` as a message."""
    # The limits alone, should they be part of all the settings.
    bounds = {field.name: getattr(limits, field.name) for field in fields(Limits)}
    return {"sizes": sizes, "formats": formats, "limits": bounds, "shape": shape}, [data]


def response(picture: Picture) -> Message:
    """Return a picture as a message."""
    described = {name: getattr(picture, name) for name in _FIELDS}
    described["taken"] = capture.written(picture.taken)
    described["variants"] = [
        {"fit": asdict(variant.fit), "format": variant.format.name} for variant in picture.variants
    ]
    return described, [picture.thumbhash, *(variant.data for variant in picture.variants)]


def picture_in(message: Message, sizes: tuple[int, ...], shape: tuple[int, int] | None) -> Picture:
    """Return the picture in a response; raises MessageError for anything else.

    The response comes from where decoders ran, so nothing in it is taken unseen: types are checked,
    and the variants must be those that were asked for.
    """
    head, parts = message
    described: dict[str, Any] = {name: head.get(name) for name in _FIELDS}
    if any(type(value) is not _FIELDS[name] for name, value in described.items()):
        msg = f"fields {described!r}"
        raise MessageError(msg)
    try:
        made = [(Fit(**one["fit"]), FORMATS[one["format"]]) for one in head["variants"]]
        width, height = shape or (head["width"], head["height"])
        wanted = plan(width, height, sizes, head["frames"])
        thumbhash, *files = parts
        pairs = list(zip(made, files, strict=True))
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise MessageError(repr(error)) from error
    if head["format"] not in SOURCE_FORMATS or {fit for fit, _ in made} != set(wanted):
        msg = f"{head['format']!r}, {made!r}"
        raise MessageError(msg)
    taken = _moment(head.get("taken"))
    variants = tuple(Variant(fit, format_, data) for (fit, format_), data in pairs)
    return Picture(**described, thumbhash=thumbhash, variants=variants, taken=taken)


def _moment(text: Any) -> datetime | None:
    if not text:
        return None
    moment = capture.read(text) if isinstance(text, str) else None
    if moment is None or not capture.is_possible(moment, datetime.now(UTC)):
        msg = f"taken {text!r}"
        raise MessageError(msg)
    return moment


_FIELDS: dict[str, type] = {
    "format": str, "width": int, "height": int, "frames": int, "has_alpha": bool,
    "milliseconds": dict,
}  # fmt: skip
