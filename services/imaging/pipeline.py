"""The pipeline from a picture's bytes to its variants, in this process. No AWS in it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from services.core.settings import Limits
from services.core.variants import Fit, formats_for, plan
from services.imaging.alpha import without_opaque_alpha
from services.imaging.check import check
from services.imaging.codecs.turbojpeg import to_planes, to_rgb
from services.imaging.colour import to_srgb
from services.imaging.decode import decode
from services.imaging.encode import encode
from services.imaging.picture import YCC420, Frame, Header, Picture, Raster, Variant
from services.imaging.placeholder import dominant_color, thumbhash
from services.imaging.planes import resized_planes
from services.imaging.resize import LANCZOS2, LANCZOS3, resized
from services.imaging.upright import upright
from services.imaging.verify import verify


def make_variants(
    data: bytes,
    sizes: tuple[int, ...],
    formats: tuple[str, ...],
    limits: Limits,
    shape: tuple[int, int] | None = None,
) -> Picture:
    """Return the picture in `data` with all its variants; see services.imaging.engine."""
    clock = Clock()
    with clock.step("check"):
        header = check(data, limits)
    fits = plan(*(shape or header.upright), sizes)
    frames = _frames(data, header, fits, clock)
    has_alpha = any(frame.raster.mode == "RGBA" for frame in frames[fits[-1]])
    with clock.step("encode"):
        variants = [
            Variant(fit, format_, encode(frames[fit], format_, loops=header.loops))
            for fit in fits
            for format_ in formats_for(formats, has_alpha=has_alpha)
        ]
    with clock.step("verify"):
        shown = [
            verify(variant, header.frames if variant.format.name == "webp" else 1)
            for variant in variants
        ]
    with clock.step("placeholder"):
        hash_, color = thumbhash(shown[0].raster), dominant_color(shown[0].raster)
    return Picture(
        header.format, *header.upright, frames=header.frames, animated=header.frames > 1,
        has_alpha=has_alpha, thumbhash=hash_, color=color, variants=tuple(variants),
        milliseconds=clock.milliseconds,
    )  # fmt: skip


def _frames(
    data: bytes, header: Header, fits: tuple[Fit, ...], clock: "Clock"
) -> dict[Fit, list[Frame]]:
    """Decode once and return each frame in each size, upright and in sRGB."""
    largest, sideways = fits[-1], header.orientation >= 5
    size = (largest.width, largest.height)
    stored = size[::-1] if sideways else size
    frames: dict[Fit, list[Frame]] = {fit: [] for fit in fits}
    # The smallest variant is the tutorial's to the letter; larger ones are made for sharpness.
    filters = {fit: LANCZOS3 if at else LANCZOS2 for at, fit in enumerate(fits)}
    decoded = decode(data, header, stored, planes=True)
    while True:
        with clock.step("decode"):
            frame = next(decoded, None)
        if frame is None:
            return frames
        with clock.step("planes"):
            raster = _in_planes(without_opaque_alpha(frame.raster), stored)
        with clock.step("resize"):
            raster = _resized(raster, *stored, filters[largest])
        with clock.step("colour"):
            raster = _as_shown(raster, header)
        for fit in reversed(fits):
            with clock.step("resize"):
                raster = _resized(raster, fit.width, fit.height, filters[fit])
            frames[fit].append(Frame(raster, frame.milliseconds))


def _in_planes(raster: Raster, size: tuple[int, int]) -> Raster:
    """Return a colour picture that will not be enlarged to `size` as luma and halved chroma.

    Its chroma would be halved by JPEG and WebP anyway. Before it is enlarged that would be seen.
    """
    if raster.mode != "RGB" or raster.width < size[0] or raster.height < size[1]:
        return raster
    return to_planes(raster)


def _resized(raster: Raster, width: int, height: int, shrinking: str) -> Raster:
    resize = resized_planes if raster.mode == YCC420 else resized
    return resize(raster, width, height, shrinking)


def _as_shown(raster: Raster, header: Header) -> Raster:
    """Return the raster upright and in sRGB."""
    if raster.mode != YCC420:
        return to_srgb(upright(raster, header.orientation), header.icc)
    if header.icc is None and header.orientation == 1:
        return raster
    return to_planes(to_srgb(upright(to_rgb(raster), header.orientation), header.icc))


class Clock:
    """Adds up the milliseconds spent in each step."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time in the block for `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = (time.perf_counter() - start) * 1000
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + spent
