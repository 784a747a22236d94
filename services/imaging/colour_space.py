"""Colour that a file states without an ICC profile: primaries and transfer, and their way to sRGB.

Sources: ITU-T H.273 (the numbers of `cicp`), PNG third edition (gAMA, cHRM, cICP), ITU-R BT.2100
(PQ and HLG), SMPTE ST 2094-50 (the tone curve, by which Chromium shows high dynamic range where
there is none: darker up to the white of 203 cd/m², by half from 1,000 on, then bent up to the peak).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log2, sqrt

Matrix = tuple[tuple[float, ...], ...]
Light = tuple[float, float, float]  # of red, green and blue
Chromaticities = tuple[float, ...]  # x and y of red, green, blue and white

_MOST = 100  # in a matrix between primaries that exist there is nothing beyond 4
_D65 = (0.3127, 0.329)
_C = (0.31, 0.316)
_BT709: Chromaticities = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, *_D65)
_SMPTE170M: Chromaticities = (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65)
_PRIMARIES: dict[int, Chromaticities] = {
    1: _BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.6, 0.15, 0.06, *_D65),
    6: _SMPTE170M,
    7: _SMPTE170M,
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, *_D65),
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65),
    22: (0.63, 0.34, 0.295, 0.605, 0.155, 0.077, *_D65),
}

_WHITE, PEAK = 203.0, 1000.0  # cd/m²
_HEADROOM = PEAK / _WHITE
_BRIGHTEST = 10_000.0  # that PQ can say
PQ, HLG = 16, 18


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """Primaries, and H.273's number of a transfer function or a plain exponent."""

    primaries: Chromaticities
    transfer: int | float  # a float is the exponent by which samples become light
    peak: float = PEAK  # cd/m² of the brightest, where it is of high dynamic range

    @property
    def is_hdr(self) -> bool:
        """Whether it is brighter than the white of a page."""
        return self.transfer in (PQ, HLG)

    @property
    def is_srgb(self) -> bool:
        """Whether there is nothing to convert."""
        return self.primaries == _BT709 and self.transfer == 13

    def linear(self) -> Callable[[float], float]:
        """Return the function from samples to light, both 0 to 1, or in whites for PQ and HLG."""
        if isinstance(self.transfer, float):
            exponent = self.transfer
            return lambda sample: sample**exponent
        return _TRANSFERS.get(self.transfer, srgb_to_linear)


SRGB = ColourSpace(_BT709, 13)


def from_cicp(primaries: int, transfer: int, *brightest: float) -> ColourSpace:
    """Return the colour space of H.273's numbers; what they leave open, or nobody uses, is sRGB's.

    `brightest` are cd/m² of the content and of the display that it was made on, the first that is
    known counts, 0 is unknown.
    """
    curve = transfer if transfer in _TRANSFERS else 13
    peak = next((min(one, _BRIGHTEST) for one in brightest if one and curve in (PQ, HLG)), PEAK)
    return ColourSpace(_PRIMARIES.get(primaries, _BT709), curve, peak)


def from_gamma(gamma: float, chromaticities: Chromaticities | None) -> ColourSpace:
    """Return the colour space of PNG's gAMA and cHRM (which has white first there, last here).

    It is sRGB where its primaries span no colours.
    """
    if chromaticities and not _is_sound(chromaticities):
        return SRGB
    return ColourSpace(chromaticities or _BT709, 1.0 / gamma)


def _is_sound(chromaticities: Chromaticities) -> bool:
    """Tell whether there is light of all colours, and of white in each of the primaries."""
    try:
        matrix = to_srgb_primaries(chromaticities)
    except ZeroDivisionError:
        return False
    return all(abs(one) < _MOST for row in matrix for one in row)


def srgb_to_linear(sample: float) -> float:
    """Return light for a sample of sRGB."""
    return sample / 12.92 if sample <= 0.04045 else float(((sample + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: float) -> float:
    """Return the sample of sRGB for light; its mirror image for less than none."""
    if light < 0:
        return -linear_to_srgb(-light)
    return 12.92 * light if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


def show(space: ColourSpace) -> Callable[[Light], Light]:
    """Return the function from light in a colour space to light in sRGB, which may lie beyond it."""
    if not space.is_hdr:
        matrix = to_srgb_primaries(space.primaries)
        return lambda light: _through(matrix, light)
    # Both the curve of HLG's displays and the tone curve work on BT.2020's primaries.
    back = to_srgb_primaries(_PRIMARIES[9])
    there = _times(_inverse(back), to_srgb_primaries(space.primaries))

    def toned(light: Light) -> Light:
        wide = _through(there, light)
        if space.transfer == HLG:
            luma = 0.2627 * wide[0] + 0.678 * wide[1] + 0.0593 * wide[2]
            wide = _scaled(wide, _HEADROOM * max(luma, 0) ** 0.2)
        return _through(back, _scaled(wide, tone_gain(max(wide), space.peak)))

    return toned


def _through(matrix: Matrix, light: Light) -> Light:
    red, green, blue = light
    a, b, c = (row[0] * red + row[1] * green + row[2] * blue for row in matrix)
    return a, b, c


def _scaled(light: Light, factor: float) -> Light:
    return light[0] * factor, light[1] * factor, light[2] * factor


def tone_gain(brightest: float, peak: float = PEAK) -> float:
    """Return by what to multiply a pixel whose brightest component is so many whites."""
    headroom = peak / _WHITE
    if headroom <= 1:
        return 1.0
    white = 1 - 0.5 * min(log2(headroom) / log2(_HEADROOM), 1)
    if brightest <= 1:
        return white
    if brightest >= headroom:
        return 1 / brightest
    # A quadratic Bézier curve from (1, white) over a point on the same slope to (headroom, 1).
    middle = 0.35 * 1 + 0.65 / white
    a, b, c = 1 - 2 * middle + headroom, 2 * (middle - 1), 1 - brightest
    at = (-b + sqrt(b * b - 4 * a * c)) / (2 * a)
    bent = (1 - at) ** 2 * white + 2 * at * (1 - at) * middle * white + at * at
    return bent / brightest


def _pq(sample: float) -> float:
    power = sample ** (32 / 2523)
    light = (max(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)
    return float(light * 10_000 / _WHITE)


def _hlg(sample: float) -> float:
    if sample <= 0.5:
        return sample * sample / 3
    return (exp((sample - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _bt1886(sample: float) -> float:
    return float(sample**2.4)  # what screens make of BT.601's, BT.709's and BT.2020's curves


def _smpte240(sample: float) -> float:
    return sample / 4 if sample < 0.0912 else float(((sample + 0.1115) / 1.1115) ** (1 / 0.45))


_TRANSFERS: dict[int, Callable[[float], float]] = {
    1: _bt1886,
    4: lambda sample: sample**2.2,
    5: lambda sample: sample**2.8,
    6: _bt1886,
    7: _smpte240,
    8: lambda sample: sample,
    13: srgb_to_linear,
    14: _bt1886,
    15: _bt1886,
    PQ: _pq,
    17: lambda sample: sample**2.6 * 52.37 / 48,
    HLG: _hlg,
}


@lru_cache(8)
def to_srgb_primaries(primaries: Chromaticities) -> Matrix:
    """Return the matrix from light in `primaries` to light in sRGB's, white to white."""
    return _times(_inverse(to_pcs(_BT709)), to_pcs(primaries))


@lru_cache(8)
def to_pcs(primaries: Chromaticities) -> Matrix:
    """Return the matrix from light in `primaries` to ICC's XYZ, its white adapted to D50 (Bradford)."""
    bradford = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
    whites = (_xyz(*primaries[6:]), (0.9642, 1.0, 0.8249))
    cones = [[sum(row[i] * xyz[i] for i in range(3)) for row in bradford] for xyz in whites]
    scale = tuple(
        tuple(cones[1][i] / cones[0][i] if i == j else 0.0 for j in range(3)) for i in range(3)
    )
    adapted = _times(_inverse(bradford), _times(scale, bradford))
    return _times(adapted, _to_xyz(primaries))


def _xyz(x: float, y: float) -> tuple[float, float, float]:
    return x / y, 1.0, (1 - x - y) / y


def _to_xyz(primaries: Chromaticities) -> Matrix:
    columns = [_xyz(*primaries[at : at + 2]) for at in (0, 2, 4)]
    matrix = tuple(zip(*columns, strict=True))
    white = _xyz(*primaries[6:])
    sums = [sum(row[i] * white[i] for i in range(3)) for row in _inverse(matrix)]
    return tuple(tuple(row[i] * sums[i] for i in range(3)) for row in matrix)


def _times(first: Matrix, second: Matrix) -> Matrix:
    return tuple(
        tuple(sum(row[k] * second[k][j] for k in range(3)) for j in range(3)) for row in first
    )


def _inverse(m: Matrix) -> Matrix:
    def cofactor(i: int, j: int) -> float:
        a, b = ((i + 1) % 3, (i + 2) % 3), ((j + 1) % 3, (j + 2) % 3)
        return m[a[0]][b[0]] * m[a[1]][b[1]] - m[a[0]][b[1]] * m[a[1]][b[0]]

    determinant = sum(m[0][j] * cofactor(0, j) for j in range(3))
    return tuple(tuple(cofactor(j, i) / determinant for j in range(3)) for i in range(3))
