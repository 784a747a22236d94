"""Files whose location is taken out: it is gone by other readers, and the picture is as it was."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from services.imaging.location import StillLocatedError, without_location
from tests import pictures

SECONDS = struct.pack(">II", 2960, 100)  # of 48° 51' 29.6", as the GPS directory has it
XMP = b"""<?xpacket begin="\xef\xbb\xbf"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF \
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:%s/></rdf:RDF>\
</x:xmpmeta>"""
PLACED = XMP % b'exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.493N"'
PLAIN = XMP % b'dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"'
FORMATS = ("jpeg", "png", "webp", "avif", "heic")


def block(order: str = ">") -> bytes:
    """Return an EXIF block with orientation, camera, moment, maker's note and place."""
    exif = Image.Exif()
    exif.endian = order
    exif[0x0112] = 1
    exif[0x010F] = "A camera of some make"
    exif.get_ifd(0x8769).update({0x9003: "2026:05:01 10:00:00", 0x927C: b"near 48.8582 north"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    return exif.tobytes()


def located(format_: str, *, xmp: bytes = PLACED, order: str = ">") -> bytes:
    """Return a picture in a format with all that `block` has, and XMP."""
    import pillow_heif

    image = pictures.photo(120, 80)
    options: dict[str, Any] = {"exif": block(order), "xmp": xmp}
    buffer = io.BytesIO()
    if format_ == "heic":
        pillow_heif.from_pillow(image).save(buffer, quality=90, **options)
        return buffer.getvalue()
    if format_ == "png":
        options["pnginfo"] = text = pictures_text(options.pop("xmp"))
        assert text
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def pictures_text(xmp: bytes) -> Any:
    """Return PNG's text chunks: XMP as Adobe wants it, a profile as ImageMagick writes it."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    info.add_text("Raw profile type APP1", "exif 48.8582")
    info.add_text("Title", "A tower")
    return info


def opened(data: bytes) -> Image.Image:
    """Return a file as Pillow reads it."""
    import pillow_heif

    if data[4:12] == b"ftypheic":
        return pillow_heif.open_heif(data).to_pillow()
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_is_gone_and_the_rest_is_there(format_: str, order: str) -> None:
    """GPS, maker's note and XMP; camera, moment and every pixel stay."""
    before = located(format_, order=order)
    assert opened(before).getexif().get_ifd(0x8825)
    assert b"exif:GPSLatitude" in before
    after = without_location(before, format_)
    image, exif = opened(after), opened(after).getexif()
    assert dict(exif.get_ifd(0x8825)) == {}
    assert exif[0x010F] == "A camera of some make"
    assert exif.get_ifd(0x8769)[0x9003] == "2026:05:01 10:00:00"
    assert 0x927C not in exif.get_ifd(0x8769)
    assert image.tobytes() == opened(before).tobytes()
    for said in (SECONDS, SECONDS[3::-1] + SECONDS[:3:-1], b"48.8582", b"GPSLatitude"):
        assert said not in after
    assert without_location(after, format_) == after


@pytest.mark.parametrize("format_", ["jpeg", "avif", "heic"])
def test_containers_with_offsets_stay_as_long_as_they_are(format_: str) -> None:
    """Nothing moves, so that every offset in them still holds."""
    before = located(format_)
    assert len(without_location(before, format_)) == len(before)


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif", "heic"])
def test_xmp_without_a_place_stays(format_: str) -> None:
    """It may have captions and ratings."""
    assert PLAIN in without_location(located(format_, xmp=PLAIN), format_)


def test_a_text_of_a_png_stays_unless_it_may_name_a_place() -> None:
    """Title and harmless XMP stay; packed profiles go."""
    after = opened(without_location(located("png", xmp=PLAIN), "png"))
    assert isinstance(after, Image.Image)
    assert after.info["Title"] == "A tower"
    assert "XML:com.adobe.xmp" in after.info
    assert "Raw profile type APP1" not in after.info


def test_every_checksum_of_a_png_holds() -> None:
    """Chunk by chunk."""
    data, at = without_location(located("png"), "png"), 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 4 : at + 8 + length]
        assert data[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(body)), kind
        at += 12 + length


def segment(marker: int, payload: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segment(marker: int, payload: bytes) -> bytes:
    """Return a JPEG with a segment more."""
    whole = pictures.jpeg(80, 60)
    return whole[:2] + segment(marker, payload) + whole[2:]


@pytest.mark.parametrize(
    ("marker", "payload"),
    [
        (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x5a\0\x05Paris"),
        (0xE6, b"GoPro\0GPS5 Paris"),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + b"Paris"),
        (0xFE, b"Location: Paris"),
    ],
)
def test_other_segments_of_a_jpeg_are_blanked(marker: int, payload: bytes) -> None:
    """IPTC, makers' own, XMP's extension and comments may all name the place."""
    before = with_segment(marker, payload)
    after = without_location(before, "jpeg")
    assert b"Paris" in before
    assert b"Paris" not in after
    assert opened(after).tobytes() == opened(before).tobytes()


def test_a_colour_profile_stays() -> None:
    """It is how the picture looks."""
    before = pictures.jpeg(80, 60, icc=pictures.display_p3(), gps=True)
    after = without_location(before, "jpeg")
    assert opened(after).info["icc_profile"] == pictures.display_p3()
    assert dict(opened(after).getexif().get_ifd(0x8825)) == {}


def test_the_second_picture_of_a_file_loses_its_place_too() -> None:
    """As previews and gain maps have it, behind the first and after some padding."""
    before = pictures.jpeg(80, 60) + b"\0" * 64 + pictures.jpeg(40, 30, gps=True)
    after = without_location(before, "jpeg")
    assert len(after) == len(before)
    assert b"\x88\x25" in before
    assert b"\x88\x25" not in after[-len(pictures.jpeg(40, 30, gps=True)) :][:200]
    second = after[len(pictures.jpeg(80, 60)) + 64 :]
    assert dict(opened(second).getexif().get_ifd(0x8825)) == {}


def test_what_no_directory_leads_to_is_zero() -> None:
    """An editor may have left an older directory of GPS within the block."""
    exif = pictures.exif(description="a tower") + b"48.8582 north"
    after = without_location(pictures.jpeg(80, 60, exif_block=exif), "jpeg")
    assert b"48.8582" not in after
    assert opened(after).getexif()[0x010E] == "a tower"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (0x010E, "48.8582, 2.2945"),
        (0x9C9C, "48\xb051'29\" N".encode("utf-16-le")),
        (0x9C9C, "Address: 5 av. Anatole France".encode("utf-16-le")),
        (0x9286, b'ASCII\0\0\0{"latitude": 48}'),
        (0x8482, (0.0, 0.0, 0.0, 2.2945, 48.8582, 0.0)),  # GeoTIFF's tie points
        (0x9999, "what a maker of phones writes"),
    ],
)
def test_a_tag_that_may_name_the_place_goes(tag: int, value: Any) -> None:
    """A description or comment that does, and any tag but the standards'; the other ones stay."""
    exif = Image.Exif()
    exif[0x010F], exif[tag] = "A camera of some make", value
    exif[0x9C9F] = "A tower at noon, f/5.6".encode("utf-16-le")
    before = pictures.jpeg(80, 60, exif_block=exif.tobytes())
    after = without_location(before, "jpeg")
    assert opened(before).getexif()[tag]
    assert dict(opened(after).getexif()) == {0x010F: exif[0x010F], 0x9C9F: exif[0x9C9F]}


def test_comments_stay_where_they_name_no_place() -> None:
    """In a GIF, block by block, and in a JPEG; the picture and its length stay."""

    def commented(said: bytes) -> bytes:
        extension = b"!\xfe" + bytes([len(said)]) + said + b"\0"
        whole = pictures.gif(40, 30, frames=2)
        return whole[:-1] + extension + b"!\xfe\x04noon\0;"

    before = commented(b"latitude 48")
    assert without_location(before, "gif") == before.replace(b"latitude 48", b" " * 11)
    for plain in (commented(b"a tower"), with_segment(0xFE, b"quality = 90, v1.0")):
        assert without_location(plain, "gif" if plain[:1] == b"G" else "jpeg") == plain


def film() -> bytes:
    """Return what a motion photo has behind its picture."""
    return struct.pack(">I4s", 16, b"ftyp") + b"mp42\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "format_", "why"),
    [
        (pictures.jpeg(80, 60) + film(), "jpeg", "behind the picture"),
        (with_segment(0xE1, b"Exif\0\0" + b"?" * 40), "jpeg", "without a byte order"),
        (with_segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"), "jpeg", "unexpected form"),
        (
            with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"hdrgm:Version City"),
            "jpeg",
            "gain map",
        ),
        (pictures.gif(40, 30)[:-1] + b"!\xff\x0bXMP DataXMP;", "gif", "XMP"),
        (pictures.heic(80, 60) + struct.pack(">I4s", 8, b"mpvd"), "heic", "mpvd"),
        (pictures.heic(80, 60)[:200], "heic", "unexpected form"),
        (located("heic").replace(b"mime", b"uri ", 1), "heic", "item b'uri '"),
    ],
)
def test_what_might_still_say_it_is_refused(data: bytes, format_: str, why: str) -> None:
    """With what stands in the way; such an original is not kept."""
    with pytest.raises(StillLocatedError, match=why):
        without_location(data, format_)


def test_exif_that_would_grow_without_bound_is_refused() -> None:
    """Entries that all name the same bytes."""
    entry = struct.pack(">HHII", 0x010E, 2, 30000, 8)
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", 3000) + entry * 3000
    with pytest.raises(StillLocatedError, match="overlap"):
        without_location(with_segment(0xE1, exif), "jpeg")
