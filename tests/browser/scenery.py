"""Landscapes made by code: what a gallery of photographs looks like, with no photograph in it."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageFilter

# Sky above, sky at the horizon, far ridge, near ridge.
PALETTES = [
    ((38, 70, 120), (250, 190, 130), (120, 110, 140), (28, 34, 52)),
    ((120, 180, 220), (235, 240, 235), (130, 165, 150), (40, 78, 60)),
    ((60, 20, 60), (250, 120, 80), (150, 60, 80), (36, 14, 34)),
    ((10, 20, 48), (70, 100, 150), (40, 62, 100), (8, 14, 28)),
    ((150, 205, 235), (250, 235, 200), (220, 180, 120), (150, 96, 60)),
    ((200, 205, 210), (240, 238, 234), (150, 156, 162), (60, 66, 72)),
    ((30, 110, 130), (180, 225, 205), (70, 150, 150), (12, 60, 74)),
    ((235, 170, 180), (255, 225, 205), (190, 130, 160), (90, 60, 110)),
]
SHAPES = [(3, 2), (2, 3), (4, 3), (16, 9), (1, 1), (3, 4), (3, 2), (21, 9), (4, 5), (3, 2)]


@cache
def landscape(seed: int, long_side: int = 1800) -> bytes:
    """Return a JPEG of ridges under a sky with a sun; the same one for the same seed."""
    random = np.random.default_rng(seed)
    across, down = SHAPES[seed % len(SHAPES)]
    scale = long_side / max(across, down)
    width, height = round(across * scale), round(down * scale)
    palette = [np.array(colour, float) for colour in PALETTES[int(random.integers(len(PALETTES)))]]
    top, horizon, far, near = palette
    fall = np.linspace(0, 1, height)[:, None, None]
    picture = np.broadcast_to(top + (horizon - top) * fall**0.8, (height, width, 3)).copy()
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    sun_x, sun_y = random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.45) * height
    away = np.hypot(x - sun_x, y - sun_y) / (min(width, height) * random.uniform(0.05, 0.1))
    glow = np.clip(1.6 - away, 0, 1) + 0.5 * np.exp(-away / 3)
    picture += (np.array([255, 244, 214]) - picture) * np.clip(glow, 0, 1)[..., None]
    ridges = int(random.integers(4, 7))
    for ridge in range(ridges):
        depth = ridge / (ridges - 1)
        base = height * (0.5 + 0.42 * depth + random.uniform(-0.03, 0.03))
        line = np.full(width, base)
        for octave in range(1, 9):
            wave = random.uniform(0.6, 1.4) * 2**octave / width
            swing = height * (0.16 - 0.06 * depth) / 1.75**octave
            line -= swing * np.sin(np.arange(width) * wave * np.pi + random.uniform(0, 7))
        mist = np.clip((y - line[None, :]) / (0.35 * height), 0, 1)[..., None] * 0.35
        colour = far + (near - far) * depth
        picture = np.where(
            (y > line[None, :])[..., None], colour + (horizon - colour) * mist, picture
        )
    picture += random.normal(0, 2.5, (height, width, 1))
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    encoded = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.6)).save(encoded, "JPEG", quality=85)
    return encoded.getvalue()
