"""Real photographs to measure on, from Debian's packages; none is in this repository.

Each is scaled to the widths of a sweep and encoded as phones and cameras do. The packages are
downloaded by apt, and not installed: they are pictures.
"""

import io
import subprocess
from pathlib import Path
from typing import Any

from PIL import Image

PACKAGES = ("lomiri-wallpapers-20.04", "mate-backgrounds")
NAMES = (
    "Infinite-Sea_by_Aury88.jpg", "Kleiber_by_Lukas_Baubkus.jpg", "mate/nature/TwoWings.jpg",
    "mate/nature/Wood.jpg", "mate/nature/RainDrops.jpg", "mate/nature/Dune.jpg",
    "mate/nature/Blinds.jpg", "mate/abstract/Elephants_5640x3172.jpg",
)  # fmt: skip


def photographs(folder: Path) -> list[Path]:
    """Return where the photographs are, downloaded first if they are not there yet."""
    found = [folder / "usr/share/backgrounds" / name for name in NAMES]
    if not all(path.exists() for path in found):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, check=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return found


def reaching(chosen: list[Path], side: int) -> list[Path]:
    """Return the photographs that need not be enlarged to more than 1.5 times their size.

    Beyond that a photograph has no detail left to lose.
    """
    found = []
    for path in chosen:
        with Image.open(path) as image:
            if max(image.size) * 1.5 >= side:
                found.append(path)
    return found


def encoded(photograph: Path, side: int, format_: str, folder: Path) -> Path:
    """Return a file of the photograph with a long side of `side` pixels, made first if it is new.

    JPEGs are 4:2:0, of quality 85, 90 or 95 and baseline or progressive in turn.
    """
    path = folder / f"{photograph.stem}-{side}.{format_}"
    if path.exists():
        return path
    with Image.open(photograph) as image:
        ratio = side / max(image.size)
        fit = (round(image.width * ratio), round(image.height * ratio))
        scaled = image.convert("RGB").resize(fit, Image.Resampling.LANCZOS)
    turn = side // 100
    options: dict[str, dict[str, Any]] = {
        "jpeg": {"quality": (85, 90, 95)[turn % 3], "subsampling": "4:2:0", "progressive": turn % 2 == 1},
        "png": {"compress_level": 1},
        "webp": {"quality": 85, "method": 2},
        "avif": {"quality": 80, "speed": 9},
        "heic": {"quality": 85},
    }  # fmt: skip
    buffer = io.BytesIO()
    scaled.save(buffer, "HEIF" if format_ == "heic" else format_.upper(), **options[format_])
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return path
