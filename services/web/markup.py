"""How templates show a photo: Jinja filters for its paths, name and sources."""

import base64
import html
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from services.core.keys import MAIN_ALBUM
from services.core.photo import Photo, Variant
from services.core.variants import Format
from services.web import assets


def album_path(album: str) -> str:
    """Return the path of an album's gallery page."""
    return "/" if album == MAIN_ALBUM else f"/albums/{album}"


def within(album: str) -> str:
    """Return what the paths of everything in an album begin with, without a slash at the end."""
    return album_path(album).rstrip("/")


def photo_path(album: str, photo_id: str) -> str:
    """Return the path of a photo's own page."""
    return f"{within(album)}/photos/{photo_id}"


def page_path(photo: Photo) -> str:
    """Return the path of the photo's own page."""
    return photo_path(photo.album, photo.id)


def place_path(photo: Photo) -> str:
    """Return the path of the photo's place in the gallery; the fragment is for plain browsers."""
    return f"{album_path(photo.album)}?at={photo.id}#{photo.id}"


def image_path(photo: Photo) -> str:
    """Return a path that leads to the picture for as long as the photo exists."""
    return f"{within(photo.album)}/images/{photo.id}.{photo.largest.format.extension}"


def download_path(photo: Photo) -> str:
    """Return the path that saves the picture under its name."""
    return f"{within(photo.album)}/downloads/{photo.id}"


def original_path(photo: Photo) -> str:
    """Return the path that saves what was uploaded under the photo's name."""
    return f"{download_path(photo)}/original"


def in_megabytes(number: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{number / 1_000_000:.1f} MB" if number >= 100_000 else f"{number / 1000:.1f} kB"


@pass_context
def alt(context: Context, photo: Photo) -> str:
    """Return the file name, text from a stranger, or what stands for it."""
    return photo.name or str(context["t"]("photo.untitled"))


# What browsers and systems are known by in a User-Agent. Most name others, too: the first that is
# found counts.
_BROWSERS = {
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser/": "Samsung Internet", "Firefox/": "Firefox",
    "FxiOS/": "Firefox", "CriOS/": "Chrome", "Chrome/": "Chrome", "Safari/": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows",
    "CrOS": "ChromeOS", "Mac OS": "macOS", "Linux": "Linux",
}  # fmt: skip


@pass_context
def browser_words(context: Context, agent: str) -> str:
    """Return which browser a User-Agent is of, and on what; or its beginning where that is unknown."""
    browser, system = (
        next((name for mark, name in known.items() if mark in agent), "")
        for known in (_BROWSERS, _SYSTEMS)
    )
    if browser and system:
        return str(context["t"]("owner.browser_on", browser=browser, system=system))
    return browser or agent[:60]


@pass_context
def url(context: Context, variant: Variant) -> str:
    """Return the address that browsers load a variant from."""
    return str(context["variant_url"](variant.key))


@pass_context
def srcset(context: Context, photo: Photo, format_: Format) -> str:
    """Return the srcset of one format, with width descriptors."""
    address = context["variant_url"]
    return ", ".join(f"{address(one.key)} {one.width}w" for one in photo.variants_in(format_))


def ratio_class(photo: Photo) -> str:
    """Return the class that lays it out."""
    return assets.ratio_class(photo.width, photo.height)


def mat_class(photo: Photo) -> str:
    """Return the class of what lies behind a transparent picture, so that it is seen: or nothing.

    A thumbhash begins with the average lightness in six bits and has its 24th bit set where there is
    transparency.
    """
    if len(photo.thumbhash) < 3 or not photo.thumbhash[2] & 0x80:
        return ""
    return "mat-light" if photo.thumbhash[0] & 63 < 36 else "mat-dark"


def shown_width(photo: Photo, *, lazy: bool = False) -> str:
    """Return how wide it stands in the gallery, for `sizes`; of lazy pictures browsers know it."""
    estimate = assets.shown_width(photo.width, photo.height)
    return (
        f"auto, {estimate}"
        if lazy and not assets.is_cropped(photo.width, photo.height)
        else estimate
    )


def base64_text(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode()


def iso_seconds(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_exact(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601 and RFC 3339, to the millisecond."""
    return moment.isoformat(timespec="milliseconds")


def xml(text: str) -> str:
    """Return a text without the characters that XML cannot hold (XML 1.0, 2.2), escaped or not."""
    return _NOT_IN_XML.sub("", text)


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


FILTERS: dict[str, Callable[..., Any]] = {
    filter_.__name__: filter_
    for filter_ in (
        album_path, page_path, place_path, image_path, download_path, original_path, in_megabytes, alt, url,
        srcset, ratio_class, mat_class, shown_width, iso_exact, xml, browser_words,
    )
} | {"base64": base64_text, "iso": iso_seconds}  # fmt: skip


def embed_codes(photo: Photo, name: str, origin: str, image: str = "") -> dict[str, str]:
    """Return what a person may paste elsewhere: URL, Markdown, HTML and BBCode.

    `name` stands for the photo, `origin` is the gallery's own address, and `image` leads to the
    picture where its usual path does not. Source of Markdown's escapes: CommonMark 0.31, 2.4.
    """
    page, image = origin + page_path(photo), image or origin + image_path(photo)
    largest = photo.largest
    escaped = "".join(f"\\{c}" if c in r"\`*_{}[]()<>#!|&~" else c for c in name)
    size = f'width="{largest.width}" height="{largest.height}"'
    picture = f'<img src="{html.escape(image)}" alt="{html.escape(name)}" {size}>'
    return {
        "url": page,
        "markdown": f"[![{escaped}]({image})]({page})",
        "html": f'<a href="{html.escape(page)}">{picture}</a>',
        "bbcode": f"[url={page}][img]{image}[/img][/url]",
    }
