"""What the steps of the pipeline hand to each other, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.core.variants import Fit, Format
from services.imaging.colour_space import ColourSpace

Pixels = bytes | bytearray | memoryview

SOURCE_FORMATS = ("jpeg", "png", "gif", "webp", "avif", "heic")
I420 = "I420"
CHANNELS = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}


def plane_sizes(width: int, height: int) -> tuple[tuple[int, int], ...]:
    """Return width and height of the planes of an I420 raster: of Y, Cb and Cr."""
    even = (width + width % 2, height + height % 2)
    half = (even[0] // 2, even[1] // 2)
    return even, half, half


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its picture before anything is decoded; sizes are as stored."""

    format: str  # one of SOURCE_FORMATS
    width: int
    height: int
    orientation: int = 1  # EXIF's 1 to 8: what turns the stored pixels upright
    frames: int = 1
    loops: int = 0  # how often an animation is shown; 0 is for ever
    icc: bytes | None = None  # a profile for the channels that it has
    space: ColourSpace | None = None  # stated without a profile
    total_frame_pixels: int = 0  # of all frames together, before they are cut to the picture
    taken: datetime | None = None  # by the camera's clock; see services.core.capture

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as a person sees the picture."""
        if self.orientation >= 5:
            return self.height, self.width
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Raster:
    """8-bit samples, rows from the top without padding; `mode` names the channels.

    L, RGB, RGBA and CMYK are interleaved. CMYK is 255 for no ink. RGBA is not premultiplied. I420
    is JPEG's Y, Cb and Cr, one plane after another: Y with an even number of columns and rows, the
    last repeated where the picture's is odd; Cb and Cr of half as many.
    """

    mode: str
    width: int
    height: int
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of a picture; a still has one, of no duration.

    `extent` is how many columns and rows of the raster the picture fills: where a scaled decode
    ends between two pixels, no whole number.
    """

    raster: Raster
    milliseconds: int = 0
    extent: tuple[float, float] | None = None  # all of them


@dataclass(frozen=True, slots=True)
class Variant:
    """An encoded variant of the size that `fit` says."""

    fit: Fit
    format: Format
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its variants; `width` × `height` are the upright original's pixels."""

    format: str  # one of SOURCE_FORMATS
    width: int
    height: int
    frames: int
    has_alpha: bool
    thumbhash: bytes
    variants: tuple[Variant, ...]  # smallest first
    milliseconds: Mapping[str, float]  # by step
    taken: datetime | None = None  # by the camera's clock; see services.core.capture

    @property
    def animated(self) -> bool:
        """Whether it moves."""
        return self.frames > 1
