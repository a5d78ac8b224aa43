"""Signals as pixels: waveforms, spectrograms, and the colours they are painted in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stembridge.report.envelopes import Trace

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

PAGE: Colour = (20, 22, 27)
PANEL: Colour = (11, 12, 16)
ALARM: Colour = (255, 72, 72)
DEPTH_DB = 80
"""Span of the colour scale."""

_HEAT: tuple[tuple[float, Colour], ...] = (
    (0.00, PANEL),
    (0.22, (34, 30, 84)),
    (0.44, (112, 40, 128)),
    (0.64, (206, 66, 92)),
    (0.82, (248, 150, 62)),
    (1.00, (255, 246, 196)),
)
_LEAST_CONTRAST = 4.5


@lru_cache(maxsize=1)
def palette() -> Pixels:
    """Give the colours from quiet to loud, ever lighter; shape (256, 3)."""
    at = np.linspace(0.0, 1.0, 256)
    places = [place for place, _ in _HEAT]
    channels = [np.interp(at, places, [colour[index] for _, colour in _HEAT]) for index in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def legible(text: str) -> Colour:
    """Read ``#rrggbb``, made lighter until it stands out from the page (WCAG 2 contrast of 4.5)."""
    rgb = np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)], np.float64)
    for _ in range(20):
        if (_luminance(rgb) + 0.05) / (_luminance(np.array(PAGE, np.float64)) + 0.05) >= _LEAST_CONTRAST:
            break
        rgb += 0.1 * (255 - rgb)
    red, green, blue = (round(float(part)) for part in rgb)
    return red, green, blue


def top_of(trace: Trace) -> int:
    """Choose the loud end of the colour scale in dB, a multiple of 5 from -40 to 10."""
    loudest = float(trace.power.max())
    if loudest <= 0:
        return 0
    return int(np.clip(5 * np.ceil(10 * np.log10(loudest) / 5), -40, 10))


def spectrogram(trace: Trace, top_db: float) -> Pixels:
    """Paint the band powers; shape (bands, columns, 3), highest band first."""
    decibels = 10 * np.log10(np.maximum(trace.power[::-1], 1e-20))
    places = np.clip((decibels - top_db + DEPTH_DB) * (255 / DEPTH_DB), 0, 255)
    colours: Pixels = palette()[places.round().astype(np.uint8)]
    return colours


def waveform(trace: Trace, colour: Colour, height: int, scale: float) -> Pixels:
    """Paint an envelope; shape (height, columns, 3).

    The span from the lowest to the highest sample is dim, plus and minus the RMS is bright, and what
    lies beyond full scale is red.

    Parameters
    ----------
    scale
        Sample value at the upper edge, linear.
    """
    middle = height / 2
    per_unit = (height - 2) / 2 / scale
    outer = _covered(middle - trace.high * per_unit, middle - trace.low * per_unit, height)
    inner = _covered(middle - trace.rms * per_unit, middle + trace.rms * per_unit, height)
    outer, inner = outer[..., None], inner[..., None]
    ink, ground = np.array(colour, np.float32), np.array(PANEL, np.float32)
    dim = ground + 0.45 * (ink - ground)
    picture = ground + outer * (dim - ground)
    picture += inner * (ink - picture)
    rows = np.arange(height) + 0.5
    over = (np.abs(middle - rows) > per_unit)[:, None, None] & (outer > 0)
    return np.where(over, np.array(ALARM, np.float32), picture).round().astype(np.uint8)


def _covered(upper: NDArray[np.float32], lower: NDArray[np.float32], height: int) -> NDArray[np.float32]:
    """Tell how much of each pixel a span covers, at least one pixel high; shape (height, columns)."""
    missing = np.maximum(0.0, 1.0 - (lower - upper)) / 2
    upper, lower = upper - missing, lower + missing
    rows = np.arange(height, dtype=np.float32)[:, None]
    covered = np.clip(np.minimum(lower, rows + 1) - np.maximum(upper, rows), 0.0, 1.0)
    return np.asarray(covered, np.float32)


def _luminance(rgb: NDArray[np.float64]) -> float:
    parts = rgb / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array((0.2126, 0.7152, 0.0722)))
