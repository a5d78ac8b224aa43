"""Blending: one stem made of several takes of it.

*Average* is a weighted mean, sample by sample: where models err independently, their errors shrink. Weighted
averages of waveforms are the ensembles that R. Solovyev, A. Stempkovskiy and T. Habruseva measure in
"Benchmarks and leaderboards for sound demixing tasks" (arXiv:2305.07489, 2023).

*Min* and *max* choose for every bin of a short-time Fourier transform, and every channel by itself, the take
of the least or of the greatest magnitude, and keep that take's own phase. This is the spectral ensemble of
Ultimate Vocal Remover ("Min Spec", "Max Spec"; Anjok07 and aufr33). Min keeps only what all takes hold, and
so lets the least of other instruments through; max keeps what any take found.

The transform goes back by weighted overlap-add (D. W. Griffin and J. S. Lim, "Signal estimation from modified
short-time Fourier transform", IEEE Trans. ASSP 32, 1984): a bin that nobody changed comes back exactly, so
takes that are alike come out as they went in.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import inspect, read_blocks
from stembridge.audio.mixdown import Slice
from stembridge.audio.nulltest import Feed
from stembridge.audio.render import RegionFile
from stembridge.audio.takes import BLOCK, Block, Shape, Take, side_by_side

_WINDOW_SECONDS = 0.093
_OVERLAP = 4
"""Windows that cover each sample: the squares of Hann windows then add up to a constant, 3/2."""
_BATCH = 32


class Method(StrEnum):
    """How takes become one stem."""

    AVERAGE = "average"
    MIN = "min"
    MAX = "max"


Blocks = Iterator[tuple[Block, ...]]
Bins = NDArray[np.complex128]


def average(blocks: Blocks, weights: Sequence[float]) -> Iterator[Block]:
    """Give the weighted mean of takes; formed in float64, rounded once.

    Parameters
    ----------
    blocks
        The same frames of every take.
    weights
        One a take, none below 0, not all of them 0.
    """
    total = math.fsum(weights)
    for takes in blocks:
        mean = np.zeros(takes[0].shape)
        for take, weight in zip(takes, weights, strict=True):
            mean += take * (weight / total)
        yield mean.astype(np.float32)


def choose_bins(blocks: Blocks, shape: Shape, *, greatest: bool) -> Iterator[Block]:
    """Give the stem whose every bin is that of the take with the greatest, or the least, magnitude.

    Where two takes are equal, the first wins. Blocks come in other lengths than they went in; all
    together they are ``shape.frames`` long.
    """
    size = 1 << max(6, round(math.log2(shape.rate * _WINDOW_SECONDS)))
    early, left = size - size // _OVERLAP, shape.frames
    for block in _resynthesis(_padded(blocks, size, shape.channels), size, shape.channels, greatest=greatest):
        piece = block[early : early + left] if early < len(block) else block[:0]
        early = max(0, early - len(block))
        left -= len(piece)
        if len(piece):
            yield piece.astype(np.float32)


def _padded(blocks: Blocks, size: int, channels: int) -> Blocks:
    """Put zeros before and behind, so that every sample lies in all of its windows."""
    count = 0
    for takes in blocks:
        if not count:
            count = len(takes)
            yield (np.zeros((size - size // _OVERLAP, channels), np.float32),) * count
        yield takes
    yield (np.zeros((size, channels), np.float32),) * count


def _resynthesis(
    blocks: Blocks, size: int, channels: int, *, greatest: bool
) -> Iterator[NDArray[np.float64]]:
    from scipy import fft

    def better(one: Bins, other: Bins) -> Bins:
        first, second = np.abs(one), np.abs(other)
        return np.where(second > first if greatest else second < first, other, one)

    hop = size // _OVERLAP
    window = np.hanning(size + 1)[:-1][:, None]
    kept: tuple[Block, ...] = ()
    tail = np.zeros((size - hop, channels))
    for takes in blocks:
        kept = tuple(np.concatenate(pair) for pair in zip(kept, takes, strict=True)) if kept else takes
        ready = max(0, (len(kept[0]) - size) // hop + 1)
        for first in range(0, ready, _BATCH):
            count = min(_BATCH, ready - first)
            found = (fft.rfft(_windows(take, first, count, size, hop) * window, axis=1) for take in kept)
            chosen = functools.reduce(better, found)
            pieces = fft.irfft(chosen, n=size, axis=1) * window
            out = np.zeros((size + (count - 1) * hop, channels))
            out[: len(tail)] = tail
            for index, piece in enumerate(pieces):
                out[index * hop : index * hop + size] += piece
            yield out[: count * hop] * (8.0 / (3.0 * _OVERLAP))
            tail = out[count * hop :]
        kept = tuple(take[ready * hop :] for take in kept)


def _windows(take: Block, first: int, count: int, size: int, hop: int) -> NDArray[np.float64]:
    starts = range(first * hop, (first + count) * hop, hop)
    return np.stack([take[at : at + size] for at in starts]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Blend:
    """A stem made of takes, and what it leaves of the region.

    The rest is the region minus the blended stem as it is written in float32: the two add up to the region
    but for the rounding of one float32 sum.

    Attributes
    ----------
    region
        The region that all takes are of.
    takes
        At least two.
    method
        How they become one.
    weights
        For `Method.AVERAGE`: one a take.
    """

    region: RegionFile
    takes: Sequence[Take]
    method: Method
    weights: Sequence[float]

    def slices(self) -> Iterator[Slice]:
        """Give the whole region, from its first frame to its last, in slices of 65,536 frames at most."""
        shape = Shape(self.region.frames, self.region.rate, self.region.channels)
        read = side_by_side(self.takes, shape)
        if self.method is Method.AVERAGE:
            stem = average(read, self.weights)
        else:
            stem = choose_bins(read, shape, greatest=self.method is Method.MAX)
        feed = Feed(stem)
        none = np.zeros((0, shape.channels), np.float32)
        try:
            for block in read_blocks(inspect(self.region.path), 0, shape.frames, block_frames=BLOCK):
                blended = feed.take(len(block))
                rest = (block.astype(np.float64) - blended).astype(np.float32)
                yield Slice(len(block), (blended,), rest, none)
        finally:
            feed.close()
