"""Best fit by ImageMagick, and the policy it runs under."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import wand.resource
from PIL import Image

from services.core.settings import Limits
from services.imaging import make_variants
from services.imaging.magick import from_wand, to_wand
from services.imaging.picture import Raster
from services.imaging.resize import resize_image
from tests.pictures import jpeg, png, webp


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1200, 800, (400, 267)), (800, 1200, (267, 400)), (1000, 1000, (400, 400)),
        (400, 300, (400, 300)), (100, 50, (400, 200)), (800, 1, (400, 1)), (1, 1600, (1, 400)),
        (400, 400, (400, 400)), (401, 400, (400, 399)), (4032, 3024, (400, 300)),
    ],
)  # fmt: skip
def test_best_fit(width: int, height: int, expected: tuple[int, int]) -> None:
    """The picture just fits the box, its ratio kept, its sides rounded and never 0."""
    with to_wand(Raster("RGB", width, height, bytes(width * height * 3))) as image:
        assert resize_image(image, 400, 400) is image
        assert image.size == expected


def test_exact_fit_is_left_alone() -> None:
    """A picture of the box's size keeps each of its pixels."""
    pixels = bytes(range(256)) * 3
    with to_wand(Raster("RGB", 16, 16, pixels)) as image:
        assert from_wand(resize_image(image, 16, 16), "RGB").pixels == pixels


def test_filters_are_the_tutorials() -> None:
    """Shrinking is Lanczos2 and enlarging Mitchell, as ImageMagick computes them."""
    ramp = bytes((x * x) % 256 for x in range(64 * 64 * 3))
    for side, name in ((20, "lanczos2"), (100, "mitchell")):
        raster = Raster("RGB", 64, 64, ramp)
        with to_wand(raster) as ours, to_wand(raster) as theirs:
            theirs.resize(side, side, filter=name)
            assert from_wand(resize_image(ours, side, side), "RGB") == from_wand(theirs, "RGB")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
def test_pixels_pass_unchanged(mode: str) -> None:
    """Pixels that go to ImageMagick and back are the same."""
    count = {"L": 1, "RGB": 3}.get(mode, 4)
    raster = Raster(mode, 7, 5, bytes((i * 37) % 256 for i in range(35 * count)))
    with to_wand(raster) as image:
        assert from_wand(image, mode) == raster


def test_wrong_number_of_pixels_is_refused() -> None:
    """Pixels that do not fill the raster never reach ImageMagick."""
    with pytest.raises(ValueError, match="2 × 2 RGB are not 3 bytes"):
        to_wand(Raster("RGB", 2, 2, b"abc"))


def test_policy_limits_are_in_force() -> None:
    """ImageMagick may not spill to disk, take more than a gibibyte or start threads."""
    limits = wand.resource.limits
    assert {name: limits[name] for name in ("memory", "disk", "thread")} == {
        "memory": 1 << 30, "disk": 0, "thread": 1,
    }  # fmt: skip


@pytest.mark.parametrize("size", [(2679, 1507), (3215, 1809), (6431, 1201), (1003, 1337)])
@pytest.mark.parametrize("encode", [jpeg, png, webp])
def test_nothing_moves_where_a_scaled_decode_ends_between_two_pixels(
    size: tuple[int, int], encode: Callable[..., bytes]
) -> None:
    """A cross near the far corner is where it belongs, to a sixteenth of a variant's pixel."""
    picture = Image.new("RGB", size)
    left, top = (side - 120 for side in size)
    picture.paste((200, 200, 200), (left, 0, left + 40, size[1]))
    picture.paste((200, 200, 200), (0, top, size[0], top + 40))
    made = make_variants(encode(image=picture), sizes=(400,), formats=("jpeg",), limits=Limits())
    shown = np.asarray(Image.open(io.BytesIO(made.variants[0].data)).convert("L"), np.float64)
    for before, start, profile in ((size[0], left, shown.mean(0)), (size[1], top, shown.mean(1))):
        light = np.clip(profile - profile.min() - 4, 0, None)
        centre = (light * (np.arange(len(light)) + 0.5)).sum() / light.sum()
        assert centre == pytest.approx((start + 20) * len(light) / before, abs=1 / 16)
