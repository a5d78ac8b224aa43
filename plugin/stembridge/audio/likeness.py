"""Likeness: how much the takes of one stem agree, in numbers.

Everything is summed in float64 over one pass. Differences are formed sample by sample, not from inner
products, so that two takes that agree to the last bit differ by exactly nothing.

Band levels are Welch's estimate (IEEE Trans. Audio Electroacoust. 15, 1967): Hann windows that overlap by
half, their powers averaged, in bands of a third of an octave as IEC 61260-1 has them (base ten).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.nulltest import Meter
from stembridge.audio.takes import Shape, Take, side_by_side

Values = NDArray[np.float64]

_LOWEST, _HIGHEST = -15, 13
"""Bands by their number: 31.5 Hz to 20 kHz."""
_WINDOW_SECONDS = 0.186
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Pair:
    """Two takes, by their places.

    Attributes
    ----------
    correlation
        Normalised inner product at lag 0 over all samples and channels, -1 to 1; None when one of the two
        is digital silence.
    difference
        RMS of the one minus the other, linear.
    """

    one: int
    other: int
    correlation: float | None
    difference: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was measured; everything linear, 1.0 = full scale.

    Attributes
    ----------
    peaks, rms
        A value a take.
    pairs
        Every pair, the first takes first.
    hertz
        Shape (bands,): exact middle of each band; only bands that lie below half the sample rate.
    bands
        Shape (takes, bands): RMS of what lies in the band.
    """

    peaks: tuple[float, ...]
    rms: tuple[float, ...]
    pairs: tuple[Pair, ...]
    hertz: Values
    bands: Values


def measure(takes: Sequence[Take], shape: Shape, tick: Callable[[int], None]) -> Likeness:
    """Hold the takes of one stem against each other. Memory doesn't grow with length.

    Parameters
    ----------
    tick
        Called with the frames of every block, once for all takes; may raise to end the work.

    Raises
    ------
    TransferError
        When a take can't be read or isn't what was written.
    """
    count = len(takes)
    meters = [Meter() for _ in takes]
    spectra = [Spectrum(shape) for _ in takes]
    places = [(one, other) for one in range(count) for other in range(one + 1, count)]
    gaps = {place: Meter() for place in places}
    inner = np.zeros((count, count))
    for blocks in side_by_side(takes, shape):
        wide = [block.astype(np.float64) for block in blocks]
        for index, block in enumerate(blocks):
            meters[index].add(wide[index])
            spectra[index].add(block)
            inner[index, index] += _product(wide[index], wide[index])
        for one, other in places:
            gaps[one, other].add(wide[one] - wide[other])
            inner[one, other] += _product(wide[one], wide[other])
        tick(len(blocks[0]))
    pairs = tuple(Pair(*place, _correlation(inner, *place), gaps[place].rms) for place in places)
    return Likeness(
        tuple(meter.peak for meter in meters),
        tuple(meter.rms for meter in meters),
        pairs,
        spectra[0].hertz,
        np.stack([spectrum.finish() for spectrum in spectra]),
    )


def _product(one: Values, other: Values) -> float:
    return float(np.einsum("ij,ij->", one, other))


def _correlation(inner: Values, one: int, other: int) -> float | None:
    energy = inner[one, one] * inner[other, other]
    if energy <= 0.0:
        return None
    return float(np.clip(inner[one, other] / math.sqrt(energy), -1.0, 1.0))


class Spectrum:
    """Levels in bands of a third of an octave, of a stream of blocks."""

    def __init__(self, shape: Shape) -> None:
        numbers = np.arange(_LOWEST, _HIGHEST + 1)
        middles = 1000.0 * 10.0 ** (numbers / 10.0)
        half = 10.0**0.05
        self.hertz: Values = middles[middles * half <= shape.rate / 2]
        self._size = 1 << max(8, round(math.log2(shape.rate * _WINDOW_SECONDS)))
        ends = np.stack([self.hertz / half, self.hertz * half]) * (self._size / shape.rate) + 0.5
        self._ends = np.clip(ends, 0, self._size // 2 + 1)
        self._window = np.hanning(self._size + 1)[:-1].astype(np.float32)
        self._power = np.zeros(self._size // 2 + 1)
        # Half a window of zeros on either side: every sample counts in two windows.
        self._kept = np.zeros((self._size // 2, shape.channels), np.float32)
        self._samples = shape.frames * shape.channels

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in a block of shape (frames, channels)."""
        from scipy import fft

        stream = np.concatenate((self._kept, block))
        hop = self._size // 2
        count = max(0, (len(stream) - self._size) // hop + 1)
        for first in range(0, count, _BATCH):
            starts = range(first * hop, min(first + _BATCH, count) * hop, hop)
            windows = np.stack([stream[at : at + self._size].T for at in starts]) * self._window
            found = np.abs(fft.rfft(windows)).astype(np.float64)
            self._power += np.einsum("wcb,wcb->b", found, found)
        self._kept = stream[count * hop :].copy()

    def finish(self) -> Values:
        """Say that the signal ends here; give the RMS in each band, shape (bands,)."""
        self.add(np.zeros((self._size, self._kept.shape[1]), np.float32))
        power = self._power.copy()
        power[1:-1] *= 2
        running = np.concatenate(([0.0], np.cumsum(power)))
        lower, upper = (np.interp(ends, np.arange(len(running)), running) for ends in self._ends)
        # By Parseval; the squares of Hann windows that overlap by half add up to 3/4 on average.
        levels: Values = np.sqrt(np.maximum(upper - lower, 0.0) / (self._size * 0.75 * self._samples))
        return levels
