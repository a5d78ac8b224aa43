"""Lags: by how many frames a stem lies late, block by block, from its cross-correlation with the region.

The method is generalised cross-correlation (Knapp & Carter 1976) on Hann-windowed blocks, with the
cross spectrum divided by the square root of its magnitude. Full whitening (PHAT) drowns a
band-limited stem in the noise of its empty bands; none at all leaves broad peaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_BLOCK = 65_536
SMALLEST_BLOCK = 16_384
WINDOW = 4096
MOST_BLOCKS = 48
SHORTEST = 1024
"""A region of fewer frames is not measured."""
APART = 64
"""A second peak counts from this many frames beside the first."""

_FLOOR = 10.0 ** (-90 / 10)
_RANGE = 10.0 ** (-40 / 10)
_LOW_HZ = 200.0
_LOW_SHARE = 0.01

Reader = Callable[[int, int], NDArray[np.float32]]
"""``read(first, frames)`` gives the shape (frames, channels), zeros where there is nothing."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a region is cut into blocks: ``block`` frames each, one every ``hop``, lags up to ±``window``."""

    block: int
    hop: int
    window: int

    @classmethod
    def of(cls, frames: int) -> Grid:
        """Choose the grid for a region: at least three blocks where it is long enough for that."""
        block = LARGEST_BLOCK
        while block > SMALLEST_BLOCK and frames < 2 * block:
            block //= 2
        block = max(1, min(block, frames))
        return cls(block, max(1, block // 2), max(1, min(WINDOW, block // 4)))

    def count(self, frames: int) -> int:
        """Give the number of whole blocks in so many frames."""
        return 0 if frames < self.block else 1 + (frames - self.block) // self.hop


@dataclass(frozen=True, slots=True)
class Curve:
    """What a stem's blocks say together.

    Attributes
    ----------
    values
        Shape (2 * window + 1,): mean of the blocks' curves, each of energy 1; index ``window`` is lag 0.
    positions, lags
        Shape (blocks,): first frame and lag of every block, both in frames.
    low
        True when less than 1 % of the energy lies above 200 Hz.
    """

    values: NDArray[np.float64]
    positions: NDArray[np.int64]
    lags: NDArray[np.float64]
    low: bool

    @property
    def blocks(self) -> int:
        """How many blocks were measured."""
        return len(self.lags)

    @property
    def peak(self) -> Peak:
        """The highest peak, either way up."""
        return find_peak(self.values)

    @property
    def share(self) -> float:
        """Share of the blocks whose own lag is within ±1 frame of the peak."""
        return float(np.mean(np.abs(self.lags - self.peak.lag) <= 1.0)) if self.blocks else 0.0


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak of a curve: ``lag`` in frames with its fraction, ``sign`` ±1, ``ratio`` to the second peak."""

    lag: float
    sign: int
    ratio: float


def energetic(energies: NDArray[np.float64], grid: Grid, frames: int) -> NDArray[np.int64]:
    """Choose the blocks to measure.

    Parameters
    ----------
    energies
        Shape (hops,): mean square of every hop of the stem, full scale = 1.

    Returns
    -------
    NDArray[np.int64]
        First frames, ascending: the 48 most energetic blocks at most, none below -90 dBFS and none
        40 dB below the loudest. Empty for silence and for a region that is too short.
    """
    count = grid.count(frames)
    if frames < SHORTEST or count == 0:
        return np.zeros(0, np.int64)
    padded = np.zeros(count + 1)
    known = energies[: count + 1]
    padded[: len(known)] = known
    levels = (padded[:-1] + padded[1:]) / 2
    enough = np.flatnonzero((levels >= _FLOOR) & (levels >= _RANGE * levels.max()))
    loudest = enough[np.argsort(-levels[enough], kind="stable")][:MOST_BLOCKS]
    return np.sort(loudest).astype(np.int64) * grid.hop


def measure_curve(region: Reader, stem: Reader, positions: NDArray[np.int64], grid: Grid, rate: int) -> Curve:
    """Correlate a stem with the region at the given blocks.

    Parameters
    ----------
    region, stem
        Both at ``rate`` Hz, with the same channels.
    positions
        First frames of the blocks, as `energetic` gives them.
    """
    # The largest block is correlated in the round: its window is a sixteenth of it, and the Hann
    # window leaves nothing at the ends that could wrap into it.
    size = grid.block if grid.block == LARGEST_BLOCK else 1 << (2 * grid.block - 1).bit_length()
    hann = np.hanning(grid.block + 2)[1:-1].astype(np.float32)
    edge = max(1, int(_LOW_HZ * size / rate))
    total = np.zeros(2 * grid.window + 1)
    lags: list[float] = []
    kept: list[int] = []
    energy = above = 0.0
    for position in positions.tolist():
        ours = np.fft.rfft(region(position, grid.block).T * hann, size)
        theirs = np.fft.rfft(stem(position, grid.block).T * hann, size)
        power = np.square(theirs.real) + np.square(theirs.imag)
        energy += float(power.sum())
        above += float(power[:, edge:].sum())
        curve = _half_whitened(np.einsum("ij,ij->j", np.conj(ours), theirs), size, grid.window)
        if curve is None:
            continue
        total += curve
        lags.append(find_peak(curve).lag)
        kept.append(position)
    if lags:
        total /= len(lags)
    low = above < _LOW_SHARE * energy
    return Curve(total, np.array(kept, np.int64), np.array(lags, np.float64), low)


def _half_whitened(cross: NDArray[np.complexfloating], size: int, window: int) -> NDArray[np.float64] | None:
    magnitude = np.abs(cross)
    highest = float(magnitude.max())
    if highest <= 0.0 or not np.isfinite(highest):
        return None
    root = np.sqrt(np.maximum(magnitude, highest * 1e-20))
    weighted = cross / root
    whole = np.fft.irfft(weighted, size)
    around = np.concatenate((whole[-window:], whole[: window + 1])).astype(np.float64)
    # To equal energy: a broad hump (a bass) then weighs little beside a sharp peak.
    norm = float(np.linalg.norm(around))
    return around / norm if norm > 0.0 else None


def find_peak(values: NDArray[np.float64]) -> Peak:
    """Find the highest peak of a curve, and how far it stands above the next one.

    The fraction comes from a parabola through the peak and its neighbours.
    """
    size = np.abs(values)
    top = int(size.argmax())
    height = float(size[top])
    outside = np.concatenate((size[: max(0, top - APART)], size[top + APART + 1 :]))
    second = float(outside.max()) if len(outside) else height
    sign = -1 if values[top] < 0 else 1
    lag = float(top - len(values) // 2)
    if 0 < top < len(values) - 1:
        before, at, after = (sign * float(v) for v in values[top - 1 : top + 2])
        bend = before - 2 * at + after
        if bend < 0:
            lag += 0.5 * (before - after) / bend
    if second <= 0.0:
        return Peak(lag, sign, float("inf") if height > 0.0 else 0.0)
    return Peak(lag, sign, height / second)


def slope(positions: NDArray[np.int64], lags: NDArray[np.float64]) -> tuple[float, float]:
    """Fit a line through the blocks' lags.

    Returns
    -------
    slope
        Median of the slopes between all pairs of blocks (Theil 1950, Sen 1968), in frames per frame.
    spread
        Median absolute deviation of the lags from the line, in frames.
    """
    first, second = np.triu_indices(len(lags), 1)
    run = (positions[second] - positions[first]).astype(np.float64)
    rise = float(np.median((lags[second] - lags[first]) / run))
    rest = lags - rise * positions
    return rise, float(np.median(np.abs(rest - np.median(rest))))
