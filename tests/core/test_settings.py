"""Settings from the environment."""

from pathlib import Path

import pytest

from services.core.settings import ConfigError, load_local_settings, load_settings


def test_everything_has_a_default() -> None:
    """An empty environment, and empty variables, give the local product."""
    settings = load_settings({"PAGE_SIZE": "", "IMAGE_BASE_URL": ""})
    assert settings.upload_bucket == "contact-sheet-uploads"
    assert settings.gallery_bucket == "contact-sheet-gallery"
    assert settings.page_size == 60
    assert settings.variant_sizes == (400, 800, 1600)
    assert settings.variant_formats == ("webp", "jpeg")
    assert settings.max_upload_bytes == 25_000_000
    assert settings.image_base_url is None
    assert load_local_settings({}).data_dir == Path(".data")


def test_variables_are_read() -> None:
    """Each kind of value is parsed."""
    settings = load_settings(
        {
            "VARIANT_SIZES": "200,1000",
            "VARIANT_FORMATS": "jpeg",
            "IMAGE_BASE_URL": "https://cdn.example/",
            "MAX_UPLOAD_BYTES": "1000",
        }
    )
    assert settings.variant_sizes == (200, 1000)
    assert settings.variant_formats == ("jpeg",)
    assert settings.image_base_url == "https://cdn.example"
    assert settings.max_upload_bytes == 1000
    assert load_local_settings({"PORT": "8080"}).port == 8080


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PAGE_SIZE", "0", "PAGE_SIZE must be a whole number from 1 to 1,000, not '0'"),
        ("PAGE_SIZE", "many", "PAGE_SIZE must be a whole number from 1 to 1,000, not 'many'"),
        ("PAGE_SIZE", "٣", "PAGE_SIZE must be a whole number from 1 to 1,000, not '٣'"),
        (
            "VARIANT_SIZES",
            "800,400",
            (
                "VARIANT_SIZES must be at most 16 box sides in pixels, ascending, such as "
                "400,800,1600, not '800,400'"
            ),
        ),
        (
            "VARIANT_SIZES",
            "400,big",
            (
                "VARIANT_SIZES must be at most 16 box sides in pixels, ascending, such as "
                "400,800,1600, not '400,big'"
            ),
        ),
        (
            "VARIANT_FORMATS",
            "bmp",
            "VARIANT_FORMATS must be webp, jpeg or both, separated by a comma, not 'bmp'",
        ),
        (
            "IMAGE_BASE_URL",
            "cdn.example",
            (
                "IMAGE_BASE_URL must be an address that starts with http:// or https://, "
                "not 'cdn.example'"
            ),
        ),
        (
            "UPLOAD_BUCKET",
            "My Bucket",
            (
                "UPLOAD_BUCKET must be a bucket name: 3 to 63 lower-case letters, digits, hyphens or "
                "dots, not 'My Bucket'"
            ),
        ),
        ("SITE_TITLE", "  ", "SITE_TITLE must be some text, not '  '"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str, sentence: str) -> None:
    """The sentence names the variable, what it must be, and what it is."""
    with pytest.raises(ConfigError) as caught:
        load_settings({name: value})
    assert str(caught.value) == sentence


def test_one_bucket_for_both_is_refused() -> None:
    """The resize function would be triggered by its own output, for ever."""
    with pytest.raises(ConfigError, match="must be two buckets"):
        load_settings({"UPLOAD_BUCKET": "pictures", "GALLERY_BUCKET": "pictures"})


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://photos.example.org/", "https://photos.example.org"),
        ("HTTPS://Photos.Example.org:443", "https://photos.example.org"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_public_address_is_written_as_browsers_write_it(text: str, origin: str) -> None:
    """Browsers send an Origin of lower case without the default port: it is compared with that."""
    assert load_settings({"PUBLIC_URL": text}).public_url == origin


@pytest.mark.parametrize(
    "text", ["https://a.test/gallery", "https://a.test?x=1", "https://u@a.test"]
)
def test_a_public_address_with_more_than_an_origin_is_refused(text: str) -> None:
    """It would be accepted, and then every upload refused."""
    with pytest.raises(ConfigError, match="PUBLIC_URL must be an address without a path"):
        load_settings({"PUBLIC_URL": text})
