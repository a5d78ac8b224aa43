"""How well two waves agree: null depth in dBFS, and the offset between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from tests.witness.playing import Wave

SILENCE = -400.0


@dataclass(frozen=True)
class Null:
    """What is left of one wave minus another.

    Attributes
    ----------
    peak, rms
        Of the difference, in dBFS.
    level
        RMS of the first wave, in dBFS.
    offset
        Samples by which the second wave comes later than the first; None for silence.
    """

    peak: float
    rms: float
    level: float
    offset: int | None


def decibels(value: float) -> float:
    """Give an amplitude in dBFS."""
    return max(20 * float(np.log10(value)), SILENCE) if value > 0 else SILENCE


def compare(first: Wave, second: Wave) -> Null:
    """Hold two waves of one shape (frames, channels) against each other."""
    if first.shape != second.shape:
        raise ValueError(f"shapes {first.shape} and {second.shape}")
    rest = first - second
    return Null(
        peak=decibels(float(np.abs(rest).max(initial=0.0))),
        rms=decibels(float(np.sqrt(np.mean(rest**2))) if rest.size else 0.0),
        level=decibels(float(np.sqrt(np.mean(first**2))) if first.size else 0.0),
        offset=_offset(first, second),
    )


def _offset(first: Wave, second: Wave) -> int | None:
    if not first.any() or not second.any():
        return None
    matches = sum(fftconvolve(second[:, channel], first[::-1, channel]) for channel in range(first.shape[1]))
    return int(np.argmax(matches)) - (len(first) - 1)
