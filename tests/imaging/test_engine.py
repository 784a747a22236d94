"""The engine as a whole: orientation, colour, motion, metadata, strictness on any bytes."""

import io
import resource
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.core.settings import Limits
from services.imaging import Picture, make_variants
from services.imaging.memory import MEMORY_BOUND
from services.imaging.picture import Raster
from services.imaging.placeholder import thumbhash
from tests import pictures
from tests.pictures import gif, jpeg, photo, png, quadrants, webp

LIMITS = Limits()
SEEDS = pictures.seeds()


def _make(data: bytes, *sizes: int) -> Picture:
    return make_variants(data, sizes=sizes or (64,), formats=("webp", "jpeg"), limits=LIMITS)


def _make_small(data: bytes) -> Picture:
    limits = Limits(max_pixels=100_000)
    return make_variants(data, sizes=(32,), formats=("webp", "jpeg"), limits=limits)


def _opened(picture: Picture, name: str) -> Image.Image:
    data = next(v.data for v in picture.variants if v.format.name == name)
    return Image.open(io.BytesIO(data))


def test_no_metadata_in_any_variant() -> None:
    """EXIF, GPS, comments and profiles of the original are in no variant's bytes."""
    original = jpeg(
        300, 200, gps=True, description="SECRET-EXIF", comment=b"SECRET-COMMENT",
        icc=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )  # fmt: skip
    assert b"SECRET-EXIF" in original
    for variant in _make(original, 64, 128).variants:
        for trace in (b"SECRET", b"Exif", b"EXIF", b"ICC_PROFILE", b"ICCP", b"iCCP", b"GPS", b"http"):  # fmt: skip
            assert trace not in variant.data, trace


def test_animation_keeps_delays_and_loops() -> None:
    """An animated GIF becomes an animated WebP with the same delays and number of loops."""
    data = gif(96, 64, frames=4, duration=[50, 120, 300, 80], loop=2)
    image = _opened(_make(data, 48), "webp")
    assert image.n_frames == 4  # type: ignore[attr-defined] # of animated images alone
    assert image.info["loop"] == 3  # GIF counts the repetitions, WebP the showings
    delays = []
    for frame in range(4):
        image.seek(frame)
        image.load()
        delays.append(image.info["duration"])
    assert delays == [50, 120, 300, 80]


def test_the_most_loops_of_a_gif_are_the_most_of_a_webp() -> None:
    """GIF's largest number of repetitions is one showing more than WebP can say."""
    data = bytearray(gif(64, 48, frames=2))
    at = data.index(b"NETSCAPE2.0") + 13
    data[at : at + 2] = b"\xff\xff"
    assert _opened(_make(bytes(data)), "webp").info["loop"] == 0xFFFF


def test_animation_of_equal_frames_keeps_its_duration() -> None:
    """Frames that are alike may become one, but the animation lasts as long."""
    data = gif(images=[quadrants(96, 64).quantize(8), photo(96, 64).quantize(8)], duration=100)
    last = data[data.rindex(b"!\xf9\x04") : -1]
    picture = _make(data[:-1] + last + last + b";", 48)
    image = _opened(picture, "webp")
    lasted = 0
    for frame in range(image.n_frames):  # type: ignore[attr-defined] # of animated images alone
        image.seek(frame)
        image.load()
        lasted += image.info["duration"]
    assert (picture.frames, lasted) == (4, 400)


def test_animation_frames_are_as_a_person_sees_them() -> None:
    """A frame that changes a part of the canvas shows the rest of the frame before it."""
    first = quadrants(96, 64)
    second = first.copy()
    second.paste((255, 255, 255), (0, 0, 48, 32))
    image = _opened(_make(gif(images=[first.quantize(16), second.quantize(16)]), 48), "webp")
    image.seek(1)
    shown = image.convert("RGB")
    assert shown.getpixel((12, 8)) == pytest.approx((255, 255, 255), abs=14)
    assert shown.getpixel((36, 24)) == pytest.approx(pictures.YELLOW, abs=14)


@pytest.mark.parametrize(("disposal", "left"), [(1, "blue"), (2, "clear"), (3, "red"), (4, "red")])
def test_a_frame_leaves_what_it_says(disposal: int, left: str) -> None:
    """What stays of a GIF's second frame under its third; early encoders wrote 4 for 3."""
    palette = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 255, 0)}

    def frame(colour: str, side: int, disposed: int) -> bytes:
        # LZW without a dictionary: the clear code before each index, in three bits.
        codes = [4, [*palette].index(colour)] * side**2 + [5]
        bits = sum(code << 3 * at for at, code in enumerate(codes))
        packed = bits.to_bytes(-(-3 * len(codes) // 8), "little")
        control = b"!\xf9\4" + bytes([disposed << 2, 10, 0, 0, 0])
        blocks = b"".join(bytes([len(part)]) + part for part in (packed[at : at + 255] for at in range(0, len(packed), 255)))  # fmt: skip
        return control + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2" + blocks + b"\0"

    colours = b"".join(map(bytes, palette.values())) + bytes(3)
    head = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x81, 0, 0) + colours
    data = head + frame("red", 16, 1) + frame("blue", 16, disposal) + frame("green", 4, 1) + b";"
    image = _opened(_make(data, 16), "webp")
    image.seek(2)
    seen = image.convert("RGBA").getpixel((12, 12))
    assert isinstance(seen, tuple)
    assert seen[3] < 8 if left == "clear" else seen[:3] == pytest.approx(palette[left], abs=14)


def _delta_e(first: Image.Image, second: Image.Image) -> float:
    # ΔE76, which is never smaller than ΔE2000 by more than a fraction in these gamuts.
    lab = ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    arrays = []
    for image in (first, second):
        values = np.asarray(ImageCms.applyTransform(image.convert("RGB"), transform), np.float64)
        arrays.append(np.stack([values[..., 0] / 2.55, *(np.where(values[..., i] > 127, values[..., i] - 256, values[..., i]) for i in (1, 2))]))  # fmt: skip
    return float(np.sqrt(((arrays[0] - arrays[1]) ** 2).sum(0)).mean())


def test_display_p3_becomes_srgb() -> None:
    """Display P3 is converted: near to a reference conversion, far from the stored numbers."""
    stored = quadrants(128, 96)
    profile = pictures.display_p3()
    image = _opened(_make(png(image=stored, icc=profile), 128), "jpeg")
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    reference = ImageCms.profileToProfile(stored, p3, ImageCms.createProfile("sRGB"))
    assert reference is not None
    assert _delta_e(image, reference) < 2
    assert _delta_e(image, stored) > 4


def test_cmyk_with_a_profile_becomes_srgb() -> None:
    """A press's profile is heeded: near to a reference conversion, far from the plain one."""
    source = quadrants(128, 96).convert("CMYK")
    profile = pictures.cmyk_profile()
    data = jpeg(image=source, icc=profile, quality=95, subsampling="4:4:4")
    image = _opened(_make(data, 128), "jpeg")
    reference = ImageCms.profileToProfile(
        source,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    assert reference is not None
    assert _delta_e(image, reference) < 2
    assert _delta_e(image, source.convert("RGB")) > 4


def test_a_profile_leaves_transparency_alone() -> None:
    """Display P3 with alpha: the colour is converted, the alpha is what it was."""
    stored = quadrants(128, 96)
    stored.putalpha(Image.linear_gradient("L").resize((128, 96)))
    image = _opened(_make(png(image=stored, icc=pictures.display_p3()), 128), "png")
    alpha = np.asarray(image.getchannel("A"), int) - np.asarray(stored.getchannel("A"), int)
    assert abs(alpha).max() <= 1
    red = image.getpixel((20, 40))
    assert isinstance(red, tuple)
    assert red[0] > pictures.RED[0] + 5


def test_cmyk_is_multiplied_out() -> None:
    """CMYK without a profile looks as browsers show it."""
    source = quadrants(128, 96).convert("CMYK")
    image = _opened(_make(jpeg(image=source, quality=95, subsampling="4:4:4"), 128), "jpeg")
    assert _delta_e(image, source.convert("RGB")) < 2


def test_transparency_survives_and_does_not_bleed() -> None:
    """Colour under full transparency does not reach the visible edge when shrinking."""
    image = Image.new("RGBA", (512, 512), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (256, 0, 512, 512))
    shown = _opened(_make(png(image=image), 64), "png")
    assert shown.mode == "RGBA"
    for pixel in np.asarray(shown).reshape(-1, 4).tolist():
        assert pixel[3] < 8 or pixel[0] < 40


def test_sides_are_never_zero() -> None:
    """Extreme strips become variants one pixel thin."""
    for width, height in ((800, 1), (1, 16_000)):
        picture = _make(png(image=Image.new("RGB", (width, height), "red")), 64)
        assert min(picture.variants[0].fit.width, picture.variants[0].fit.height) == 1


@pytest.mark.parametrize("formats", [("webp", "jpeg"), ("jpeg",), ("webp",)])
def test_placeholder_has_the_detail_of_the_smallest_variant(formats: tuple[str, ...]) -> None:
    """The hash is that of the whole smallest variant but for rounding, whatever its format."""
    data = jpeg(image=photo(480, 360, seed=5))
    picture = make_variants(data, sizes=(200,), formats=formats, limits=LIMITS)
    shown = Image.open(io.BytesIO(picture.variants[0].data)).convert("RGB")
    whole = thumbhash(Raster("RGB", shown.width, shown.height, shown.tobytes()))
    assert len(picture.thumbhash) == len(whole)
    pairs = zip(picture.thumbhash[5:].hex(), whole[5:].hex(), strict=True)
    assert max(abs(int(ours, 16) - int(theirs, 16)) for ours, theirs in pairs) <= 1


def test_thumbhash_of_transparency_is_marked() -> None:
    """The hash of a picture with transparency says so (bit 23) and is never longer than 25."""
    picture = _make(png(300, 200, mode="RGBA"), 64)
    assert picture.thumbhash[2] & 0x80
    assert len(picture.thumbhash) <= 25


def test_through_the_child_is_the_same() -> None:
    """With a deadline the same bytes come out, and the same refusals."""
    data = jpeg(300, 200)
    apart = make_variants(
        data, sizes=(64,), formats=("webp",), limits=LIMITS, deadline=time.monotonic() + 60
    )
    assert (
        apart.variants
        == make_variants(data, sizes=(64,), formats=("webp",), limits=LIMITS).variants
    )
    with pytest.raises(Rejected) as refusal:
        make_variants(
            data[:-900], sizes=(64,), formats=("webp",), limits=LIMITS,
            deadline=time.monotonic() + 60,
        )  # fmt: skip
    assert refusal.value.reason is Reason.TRUNCATED


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes_give_variants_or_a_verdict(data: st.DataObject) -> None:
    """Whatever the bytes, the outcome is variants that open or a verdict, in bounded memory."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seed = bytearray(data.draw(st.sampled_from(SEEDS)))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(seed) - 1), st.integers(0, 255)), max_size=6)
    ):
        seed[at] = value
    if data.draw(st.booleans()):  # a size, say, of the most that can be written there
        at = data.draw(st.integers(0, len(seed) - 4))
        seed[at : at + 4] = b"\xff" * 4
    cut = data.draw(st.integers(0, len(seed)) | st.just(len(seed)))
    try:
        picture = _make_small(bytes(seed[:cut]))
    except Rejected:
        picture = None
    for variant in picture.variants if picture else ():
        assert Image.open(io.BytesIO(variant.data)).size == (variant.fit.width, variant.fit.height)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most
    assert grown * 1024 < MEMORY_BOUND


@given(st.binary(max_size=2000))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no picture get a verdict."""
    with pytest.raises(Rejected):
        _make(data, 32)


def test_photo_keeps_alpha_mode() -> None:
    """An animated picture with transparency has it in WebP and in the PNG still."""
    picture = _make(webp(96, 64, mode="RGBA", frames=2), 48)
    assert [v.format.name for v in picture.variants] == ["webp", "png"]
    assert photo(10, 10, mode="RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index] # a tuple in RGBA
