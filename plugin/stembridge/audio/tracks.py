"""Tracks: a file of an engine's answer, readable anywhere at the region's rate, channels and level."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.delays import LOSSY_EXCESS
from stembridge.audio.files import SourceInfo, inspect, read_blocks
from stembridge.audio.nulltest import ClipCounter
from stembridge.audio.render import RegionFile
from stembridge.audio.resample import resample_blocks, resampled_length
from stembridge.model.errors import Cancelled, InputError, StembridgeError, TransferError
from stembridge.model.results import EngineFile

BLOCK = 65_536
_IN_PLACE = {"WAV", "WAVEX", "RF64"}
"""Containers in which any place is read at once; everything else is decoded just once."""
AUDIO_EXCESS = 0.1
"""So many seconds may restored audio be longer or shorter than its region: a codec's padding, rounded up."""


class Clock:
    """Counts frames of work, reports them, and ends the work when the user wishes it."""

    def __init__(self, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._done = 0
        self._total = 0

    def expect(self, frames: int) -> None:
        """Announce more work."""
        self._total += frames

    def tick(self, frames: int) -> None:
        """Note work as done; raises `Cancelled` when the user asked for it."""
        if self._cancelled():
            raise Cancelled
        self._done = min(self._done + frames, self._total)
        self._progress(self._done, self._total)


@dataclass(frozen=True, slots=True)
class Track:
    """A stem at the region's rate, channel count and level.

    Attributes
    ----------
    file, info
        What the engine says about it, and what its file holds.
    raw
        Interleaved little-endian float32 at the region's rate with the file's own channels, where
        the file itself can't be read in place; None where it can.
    frames
        Length at the region's rate, before anything is cut.
    skipped
        Frames at the file's own rate that were already left out at its start (negative: zeros put
        in front), before resampling.
    channels
        The region's channel count.
    gain
        Power of two that brings the samples to the region's level.
    note
        A sentence where the channels had to be matched, else "".
    """

    file: EngineFile
    info: SourceInfo
    raw: Path | None
    frames: int
    skipped: int
    channels: int
    gain: float
    note: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames that `whole` gives, and the file's own rate and channels."""
        return self.frames, self.info.rate, self.info.channels

    def read(self, first: int, frames: int) -> NDArray[np.float32]:
        """Give ``frames`` frames from ``first`` on, zeros outside; shape (frames, channels)."""
        out = np.zeros((frames, self.channels), np.float32)
        start, end = max(first, 0), min(first + frames, self.frames)
        if start < end:
            place = start - first
            for block in self._native(start, end - start):
                out[place : place + len(block)] = self._matched(block)
                place += len(block)
        return out

    def whole(self) -> Iterator[NDArray[np.float32]]:
        """Give ``frames`` frames of the file with its own rate and channels, at the region's level.

        Where the file is shorter, zeros follow.
        """
        for block in _arriving(self, 0, min(self.info.frames, self.frames)):
            yield block if self.gain == 1.0 else block * np.float32(self.gain)
        for first in range(self.info.frames, self.frames, BLOCK):
            yield np.zeros((min(BLOCK, self.frames - first), self.info.channels), np.float32)

    def matched(self) -> Iterator[NDArray[np.float32]]:
        """Give the file with its own rate and length, at the region's channels and level."""
        for block in _arriving(self, 0, self.info.frames):
            out = np.empty((len(block), self.channels), np.float32)
            out[:] = self._matched(block)
            yield out

    def _native(self, first: int, frames: int) -> Iterator[NDArray[np.float32]]:
        if self.raw is None:
            yield from _arriving(self, first, frames)
            return
        width = self.info.channels
        flat = np.fromfile(self.raw, np.float32, count=frames * width, offset=4 * first * width)
        yield flat.reshape(-1, width)

    def _matched(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        if block.shape[1] != self.channels and self.channels == 1:
            block = block.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
        return block if self.gain == 1.0 else block * np.float32(self.gain)


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a track tells.

    Attributes
    ----------
    energies
        Shape (hops,): mean square of every whole hop at the region's rate, full scale = 1.
    clipped
        Runs of full-scale samples in the file as it arrived.
    """

    energies: NDArray[np.float64]
    clipped: int


def open_audio(folder: Path, file: EngineFile, gain_exponent: int, region: RegionFile | None) -> Track:
    """Look at a file that is placed at its own rate, with its own channels.

    Parameters
    ----------
    region
        What it must last as long as: its end is cut, or silence put behind it, to the frame. None where
        it owes its length to nothing.

    Raises
    ------
    TransferError
        ``alignment`` when it lasts more than `AUDIO_EXCESS` longer or shorter.
    """
    info = _look(folder, file)
    frames, note = info.frames, ""
    if region is not None:
        frames = resampled_length(region.frames, region.rate, info.rate)
        off = info.frames - frames
        if abs(off) > math.ceil(AUDIO_EXCESS * info.rate):
            raise TransferError(
                f"'{file.stem}' lasts {info.frames / info.rate:.3f} s; the region lasts "
                f"{region.frames / region.rate:.3f} s.",
                code="alignment",
                hint="It is no version of this region as it stands: try again, or choose another model.",
                context={"stem": file.stem, "frames": info.frames, "expected": frames},
            )
        if off:
            done = f"the last {off} were cut" if off > 0 else f"{-off} frames of silence were put behind it"
            note = f"'{file.stem}' came back with {info.frames} frames at {info.rate} Hz; {done}."
    gain = math.ldexp(1.0, -gain_exponent)
    return Track(file, info, None, frames, 0, info.channels, gain, note)


def open_stem(folder: Path, file: EngineFile, region: RegionFile, gain_exponent: int) -> Track:
    """Look at a stem's file: its channels must fit, and its length must be that of the region.

    Raises
    ------
    TransferError
        ``alignment`` for another length or for channels that can't be matched.
    """
    try:
        info = inspect(folder / file.name)
    except InputError as error:
        raise _damaged(file, error) from error
    _check_length(file, info, region)
    note = ""
    if info.channels != region.channels:
        if region.channels == 1 and info.channels == 2:
            note = f"'{file.stem}' came back in stereo; its channels were averaged to the region's one."
        elif info.channels == 1:
            note = f"'{file.stem}' came back in mono; it stands in all {region.channels} channels alike."
        else:
            raise TransferError(
                f"The stem '{file.stem}' came back with {info.channels} channels; "
                f"the region has {region.channels}.",
                code="alignment",
                hint="Separate the region as stereo, or choose another model.",
            )
    frames = resampled_length(info.frames, info.rate, region.rate)
    return Track(file, info, None, frames, 0, region.channels, math.ldexp(1.0, -gain_exponent), note)


def _look(folder: Path, file: EngineFile) -> SourceInfo:
    try:
        return inspect(folder / file.name)
    except InputError as error:
        raise _damaged(file, error) from error


def _check_length(file: EngineFile, info: SourceInfo, region: RegionFile) -> None:
    expected = region.frames * info.rate / region.rate
    rounding = 0.0 if info.rate == region.rate else 1.0
    if file.lossy or info.lossy:
        low, high = -rounding, LOSSY_EXCESS + rounding
    else:
        high = math.ceil(info.rate / 44_100) + rounding
        low = -high
    if not low <= info.frames - expected <= high:
        raise TransferError(
            f"The engine's answer '{file.stem}' is {info.frames} frames long, "
            f"{round(expected)} were expected (at {info.rate} Hz).",
            code="alignment",
            hint="It is not a separation of this region as it stands: try again, or choose another model.",
            context={"stem": file.stem, "frames": info.frames, "expected": round(expected)},
        )


def survey(track: Track, region: RegionFile, hop: int, work: Path, clock: Clock) -> tuple[Track, Survey]:
    """Go once through a track, and lay it down at the region's rate where it can't be read in place.

    Parameters
    ----------
    hop
        Length of a hop in frames, as the aligner's grid has it.
    work
        Folder for a temporary file; its name is made from the engine's.
    clock
        Told the frames read, at the file's own rate.

    Returns
    -------
    Track, Survey
        The track to read from now on, and what was seen.
    """
    clips = ClipCounter(track.info.channels)
    energy = HopEnergy(hop)

    def arriving() -> Iterator[NDArray[np.float32]]:
        for block in _arriving(track, 0, track.info.frames):
            clips.add(block)
            clock.tick(len(block))
            yield block

    if track.info.rate == region.rate and track.info.container in _IN_PLACE:
        for block in arriving():
            energy.add(block)
        settled = track
    else:
        settled = _lay_down(track, region.rate, arriving(), work, energy)
    energies = energy.finish() * track.gain**2
    if not np.isfinite(energies).all():
        raise TransferError(
            f"The engine's answer '{track.file.stem}' holds samples that are not numbers.",
            hint="Separate again with --again; if it stays, choose another model.",
            context={"stem": track.file.stem},
        )
    return settled, Survey(energies, clips.runs)


def _arriving(track: Track, first: int, frames: int) -> Iterator[NDArray[np.float32]]:
    try:
        yield from read_blocks(track.info, first, frames, block_frames=BLOCK)
    except InputError as error:
        raise _damaged(track.file, error) from error


def _damaged(file: EngineFile, error: InputError) -> StembridgeError:
    if error.code == "decoder_missing":
        return error
    return TransferError(
        f"The engine's answer '{file.stem}' can't be read: it is damaged or incomplete.",
        hint="Fetch it again with `stembridge jobs resume`, or separate again with --again.",
        context={"stem": file.stem, "reason": error.message},
    )


def skip(track: Track, frames: int, region: RegionFile, work: Path, clock: Clock) -> Track:
    """Lay a track down again without its first ``frames`` frames at its own rate (negative: later)."""

    def shifted() -> Iterator[NDArray[np.float32]]:
        if frames < 0:
            yield np.zeros((-frames, track.info.channels), np.float32)
        start = max(frames, 0)
        for block in _arriving(track, start, track.info.frames - start):
            clock.tick(len(block))
            yield block

    moved = replace(
        track,
        skipped=frames,
        frames=resampled_length(track.info.frames - frames, track.info.rate, region.rate),
    )
    return _lay_down(moved, region.rate, shifted(), work, None)


def _lay_down(
    track: Track, rate: int, blocks: Iterator[NDArray[np.float32]], work: Path, energy: HopEnergy | None
) -> Track:
    path = work / f"{track.file.name}.raw"
    with path.open("wb") as file:
        for block in resample_blocks(
            blocks,
            from_rate=track.info.rate,
            to_rate=rate,
            channels=track.info.channels,
            frames_out=track.frames,
        ):
            if energy is not None:
                energy.add(block)
            file.write(np.ascontiguousarray(block, "<f4").data)
    return replace(track, raw=path)


class HopEnergy:
    """Mean square of every hop of a stream of blocks, full scale = 1, averaged over the channels."""

    def __init__(self, hop: int) -> None:
        self._hop = hop
        self._room = hop
        self._sum = 0.0
        self._done: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Take in a block of shape (frames, channels)."""
        while len(block):
            piece, block = block[: self._room], block[self._room :]
            flat = piece.reshape(-1)
            self._sum += float(np.einsum("i,i->", flat, flat)) / piece.shape[1]
            self._room -= len(piece)
            if self._room == 0:
                self._done.append(self._sum / self._hop)
                self._room, self._sum = self._hop, 0.0

    def finish(self) -> NDArray[np.float64]:
        """Give the shape (hops,), the rest of a hop as the last."""
        # The rest of a hop counts as a hop of its own: a block may reach into it.
        if self._room < self._hop:
            self._done.append(self._sum / (self._hop - self._room))
        return np.array(self._done, np.float64)
