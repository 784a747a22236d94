"""GIF: its blocks, LZW by Pillow, and the frames painted one over another as GIF89a says.

Source: GIF89a specification; the loop count is Netscape's application extension.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from services.core.reasons import Reason
from services.core.rejected import Rejected
from services.imaging.codecs.pixels import extent, to_raster
from services.imaging.codecs.strict import data_errors
from services.imaging.picture import Frame, Header

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_RESTORE_BACKGROUND = 2
_RESTORE_PREVIOUS = (3, 4)  # early encoders took the bit for the number


@dataclass(frozen=True, slots=True)
class _Layer:
    """One image block with the graphic control that precedes it."""

    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    palette: bytes  # RGB triples
    code_bits: int
    data: bytes  # sub-blocks with their length bytes
    centiseconds: int = 0
    disposal: int = 0
    transparent: int | None = None


@dataclass(frozen=True, slots=True)
class _File:
    width: int
    height: int
    loops: int
    layers: tuple[_Layer, ...]


class _Reader:
    """A position in the data; whatever would reach past the end is Rejected(TRUNCATED)."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise Rejected(Reason.TRUNCATED, f"ends at byte {len(self.data)}")
        self.at += count
        return part

    def palette(self, flags: int) -> bytes:
        return self.take(3 << (flags & 7) + 1) if flags & 0x80 else b""

    def blocks(self) -> bytes:
        # The sub-blocks with their length bytes, without the terminator.
        start = self.at
        while length := self.take(1)[0]:
            self.take(length)
        return self.data[start : self.at - 1]


def _parse(data: bytes) -> _File:
    reader = _Reader(data)
    reader.take(6)
    width, height, flags, _, _ = struct.unpack("<HHBBB", reader.take(7))
    palette, loops, control = reader.palette(flags), 1, b""
    layers: list[_Layer] = []
    while reader.at < len(data):
        kind = reader.take(1)[0]
        if kind == _TRAILER:
            break
        if kind == _EXTENSION:
            label, body = reader.take(1)[0], reader.blocks()
            if label == _GRAPHIC_CONTROL and len(body) >= 5:
                control = body[1:5]
            elif label == _APPLICATION and body[1:12] in (b"NETSCAPE2.0", b"ANIMEXTS1.0"):
                loops = _loops(body[12:])
        elif kind == _IMAGE:
            layers.append(_layer(reader, palette, control))
            control = b""
        elif layers:
            break  # bytes after the pictures are ignored
        else:
            raise Rejected(Reason.CORRUPT, f"block of kind {kind:#x}")
    # What controls a frame that never comes is no harm.
    if not layers:
        raise Rejected(Reason.TRUNCATED, "ends before a frame's data")
    # Browsers make room for a first frame that reaches past the screen it stands on.
    first = layers[0]
    width = max(width, first.left + first.width)
    height = max(height, first.top + first.height)
    return _File(width, height, loops, tuple(layers))


def _loops(body: bytes) -> int:
    if len(body) < 4 or body[1] != 1:
        return 1
    (again,) = struct.unpack_from("<H", body, 2)
    # It counts the repetitions, WebP the showings, which has no number for one more than this.
    return min(again + 1, 0xFFFF) if again else 0


def _layer(reader: _Reader, palette: bytes, control: bytes) -> _Layer:
    left, top, width, height, flags = struct.unpack("<HHHHB", reader.take(9))
    palette = reader.palette(flags) or palette
    code_bits = reader.take(1)[0]
    data = reader.blocks()
    if not width or not height or not data or not 1 <= code_bits <= 8:
        raise Rejected(Reason.CORRUPT, f"frame of {width} × {height}, {code_bits} bits")
    layer = (left, top, width, height, bool(flags & 0x40), palette, code_bits, data)
    if not control:
        return _Layer(*layer)
    options, delay, transparent = struct.unpack("<BHB", control)
    return _Layer(*layer, delay, options >> 2 & 7, transparent if options & 1 else None)


def read_header(data: bytes) -> Header:
    """Return canvas, frames and loops; raises Rejected for a file that ends within a block."""
    file = _parse(data)
    return Header(
        "gif", file.width, file.height, frames=len(file.layers), loops=file.loops,
        total_frame_pixels=sum(layer.width * layer.height for layer in file.layers),
    )  # fmt: skip


def decode(data: bytes, header: Header, need: tuple[int, int]) -> Iterator[Frame]:
    """Yield the frames as a person sees them, each painted over what the last one left."""
    file = _parse(data)
    # A canvas that is covered is RGB: a quarter less to shrink, and no alpha to look through.
    canvas = Image.new("RGBA", (header.width, header.height))
    for layer in file.layers:
        before = canvas.copy() if layer.disposal in _RESTORE_PREVIOUS else canvas
        box = (layer.left, layer.top)
        image, mask = _paint(layer)
        if mask is None and box == (0, 0) and image.size == canvas.size:
            canvas = image
        else:
            canvas.paste(image, box, mask)
        yield Frame(to_raster(canvas, need), _milliseconds(layer), extent(canvas.size, need))
        if layer.disposal in _RESTORE_PREVIOUS:
            canvas = before
        elif layer.disposal == _RESTORE_BACKGROUND:
            # Transparent, as every browser has it, not the background colour.
            canvas = canvas.convert("RGBA")
            canvas.paste((0, 0, 0, 0), (*box, layer.left + layer.width, layer.top + layer.height))


def _paint(layer: _Layer) -> tuple[Image.Image, Image.Image | None]:
    size = layer.width, layer.height
    with data_errors():
        indices = Image.frombytes(
            "L", size, layer.data, "gif", layer.code_bits, int(layer.interlaced), -1
        )
    mask = None
    if layer.transparent is not None:
        mask = indices.point([0 if i == layer.transparent else 255 for i in range(256)])
    # A palette may be missing or too short: what it does not have is black.
    painted = Image.frombytes("P", size, indices.tobytes())
    painted.putpalette(layer.palette.ljust(768, b"\0"))
    return painted.convert("RGB"), mask


def _milliseconds(layer: _Layer) -> int:
    # Browsers show what is too fast to be meant at ten frames a second.
    return layer.centiseconds * 10 if layer.centiseconds > 1 else 100
