"""Delivery: a mixdown becomes files under their final names, and the files are read back."""

from __future__ import annotations

import contextlib
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stembridge.audio.delays import LOSSY_EXCESS
from stembridge.audio.mixdown import Slice
from stembridge.audio.nulltest import Level, Meter, NullResult, measure_file, null_test
from stembridge.audio.render import RegionFile
from stembridge.audio.storage import storage_errors
from stembridge.audio.tracks import Clock, Track
from stembridge.audio.writers import StemWriter
from stembridge.model.errors import StoreError
from stembridge.model.formats import Format
from stembridge.model.results import StemFacts

_HANDS = 2
"""Stems that are written at a time: encoders leave Python's lock alone, and a third core seldom helps."""


class Mix(Protocol):
    """Where stems come from: a mixdown, or whatever else makes slices of a region."""

    @property
    def region(self) -> RegionFile:
        """What the slices are of."""
        ...

    def slices(self) -> Iterator[Slice]:
        """Give the whole region in order; may be called more than once, and gives the same each time."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A stem to be written: its facts so far, and where its samples come from."""

    facts: StemFacts
    take: Callable[[Slice], NDArray[np.float32]]

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.facts.file


@dataclass(frozen=True, slots=True)
class Placed:
    """Audio that is delivered at its own rate, beside the stems; as many frames as its track says."""

    facts: StemFacts
    track: Track

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.facts.file


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that is written in one go.

    Attributes
    ----------
    mix
        Where the stems come from; None without stems.
    targets, placed
        What is written.
    folder, fmt
        Where to, and as what.
    clock
        Told every frame.
    """

    mix: Mix | None
    targets: Sequence[Target]
    placed: Sequence[Placed]
    folder: Path
    fmt: Format
    clock: Clock

    def gain(self) -> float:
        """Find the gain that keeps everything below full scale.

        Returns
        -------
        float
            1.0 for float formats, and where nothing goes above 1.0; else a linear gain that leaves two
            steps of the format (of 16 bits for a lossy one) for rounding and dither.
        """
        if self.fmt.is_float:
            return 1.0
        self._expect_pass()
        meters = [Meter() for _ in self.targets]
        for piece in self._slices():
            for target, meter in zip(self.targets, meters, strict=True):
                meter.add(target.take(piece))
            self.clock.tick(piece.frames)
        for audio in self.placed:
            meters.append(Meter())
            for block in audio.track.whole():
                meters[-1].add(block)
                self.clock.tick(len(block))
        peak = max((meter.peak for meter in meters), default=0.0)
        return 1.0 if peak <= 1.0 else (1.0 - 2.0 ** (2 - (self.fmt.bits or 16))) / peak

    def write(self, gain: float) -> NullResult:
        """Write everything; every file takes its name when it is whole.

        Returns
        -------
        NullResult
            The levels of the residual before it was converted; 0 where the mixdown has none.
        """
        self._expect_pass()
        residual = Meter()
        with contextlib.ExitStack() as stack:
            writers = [
                stack.enter_context(self._writer(target.facts, self._shape)) for target in self.targets
            ]
            hands = stack.enter_context(ThreadPoolExecutor(_HANDS, "stembridge-write"))
            for piece in self._slices():

                def put(target: Target, writer: StemWriter, piece: Slice = piece) -> None:
                    writer.write(_scaled(target.take(piece), gain))

                list(hands.map(put, self.targets, writers))
                residual.add(piece.residual)
                self.clock.tick(piece.frames)
            list(hands.map(StemWriter.commit, writers))
        for audio in self.placed:
            with self._writer(audio.facts, audio.track.shape) as writer:
                for block in audio.track.whole():
                    writer.write(_scaled(block, gain))
                    self.clock.tick(len(block))
                writer.commit()
        return NullResult(residual.rms, residual.peak)

    def read_back(self, summed: Sequence[Target], gain: float) -> tuple[NullResult | None, dict[str, Level]]:
        """Read every file from the disk.

        Parameters
        ----------
        summed
            Those whose sum is held against the region.
        gain
            What they were written with.

        Returns
        -------
        NullResult or None
            What is left of the region; None when ``summed`` is empty.
        dict
            The level of every file, by its name.

        Raises
        ------
        StoreError
            When a file isn't what was written; it is removed then.
        """
        self.clock.expect(self._frames * len(self.targets))
        self.clock.expect(sum(audio.track.frames for audio in self.placed))
        null, levels = None, dict[str, Level]()
        if summed and self.mix is not None:
            paths = [self.folder / target.name for target in summed]
            null, found = null_test(self.mix.region, paths, gain=gain, tick=self.clock.tick)
            levels.update({target.name: level for target, level in zip(summed, found, strict=True)})
        shapes = {target.name: self._shape for target in self.targets}
        shapes.update({audio.name: audio.track.shape for audio in self.placed})
        for name, written in shapes.items():
            if name not in levels:
                levels[name] = measure_file(self.folder / name, self.clock.tick)
            self._check(self.folder / name, levels[name], written)
        return null, levels

    @property
    def _frames(self) -> int:
        return self.mix.region.frames if self.mix is not None else 0

    @property
    def _shape(self) -> tuple[int, int, int]:
        region = self.mix.region if self.mix is not None else None
        return (region.frames, region.rate, region.channels) if region is not None else (0, 0, 0)

    def _slices(self) -> Iterator[Slice]:
        return iter(()) if self.mix is None else self.mix.slices()

    def _expect_pass(self) -> None:
        self.clock.expect(self._frames + sum(audio.track.frames for audio in self.placed))

    def _writer(self, facts: StemFacts, shape: tuple[int, int, int]) -> StemWriter:
        frames, rate, channels = shape
        path, seed = self.folder / facts.file, zlib.crc32(facts.stem.encode())
        return StemWriter(path, self.fmt, rate=rate, channels=channels, frames=frames, seed=seed)

    def _check(self, path: Path, level: Level, shape: tuple[int, int, int]) -> None:
        frames, rate, channels = shape
        longer = 0 if self.fmt.lossless else LOSSY_EXCESS
        if frames <= level.frames <= frames + longer and (level.rate, level.channels) == (rate, channels):
            return
        with storage_errors(path):
            path.unlink(missing_ok=True)
        raise StoreError(
            f"The file '{path.name}' didn't come back from the disk as it was written.",
            hint="Check the disk, then try again.",
            context={"path": str(path), "frames": level.frames, "written": frames},
        )


def _scaled(block: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    return block if gain == 1.0 else block * np.float32(gain)


def copy_text(source: Path, target: Path) -> None:
    """Copy a file as it is; it takes its name when it is whole."""
    part = target.with_name(target.name + ".part")
    with storage_errors(target):
        try:
            shutil.copyfile(source, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
