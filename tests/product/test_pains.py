"""What the field's users were bitten by, each shown gone in the whole product."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from services.store.client import make_s3
from tests import pictures
from tests.conftest import Product

P3_RED_IN_SRGB = (196, 47, 54)  # Display P3 (180, 60, 60), by LittleCMS


def shown(product: Product, data: bytes, name: str, type_: str = "image/jpeg") -> dict[str, Any]:
    """Upload a picture and return it as the API tells it once it is ready."""
    photo = product.settled(product.upload(data, name, type_))
    assert photo["state"] == "ready", photo
    return photo


def variants(photo: dict[str, Any]) -> dict[str, bytes]:
    """Return the bytes that browsers get, by size and format, such as `400 webp`."""
    return {
        f"{variant['size']} {variant['format']}": httpx.get(variant["url"]).content
        for variant in photo["variants"]
    }


def opened(data: bytes) -> Image.Image:
    """Return a picture, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(found: Any, expected: tuple[int, ...], by: int = 12) -> bool:
    """Tell whether a pixel has a colour, but for what lossy encoding does to it."""
    return all(abs(a - b) <= by for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_orientation_is_not_lost(product: Product, orientation: int) -> None:
    """A phone held upright: the picture stands upright in every variant."""
    upright = pictures.quadrants(640, 480)
    stored = pictures.stored_as(upright, orientation)
    photo = shown(product, pictures.jpeg(image=stored, orientation=orientation), "phone.jpg")
    assert (photo["width"], photo["height"]) == (640, 480)
    for data in variants(photo).values():
        image = opened(data).convert("RGB")
        assert image.width > image.height
        assert near(image.getpixel((20, 20)), pictures.RED)
        assert near(image.getpixel((image.width - 20, image.height - 20)), pictures.YELLOW)


def test_where_a_picture_was_taken_is_not_told(product: Product) -> None:
    """No EXIF, and so no GPS, in any byte that is served."""
    data = pictures.jpeg(900, 600, gps=True, description="Secret Place", comment=b"Secret Comment")
    assert b"Exif" in data
    for served in variants(shown(product, data, "gps.jpg")).values():
        for trace in (b"Exif", b"GPS", b"Secret", b"http://ns.adobe.com", b"Photoshop"):
            assert trace not in served


def test_transparency_does_not_turn_black(product: Product) -> None:
    """PNG instead of JPEG where there is alpha, and WebP keeps it too."""
    photo = shown(product, pictures.png(500, 400, mode="RGBA"), "logo.png", "image/png")
    served = variants(photo)
    assert sorted(served) == ["400 png", "400 webp", "800 png", "800 webp"]
    for data in served.values():
        image = opened(data)
        assert image.mode == "RGBA"
        assert image.getpixel((0, image.height // 2))[3] <= 3  # type: ignore[index] # RGBA pixels are tuples
        assert image.getpixel((image.width - 1, image.height // 2))[3] >= 252  # type: ignore[index] # likewise


def test_an_animation_still_moves(product: Product) -> None:
    """A GIF of five frames is a WebP of five frames, at its own pace."""
    photo = shown(product, pictures.gif(300, 200, frames=5, duration=120), "dance.gif", "image/gif")
    assert photo["animated"] is True
    image = opened(variants(photo)["400 webp"])
    durations = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()  # Pillow knows a frame's duration only then
        durations.append(image.info["duration"])
    assert durations == [120] * 5


def test_colours_are_not_shifted(product: Product) -> None:
    """A wide-gamut profile is applied before it is dropped: the same colour, now in sRGB."""
    plain = Image.new("RGB", (500, 400), (180, 60, 60))
    data = pictures.jpeg(image=plain, icc=pictures.display_p3(), quality=95)
    for served in variants(shown(product, data, "p3.jpg")).values():
        image = opened(served)
        assert "icc_profile" not in image.info
        assert near(image.convert("RGB").getpixel((50, 50)), P3_RED_IN_SRGB, by=5)


@pytest.mark.parametrize(
    "name", ["my photo.jpg", "a+b.jpg", "100%.jpg", "日本の写真.jpg", "a%2Fb.jpg"]
)
def test_any_name_goes(product: Product, name: str) -> None:
    """Spaces, plus signs, percent and Unicode: through the browser's way and through the bucket's."""
    assert shown(product, pictures.jpeg(60, 40), name)["name"] == name
    s3 = make_s3(product.settings, product.session)
    s3.put_object(
        Bucket=product.settings.upload_bucket,
        Key=f"uploads/foreign {name}",
        Body=pictures.jpeg(61, 40),
    )
    for _ in range(200):
        listed = httpx.get(f"{product.url}/api/photos").json()["photos"]
        if [photo for photo in listed if photo["name"] == f"foreign {name}"]:
            return
    pytest.fail(f"uploads/foreign {name} never came")


def test_browsers_may_keep_what_never_changes(product: Product) -> None:
    """Cache headers for ever on variants, and the same address at every render."""
    photo = shown(product, pictures.jpeg(500, 400), "cached.jpg")
    for variant in photo["variants"]:
        response = httpx.get(variant["url"])
        assert (
            response.headers["cache-control"] == "public, max-age=31536000, s-maxage=600, immutable"
        )
        assert response.headers["content-type"] == variant["type"]
    again = httpx.get(f"{product.url}/api/photos/{photo['id']}").json()
    listed = httpx.get(f"{product.url}/api/photos").json()["photos"]
    assert again == photo
    assert photo in listed


def test_it_does_not_resize_its_own_output(product: Product) -> None:
    """One upload makes one photo, and the upload bucket is empty afterwards."""
    photo = shown(product, pictures.jpeg(900, 700), "once.jpg")
    s3 = make_s3(product.settings, product.session)
    left = s3.list_objects_v2(
        Bucket=product.settings.upload_bucket, Prefix=f"uploads/main/{photo['id']}"
    )
    assert left["KeyCount"] == 0
    made = s3.list_objects_v2(
        Bucket=product.settings.gallery_bucket, Prefix=f"photos/main/{photo['id']}/"
    )
    assert made["KeyCount"] == 6


def test_no_acl_is_asked_for(product: Product) -> None:
    """Ours never names one, and one that is added makes nothing public."""
    begun = httpx.post(
        f"{product.url}/api/uploads",
        json={"filename": "a.jpg", "type": "image/jpeg", "size": 10},
    ).json()["upload"]
    assert "acl" not in begun["fields"]
    httpx.post(begun["url"], data=begun["fields"] | {"acl": "public-read"}, files={"file": b"x"})
    assert httpx.get(f"{begun['url']}/{begun['fields']['key']}").status_code == 403


def test_an_upload_does_not_fail_in_silence(product: Product) -> None:
    """What cannot become a photo says why, in a stable code and in words."""
    photo = product.settled(product.upload(b"%PDF-1.7 not a picture", "trick.jpg"))
    assert photo["state"] == "rejected"
    assert photo["reason"] == "unsupported_format"
    assert photo["message"] == (
        "This is not a picture we can read; please use JPEG, PNG, GIF, WebP, AVIF or HEIC."
    )


def test_two_peoples_photo_jpg_are_two_photos(product: Product) -> None:
    """The same name from two people, and each keeps their own."""
    first = shown(product, pictures.jpeg(70, 40), "photo.jpg")
    second = shown(product, pictures.jpeg(40, 70), "photo.jpg")
    assert first["id"] != second["id"]
    assert (first["name"], second["name"]) == ("photo.jpg", "photo.jpg")
    assert (first["width"], second["width"]) == (70, 40)
