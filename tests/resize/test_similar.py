"""Photos that look alike: the same picture again in other clothes, and no other one."""

import io
import time

import pytest
from PIL import Image, ImageEnhance

from services.core.photo import Photo
from services.core.settings import Settings
from services.core.similar import groups_of
from services.imaging import make_variants
from tests import pictures
from tests.photos import photo_ids, stored_photo

SCENES = [pictures.photo(600, 450, seed=seed) for seed in range(6)]


def dressed(image: Image.Image) -> list[bytes]:
    """Return a picture as it was, and as it is sent again: smaller, worse, brighter, cropped."""
    brighter = ImageEnhance.Brightness(image).enhance(1.08)
    return [
        pictures.jpeg(image=image),
        pictures.jpeg(image=image.resize((300, 225))),
        pictures.jpeg(image=image, quality=30),
        pictures.jpeg(image=brighter),
        pictures.jpeg(image=image.crop((12, 9, 588, 441))),
    ]


def thumbhash(data: bytes) -> bytes:
    """Return what the engine puts into an entry."""
    deadline = time.monotonic() + 60
    picture = make_variants(
        data, sizes=(40,), formats=("webp",), limits=Settings(), deadline=deadline
    )
    return picture.thumbhash


def photos_of(hashes: list[bytes]) -> list[Photo]:
    """Return photos with these thumbhashes, newest first."""
    ids = photo_ids(len(hashes))
    return [stored_photo(id_, thumbhash=hash_) for id_, hash_ in zip(ids, hashes, strict=True)]


def test_a_picture_in_other_clothes_is_found_and_no_other_is() -> None:
    """Six scenes five times each, in an order that mixes them."""
    scenes = [[thumbhash(data) for data in dressed(image)] for image in SCENES]
    mixed = photos_of([scenes[n % 6][n // 6] for n in range(30)])
    groups = groups_of(mixed)
    assert [[mixed.index(photo) % 6 for photo in group] for group in groups] == [
        [scene] * 5 for scene in range(6)
    ]


def test_transparency_and_shape_tell_pictures_apart() -> None:
    """A cut-out is not its picture, nor is an upright one a wide one."""
    wide, tall = SCENES[0], SCENES[0].resize((450, 600))
    cut = io.BytesIO()
    pictures.photo(600, 450, mode="RGBA", seed=0).save(cut, "PNG")
    data = [pictures.jpeg(image=wide), pictures.jpeg(image=tall), cut.getvalue()]
    assert groups_of(photos_of([thumbhash(one) for one in data])) == []


@pytest.mark.parametrize("hash_", [b"", b"\0\0\0\0", b"\xff" * 5, b"\xff" * 25, b"hash\0"])
def test_what_is_no_thumbhash_breaks_nothing(hash_: bytes) -> None:
    """An entry may have anything there."""
    groups_of(photos_of([hash_, hash_]))


def test_photos_alone_are_in_no_group() -> None:
    """Nor is nothing."""
    assert groups_of([]) == []
    assert (
        groups_of([stored_photo(photo_ids(1)[0], thumbhash=thumbhash(dressed(SCENES[0])[0]))]) == []
    )
