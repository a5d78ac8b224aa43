"""The null test: what is left of a region when its stems are taken out, and the levels of every file."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.render import RegionFile
from stembridge.model.errors import TransferError

FULL_SCALE = 1.0 - 2.0**-15
"""Largest value of a 16-bit sample: where any integer format of 16 bits or more stops."""
RUN = 3
"""So many samples in a row at full scale are taken for a cut-off peak."""
_BLOCK = 65_536


def decibels(value: float) -> float | None:
    """Give an amplitude in dB relative to full scale; None for 0."""
    return 20.0 * math.log10(value) if value > 0.0 else None


class Meter:
    """Peak and RMS of a stream of blocks, over all channels."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._count = 0
        self.frames = 0
        self.peak = 0.0
        """Largest absolute sample, linear; means nothing once `finite` is False."""

    def add(self, block: NDArray[np.floating]) -> None:
        """Take in a block of shape (frames, channels)."""
        if block.size == 0:
            return
        top = max(float(block.max()), -float(block.min()))
        # A NaN makes every comparison False: it must win, not lose.
        if not top <= self.peak:
            self.peak = top
        flat = block.reshape(-1)
        # Not np.dot: it would wake the threads of BLAS for every block, and wait for them on a busy machine.
        self._energy += float(np.einsum("i,i->", flat, flat))
        self._count += block.size
        self.frames += len(block)

    @property
    def rms(self) -> float:
        """Root mean square, linear."""
        return math.sqrt(self._energy / self._count) if self._count else 0.0

    @property
    def finite(self) -> bool:
        """True while no sample was infinite or NaN."""
        return math.isfinite(self.peak) and math.isfinite(self._energy)


class ClipCounter:
    """Runs of at least `RUN` samples of one channel at full scale: peaks that something cut off.

    A sample above 1.0 is none: a float file that goes over full scale has lost nothing. Whoever
    clips leaves its samples between a 16-bit file's largest value and 1.0.
    """

    def __init__(self, channels: int) -> None:
        self.runs = 0
        self._open = np.zeros(channels, np.int64)

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in a block of shape (frames, channels); runs may go on from the one before."""
        if block.size == 0:
            return
        if not max(float(block.max()), -float(block.min())) >= FULL_SCALE:
            self._open[:] = 0
            return
        size = np.abs(block)
        held = (size >= FULL_SCALE) & (size <= 1.0)
        for channel in range(block.shape[1]):
            self._add_channel(channel, held[:, channel])

    def _add_channel(self, channel: int, held: NDArray[np.bool_]) -> None:
        edges = np.flatnonzero(np.diff(held.astype(np.int8), prepend=0, append=0))
        starts, ends = edges[::2], edges[1::2]
        lengths = ends - starts
        carried = int(self._open[channel])
        if len(starts) and starts[0] == 0:
            lengths[0] += carried
            counted = carried >= RUN
        else:
            counted = False
        # A run that was long enough in the block before has been counted there.
        self.runs += int(np.count_nonzero(lengths >= RUN)) - int(counted)
        self._open[channel] = lengths[-1] if len(ends) and ends[-1] == len(held) else 0


@dataclass(frozen=True, slots=True)
class Level:
    """What a file was found to hold: ``frames``, and the linear ``peak`` and ``rms`` of its samples."""

    frames: int
    rate: int
    channels: int
    peak: float
    rms: float


@dataclass(frozen=True, slots=True)
class NullResult:
    """The outcome of a null test, linear: RMS and peak of the region minus the sum."""

    rms: float
    peak: float


def measure_file(path: Path, tick: Callable[[int], None]) -> Level:
    """Read a file from end to end and give its levels.

    Raises
    ------
    TransferError
        When it holds samples that are no finite numbers.
    """
    info = inspect(path)
    meter = Meter()
    for block in read_blocks(info, 0, info.frames, block_frames=_BLOCK):
        meter.add(block)
        tick(len(block))
    _check_finite(meter, path)
    return Level(meter.frames, info.rate, info.channels, meter.peak, meter.rms)


def null_test(
    region: RegionFile,
    summed: Sequence[Path],
    *,
    gain: float = 1.0,
    tick: Callable[[int], None] = lambda _: None,
) -> tuple[NullResult, list[Level]]:
    """Take the sum of stems out of their region and measure what is left.

    Parameters
    ----------
    summed
        The stems' files, at the region's rate and channels. What a lossy file has behind the
        region's end doesn't count for the residual; a file that ends early counts as silent there.
    gain
        Linear gain that the files were given; it is undone.
    tick
        Called with the number of frames read from each file.

    Returns
    -------
    NullResult
        The residual, measured in float64.
    list of Level
        The level of every file, as it is on disk (with its gain), in the order given.

    Raises
    ------
    TransferError
        When a file has another rate or channel count, or samples that are no finite numbers.
    """
    infos = [inspect(path) for path in summed]
    for info in infos:
        if (info.rate, info.channels) != (region.rate, region.channels):
            raise TransferError(
                f"The file '{info.path.name}' has {info.channels} channels at {info.rate} Hz; "
                f"the region has {region.channels} at {region.rate} Hz.",
                hint="Separate again with --again.",
            )
    readers = [Feed(read_blocks(info, 0, info.frames, block_frames=_BLOCK)) for info in infos]
    meters = [Meter() for _ in infos]
    left = Meter()
    source = inspect(region.path)
    for block in read_blocks(source, 0, region.frames, block_frames=_BLOCK):
        total = np.zeros(block.shape, np.float64)
        for reader, meter in zip(readers, meters, strict=True):
            piece = reader.take(len(block))
            meter.add(piece)
            tick(len(piece))
            total[: len(piece)] += piece
        if gain != 1.0:
            total /= gain
        np.subtract(block, total, out=total)
        left.add(total)
    for reader, meter, info in zip(readers, meters, infos, strict=True):
        for piece in reader.rest():
            meter.add(piece)
            tick(len(piece))
        _check_finite(meter, info.path)
    return NullResult(left.rms, left.peak), [_level(m, i) for m, i in zip(meters, infos, strict=True)]


class Feed:
    """Blocks as they come, in pieces as they are wanted."""

    def __init__(self, blocks: Iterator[NDArray[np.float32]]) -> None:
        self._blocks = blocks
        self._held = np.zeros((0, 0), np.float32)

    def take(self, frames: int) -> NDArray[np.float32]:
        """Give the next ``frames`` frames, fewer at the end."""
        pieces: list[NDArray[np.float32]] = []
        missing = frames
        while missing:
            if not len(self._held):
                self._held = next(self._blocks, self._held)
                if not len(self._held):
                    break
            pieces.append(self._held[:missing])
            self._held = self._held[missing:]
            missing -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else np.concatenate([self._held[:0], *pieces])

    def rest(self) -> Iterator[NDArray[np.float32]]:
        """Give everything that wasn't taken."""
        if len(self._held):
            yield self._held
        yield from self._blocks

    def close(self) -> None:
        """End the source of the blocks."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()


def _level(meter: Meter, info: SourceInfo) -> Level:
    return Level(meter.frames, info.rate, info.channels, meter.peak, meter.rms)


def _check_finite(meter: Meter, path: Path) -> None:
    if not meter.finite:
        raise TransferError(
            f"The file '{path.name}' holds samples that are not numbers.",
            hint="Separate again with --again; if it stays, choose another model.",
        )
