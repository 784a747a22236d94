"""A photo as the templates show it: sources, sizes, paths and the codes to copy."""

import html
from dataclasses import dataclass

from services.web import assets
from services.web.gallery import Photo, Variant


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo with all that its markup needs; a view of `gallery.Photo`."""

    photo: Photo
    untitled: str  # what stands for the name of a photo that has none

    @property
    def id(self) -> str:
        """The photo id."""
        return self.photo.id

    @property
    def page(self) -> str:
        """The path of the photo's own page."""
        return self.photo.page

    @property
    def alt(self) -> str:
        """The file name; text from a stranger."""
        return self.photo.name or self.untitled

    @property
    def width(self) -> int:
        """Width of the upright original, in pixels."""
        return self.photo.width

    @property
    def height(self) -> int:
        """Height of the upright original, in pixels."""
        return self.photo.height

    @property
    def animated(self) -> bool:
        """Whether it moves."""
        return self.photo.animated

    @property
    def thumbhash(self) -> str:
        """The placeholder, base64."""
        return self.photo.thumbhash

    @property
    def uploaded_at(self) -> str:
        """When the upload was begun: ISO 8601, UTC, to the second."""
        return self.photo.uploaded_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def largest(self) -> Variant:
        """The largest variant that every program reads."""
        return self.photo.largest

    @property
    def src(self) -> str:
        """What a browser without srcset loads."""
        return self.photo.fallback.url

    @property
    def webp_srcset(self) -> str:
        """The WebP variants, or nothing where WebP is all there is."""
        first = self.photo.formats[0]
        return self.photo.srcset(first) if len(self.photo.formats) > 1 else ""

    @property
    def still_srcset(self) -> str:
        """The variants in the format that every browser reads; JPEG does not move."""
        return self.photo.srcset(self.photo.formats[-1])

    @property
    def first_type(self) -> str:
        """Content type of the preferred format."""
        return self.photo.formats[0].content_type

    @property
    def ratio_class(self) -> str:
        """The class that lays it out."""
        return assets.ratio_class(self.width, self.height)

    @property
    def sizes(self) -> str:
        """How wide it stands in the gallery, for `sizes`."""
        return assets.shown_width(self.width, self.height)

    @property
    def image_path(self) -> str:
        """A path that leads to the picture for as long as the photo exists."""
        return f"/images/{self.id}.{self.largest.format.extension}"

    @property
    def download_path(self) -> str:
        """The path that saves the picture under its name."""
        return f"/downloads/{self.id}"

    def codes(self, origin: str) -> dict[str, str]:
        """Return what a person may paste elsewhere: URL, Markdown, HTML and BBCode.

        `origin` is the gallery's own address. Source of Markdown's escapes: CommonMark 0.31, 2.4.
        """
        page, image = origin + self.page, origin + self.image_path
        escaped = "".join(f"\\{c}" if c in r"\`*_{}[]()<>#!|&~" else c for c in self.alt)
        size = f'width="{self.largest.width}" height="{self.largest.height}"'
        picture = f'<img src="{html.escape(image)}" alt="{html.escape(self.alt)}" {size}>'
        return {
            "url": page,
            "markdown": f"[![{escaped}]({image})]({page})",
            "html": f'<a href="{html.escape(page)}">{picture}</a>',
            "bbcode": f"[url={page}][img]{image}[/img][/url]",
        }
