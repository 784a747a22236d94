"""How near a small picture is to the best one could make of the large one."""

import io
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()
_WINDOW = 8
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Return the mean SSIM of two pictures' luma over 8 × 8 windows (Wang et al., 2004)."""
    a, b = (np.asarray(_flat(image).convert("L"), np.float64) for image in (first, second))
    mean_a, mean_b = _means(a), _means(b)
    var_a, var_b = _means(a * a) - mean_a**2, _means(b * b) - mean_b**2
    covariance = _means(a * b) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    return float((similar / ((mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2))).mean())


def ssimulacra2(made: Image.Image, wanted: Image.Image) -> float:
    """Return SSIMULACRA 2's score of a picture against another: 90 looks the same, 70 good."""
    from ssimulacra2 import compute_ssimulacra2  # takes a third of a second

    files = io.BytesIO(), io.BytesIO()
    for image, file in zip((wanted, made), files, strict=True):
        _flat(image).save(file, "PNG", compress_level=1)
    return float(compute_ssimulacra2(*files))


def reference(path: Path, size: int) -> Image.Image:
    """Return the picture at its best fit in `size`, fully decoded and reduced by Lanczos at once."""
    image = Image.open(path)
    ratio = size / max(image.size)
    upright = ImageOps.exif_transpose(image).size
    return resampled(path, (round(upright[0] * ratio), round(upright[1] * ratio)))


def resampled(path: Path, size: tuple[int, int]) -> Image.Image:
    """Return the picture at `size`, fully decoded and resampled by Lanczos at once."""
    return _flat(ImageOps.exif_transpose(Image.open(path))).resize(size, Image.Resampling.LANCZOS)


def opened(data: bytes) -> Image.Image:
    """Return an encoded picture."""
    return Image.open(io.BytesIO(data))


def _flat(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA", "PA"):
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", image.size, (255, 255, 255))
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def _means(plane: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":  # fmt: skip
    sums = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    w = _WINDOW
    total = sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]
    means: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = total / w**2
    return means
