"""The peers that run in Python, one a process: answers a JSON line for each on standard input."""

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Work = dict[str, Any]
QUALITY = 80


def contact_sheet() -> Callable[[bytes, Work], list[bytes]]:
    """Return our engine: all of it, with checks, verification and placeholder."""
    from services.core.settings import Limits
    from services.imaging import make_variants

    # The corpus' PNGs are larger than a person may upload.
    limits = Limits(max_upload_bytes=1_000_000_000)

    def run(data: bytes, work: Work) -> list[bytes]:
        formats = ["jpeg" if name == "png" else name for name in work["formats"]]
        picture = make_variants(
            data, sizes=tuple(work["sizes"]), formats=tuple(formats), limits=limits
        )
        return [variant.data for variant in picture.variants]

    return run


def pyvips() -> Callable[[bytes, Work], list[bytes]]:
    """Return libvips' thumbnail, which is what sharp is built on, without Node."""
    import pyvips

    pyvips.cache_set_max(0)
    options = {
        "webp": {"Q": QUALITY, "effort": 4}, "jpeg": {"Q": QUALITY, "optimize_coding": True},
        "png": {"compression": 6},
    }  # fmt: skip

    def run(data: bytes, work: Work) -> list[bytes]:
        outputs = []
        for size in work["sizes"]:
            loaded = "[n=-1]" if work["animated"] else ""
            image = pyvips.Image.thumbnail_buffer(
                data, size, height=size, option_string=loaded
            ).copy_memory()
            for name in work["formats"]:
                suffix = ".jpg" if name == "jpeg" else f".{name}"
                outputs.append(image.write_to_buffer(suffix, keep="none", **options[name]))
        return outputs

    return run


def pillow() -> Callable[[bytes, Work], list[bytes]]:
    """Return Pillow's thumbnail: draft mode, reducing_gap 2, Lanczos."""
    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.register_heif_opener()
    options: dict[str, dict[str, Any]] = {
        "webp": {"quality": QUALITY, "method": 4}, "png": {},
        "jpeg": {"quality": QUALITY, "optimize": True},
    }  # fmt: skip

    def run(data: bytes, work: Work) -> list[bytes]:
        image: Image.Image = Image.open(io.BytesIO(data))
        made: list[list[bytes]] = []
        for size in reversed(work["sizes"]):
            image.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
            image = ImageOps.exif_transpose(image)
            outputs = []
            for name in work["formats"]:
                buffer = io.BytesIO()
                image.save(buffer, name.upper(), **options[name])
                outputs.append(buffer.getvalue())
            made.insert(0, outputs)
        return [output for outputs in made for output in outputs]

    return run


def tutorial() -> Callable[[bytes, Work], list[bytes]]:
    """Return the tutorial's own way: Wand, whole decode, resize, make_blob."""
    from wand.image import Image

    def run(data: bytes, work: Work) -> list[bytes]:
        outputs = []
        for size in work["sizes"]:
            with Image(blob=data) as image:
                ratio = image.width / image.height
                wide = ratio > 1
                width, height = (size, round(size / ratio)) if wide else (round(size * ratio), size)
                image.resize(width, height, filter="lanczos2", blur=1)
                image.compression_quality = QUALITY
                outputs += [image.make_blob(name) for name in work["formats"]]
        return outputs

    return run


def _peak_mib() -> float:
    # Not ru_maxrss, which counts what the parent had when it forked.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(engine: str) -> None:
    """Answer each line of standard input by the figures of one run."""
    run = {"contact-sheet": contact_sheet, "contact-sheet-here": contact_sheet, "pyvips": pyvips, "pillow": pillow, "tutorial": tutorial}[engine]()  # fmt: skip
    for line in sys.stdin:
        work = json.loads(line)
        data = Path(work["path"]).read_bytes()
        cpu, wall = time.process_time(), time.perf_counter()
        outputs = run(data, work)
        answer = {
            "cpu_ms": (time.process_time() - cpu) * 1000,
            "wall_ms": (time.perf_counter() - wall) * 1000,
            "bytes": [len(output) for output in outputs],
            "peak_mib": _peak_mib(),
        }
        if work.get("keep"):
            for index, output in enumerate(outputs):
                Path(f"{work['keep']}-{index}").write_bytes(output)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
