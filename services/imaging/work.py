"""What is known of one picture while it goes through the pipeline."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.core.settings import Limits
from services.core.variants import Fit
from services.imaging.picture import Frame, Header, Picture, Raster, Variant


@dataclass(slots=True)
class Work:
    """The state that each step takes and adds to; what a step has not set yet is absent."""

    data: bytes
    sizes: tuple[int, ...]
    formats: tuple[str, ...]
    limits: Limits
    shape: tuple[int, int] | None = None

    header: Header = field(init=False)
    fits: tuple[Fit, ...] = field(init=False)  # what is to be made, smallest first
    decoded: Iterator[Frame] = field(init=False)
    frames_left: bool = True

    # Of the frame that is being worked on.
    raster: Raster = field(init=False)
    extent: tuple[float, float] | None = None  # see Frame
    duration: int = 0  # milliseconds

    frames: dict[Fit, list[Frame]] = field(default_factory=dict)
    has_alpha: bool = False
    variants: tuple[Variant, ...] = ()
    smallest: Raster = field(init=False)  # as decoded from the smallest variant's bytes
    thumbhash: bytes = b""
    milliseconds: dict[str, float] = field(default_factory=dict)  # by step

    @property
    def stored_fit(self) -> tuple[int, int]:
        """Width and height of the largest variant, turned as the file's pixels are stored."""
        largest = self.fits[-1]
        if self.header.orientation >= 5:
            return largest.height, largest.width
        return largest.width, largest.height

    def add_time(self, step: str, milliseconds: float) -> None:
        """Count time for a step."""
        self.milliseconds[step] = self.milliseconds.get(step, 0.0) + milliseconds

    def picture(self) -> Picture:
        """Return what came out."""
        header = self.header
        return Picture(
            header.format, *header.upright, frames=header.frames, has_alpha=self.has_alpha,
            thumbhash=self.thumbhash, variants=self.variants, milliseconds=self.milliseconds,
            taken=header.taken,
        )  # fmt: skip
