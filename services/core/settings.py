"""The settings of both functions and of the local product: the only reader of the environment."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.core.variants import FORMATS

MAX_SIZES = 16


class ConfigError(ValueError):
    """A setting has a value that cannot be used; the message names it and says what would do."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            msg = f"a whole number from {low:,} to {high:,}"
            raise ValueError(msg)
        return int(text)

    return parse


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) if part.strip().isdigit() else 0 for part in text.split(","))
    # All of them stand in a photo's key, which S3 bounds.
    rising = list(sizes) == sorted(set(sizes)) and len(sizes) <= MAX_SIZES
    if not rising or not all(1 <= size <= 16_384 for size in sizes):
        msg = f"at most {MAX_SIZES} box sides in pixels, ascending, such as 400,800,1600"
        raise ValueError(msg)
    return sizes


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if len(set(names)) != len(names) or not set(names) <= {"webp", "jpeg"}:
        raise ValueError("webp, jpeg or both, separated by a comma")
    return tuple(FORMATS[name].name for name in names)


def _http_url(text: str) -> str | None:
    if not text:
        return None
    if not text.lower().startswith(("http://", "https://")) or any(c in text for c in " \"'<>;,"):
        raise ValueError("an address that starts with http:// or https://")
    return text.rstrip("/")


def _origin(text: str) -> str | None:
    """Return an origin as browsers write it (RFC 6454, 6.2), so that it can be compared."""
    url = _http_url(text)
    if url is None:
        return None
    parts = urlsplit(url)
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError("an address without a path, such as https://photos.example.org")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _contact(text: str) -> str:
    if not re.fullmatch(r"(mailto:|tel:|https://)[!-~]+", text):
        raise ValueError("an address that starts with mailto:, tel: or https://")
    return text


def _storage_class(text: str) -> str:
    classes = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR")
    if text not in classes:
        msg = f"one of {', '.join(classes)}"
        raise ValueError(msg)
    return text


def _bucket(text: str) -> str:
    if not 3 <= len(text) <= 63 or not all(c.islower() or c.isdigit() or c in "-." for c in text):
        raise ValueError("a bucket name: 3 to 63 lower-case letters, digits, hyphens or dots")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("some text")
    return text.strip()


def _setting(default: Any, parse: Callable[[str], Any], doc: str, *, env: str = "") -> Any:
    return field(default=default, metadata={"env": env, "parse": parse, "doc": doc})


def variable(setting: Field[Any]) -> str:
    """Return the environment variable of a setting: its name in capitals, unless it has another."""
    return str(setting.metadata["env"] or setting.name.upper())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an upload may be; everything beyond it is refused with a reason before any decoding."""

    max_upload_bytes: int = _setting(
        25_000_000, _whole(1, 5_000_000_000), "Largest upload, in bytes."
    )
    max_pixels: int = _setting(
        100_000_000, _whole(1, 1_000_000_000), "Most pixels in one frame (width × height)."
    )
    max_side: int = _setting(16_384, _whole(1, 65_535), "Longest side of a picture, in pixels.")
    max_frames: int = _setting(256, _whole(1, 10_000), "Most frames of an animation.")
    max_total_pixels: int = _setting(
        100_000_000, _whole(1, 1_000_000_000),
        "Most pixels over all frames of an animation (frames × canvas).",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Limits):
    """What both functions need to know; every field has a default that works locally."""

    upload_bucket: str = _setting(
        "contact-sheet-uploads", _bucket, "Bucket that browsers upload to."
    )
    gallery_bucket: str = _setting(
        "contact-sheet-gallery", _bucket,
        "Bucket of variants, index and verdicts; never the upload bucket.",
    )  # fmt: skip
    region: str = _setting("us-east-1", _text, "Region of both buckets.", env="AWS_REGION")
    s3_endpoint_url: str | None = _setting(
        None, _http_url, "Another S3 than AWS's, addressed path style; empty means AWS."
    )
    image_base_url: str | None = _setting(
        None, _http_url,
        "Address of a CDN in front of the gallery bucket; empty means presigned URLs.",
    )  # fmt: skip
    public_url: str | None = _setting(
        None, _origin,
        "The gallery's own address as browsers see it; empty means what the request says.",
    )  # fmt: skip
    site_title: str = _setting("Contact Sheet", _text, "Title of the gallery.")
    page_size: int = _setting(60, _whole(1, 1000), "Photos on a gallery page.")
    variant_sizes: tuple[int, ...] = _setting(
        (400, 800, 1600), _sizes,
        "Sides of the square boxes that variants are fitted into, in pixels.",
    )  # fmt: skip
    variant_formats: tuple[str, ...] = _setting(
        ("webp", "jpeg"), _formats,
        "Formats of each variant; JPEG becomes PNG where there is transparency.",
    )  # fmt: skip
    upload_expires_seconds: int = _setting(
        300, _whole(1, 3600), "How long a presigned POST may be used, in seconds."
    )
    url_window_seconds: int = _setting(
        3600, _whole(60, 302_400), "How long a photo keeps the same presigned URL, in seconds."
    )
    uploads_per_minute: int = _setting(
        0, _whole(0, 1_000_000),
        "Uploads, reports and captions that one address may begin in a minute; 0 leaves it to API "
        "Gateway's throttling.",
    )  # fmt: skip
    trusted_proxies: int = _setting(
        0, _whole(0, 10),
        "Proxies in front whose X-Forwarded-For is believed when uploads are counted by address.",
    )  # fmt: skip
    photos_a_day: int = _setting(
        10_000, _whole(1, 1_000_000_000),
        "Uploads a day (UTC) from which on the gallery takes no more until the next.",
    )  # fmt: skip
    bytes_a_day: int = _setting(
        10_000_000_000, _whole(1, 10**15), "The same in bytes that are kept of them."
    )
    photos_in_total: int = _setting(
        250_000, _whole(1, 1_000_000_000),
        "Photos from which on the gallery takes no more until some are deleted.",
    )  # fmt: skip
    bytes_in_total: int = _setting(
        250_000_000_000, _whole(1, 10**15), "The same in bytes of their variants and originals."
    )
    originals_class: str = _setting(
        "STANDARD", _storage_class,
        "S3's storage class of originals, where an album keeps them: one that is read at once.",
    )  # fmt: skip
    originals_days: int = _setting(
        36_500, _whole(1, 36_500), "Days that originals are kept, from upload or move."
    )
    security_contact: str | None = _setting(
        None, _contact,
        "Whom to tell of a weakness, for security.txt: mailto:, tel: or https:; empty means none.",
    )  # fmt: skip
    sweep_after_seconds: int = _setting(
        900, _whole(0, 86_400),
        "Age from which the sweep takes up an upload that no event brought, in seconds.",
    )  # fmt: skip
    log_level: str = _setting("INFO", _text, "Lowest level that is logged.")
    function_name: str | None = _setting(
        None, _text,
        "Function that metrics are counted for; Lambda sets it.", env="AWS_LAMBDA_FUNCTION_NAME",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Refuse settings that are fine alone and wrong together."""
        if self.upload_bucket == self.gallery_bucket:
            raise ConfigError(
                "UPLOAD_BUCKET and GALLERY_BUCKET must be two buckets, or variants would be "
                "resized again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """What only the local product needs to know."""

    port: int = _setting(8000, _whole(1, 65_535), "Port of the gallery (`make run`).")
    s3_port: int = _setting(
        0, _whole(0, 65_535),
        "Port of the object store (`make run`); 0 takes a free one and keeps to it.",
    )  # fmt: skip
    data_dir: Path = _setting(
        Path(".data"), Path, "Folder that keeps what was uploaded (`make run`)."
    )
    workers: int = _setting(2, _whole(1, 64), "Resize workers side by side (`make run`).")


def _from_env(kind: type[Any], environ: Mapping[str, str]) -> Any:
    values = {}
    for item in fields(kind):
        name = variable(item)
        text = environ.get(name, "")
        if text:
            try:
                values[item.name] = item.metadata["parse"](text)
            except ValueError as error:
                msg = f"{name} must be {error}, not {text!r}"
                raise ConfigError(msg) from None
    return kind(**values)


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings in `environ`; an empty variable counts as unset.

    Raises ConfigError, whose message names the variable, its value and what it must be.
    """
    settings: Settings = _from_env(Settings, environ)
    return settings


def load_local_settings(environ: Mapping[str, str] = os.environ) -> LocalSettings:
    """Return the local product's own settings; raises ConfigError as `load_settings` does."""
    settings: LocalSettings = _from_env(LocalSettings, environ)
    return settings
